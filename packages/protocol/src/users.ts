import { Type, type Static } from 'typebox';
import { Id, Nullable, OneOf, Timestamp, UserId } from './common.ts';
import { limits } from './limits.ts';

export const userStatuses = ['online', 'offline', 'away', 'busy'] as const;
export type UserStatusType = (typeof userStatuses)[number];

export const UserStatus = Type.Object(
  {
    user_id: UserId,
    status: OneOf(userStatuses),
    is_typing: Type.Boolean(),
    typing_in_conversation: Nullable(Id),
    last_seen_at: Nullable(Timestamp),
  },
  { $id: 'UserStatus' },
);
export type UserStatus = Static<typeof UserStatus>;
export const UserStatusList = Type.Object({ statuses: Type.Array(UserStatus) });

export const UpdateStatusBody = Type.Object({
  status: Type.Optional(OneOf(userStatuses)),
  is_typing: Type.Optional(Type.Boolean()),
  typing_in_conversation: Type.Optional(Nullable(Id)),
});
export type UpdateStatusBody = Static<typeof UpdateStatusBody>;

export const StatusQuery = Type.Object(
  { user_ids: Type.Array(UserId, { minItems: 1, maxItems: limits.statusIds }) },
  { additionalProperties: false },
);
