import { Type, type Static } from 'typebox';
import { Id, Nullable, Timestamp } from './common.ts';

/** What `metadata.attachment` of a message posted by an upload holds. */
export const Attachment = Type.Object(
  {
    id: Id,
    file_name: Type.String(),
    content_type: Type.String(),
    size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
    sha256: Type.String({ description: 'Hexadecimal.' }),
    url: Type.String({ description: 'For participants, with their token.' }),
    width: Type.Optional(Nullable(Type.Integer())),
    height: Type.Optional(Nullable(Type.Integer())),
    thumbnail_url: Type.Optional(Nullable(Type.String())),
  },
  { $id: 'Attachment' },
);
export type Attachment = Static<typeof Attachment>;

export const SignedUrl = Type.Object({
  url: Type.String({
    description: 'Works without a token until it expires, while its maker is a participant.',
  }),
  thumbnail_url: Nullable(Type.String()),
  expires_at: Timestamp,
});
export type SignedUrl = Static<typeof SignedUrl>;
