import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ClientId, Content, Message, SignedUrl, limits } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';
import { Type, type Static, type TSchema } from 'typebox';
import type { Actor } from '../messaging/actor.ts';
import type { Files, OpenFile, Variant } from '../messaging/files.ts';
import { Refusal } from '../messaging/refusal.ts';
import type { UploadForm } from '../messaging/upload.ts';
import { parser } from '../messaging/validation.ts';
import { answerEarly } from './linger.ts';
import { MultipartForm } from './multipart.ts';
import { creationHeaders, withClientId } from './pages.ts';
import { IdempotencyHeader, Params, answers } from './schema.ts';
import { serveFile } from './serve-file.ts';

export interface FileRoutesDeps {
  readonly files: Files;
  /** Bytes. */
  readonly maxFileSize: number;
}

const tags = ['Files'];
const ofFile = ['file_not_found', 'not_participant'] as const;

const uploadRefusals = [
  'malformed_body',
  'file_missing',
  'file_type_not_allowed',
  'file_too_large',
  'payload_too_large',
  'unsupported_media_type',
  'conversation_not_found',
  'not_participant',
  'muted',
  'idempotency_conflict',
] as const;

const Fields = Type.Object({ content: Type.Optional(Content), client_id: Type.Optional(ClientId) });
const parseFields = parser(Fields);

/** For the documentation: the form is read and checked as it streams in. */
const UploadBody = Type.Object({
  file: Type.Unsafe<never>({ type: 'string', format: 'binary', description: 'One file.' }),
  ...Fields.properties,
});

const acceptAll = () => () => true;

/** A signed address has all three, any other none. */
const LinkParameters = Type.Object(
  {
    user: Type.Optional(Type.String({ maxLength: limits.userIdLength * 2 })),
    expires: Type.Optional(Type.String({ maxLength: 20, description: 'Unix time in seconds.' })),
    signature: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);

/** Bytes of some kind. Shaped for the documentation, as nothing serializes a stream. */
const Bytes = (description: string, headers: Record<string, TSchema>) =>
  Type.Unsafe<never>({
    description,
    headers,
    content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
  });

const ETag = Type.String({ description: "The file's tag, for `If-None-Match` and `If-Range`." });
const AcceptRanges = Type.String({ description: '`bytes`, or `none` where no range can be had.' });
const ContentRange = Type.String({ description: '`bytes <start>-<end>/<size>`.' });
const ContentDisposition = Type.String({
  description: 'The name of the file, and whether a browser may show it.',
});

/** Read by `serveFile`; what does not fit is as if it were not there. */
const DownloadHeaders = Type.Object({
  range: Type.Optional(Type.String({ description: 'One range of bytes.' })),
  'if-range': Type.Optional(Type.String({ description: 'The range only if the file still has this tag.' })),
  'if-none-match': Type.Optional(Type.String({ description: 'The tags of what you have.' })),
});

const fileAnswers = answers(
  {
    200: Bytes('The file.', {
      ETag,
      'Accept-Ranges': AcceptRanges,
      'Content-Disposition': ContentDisposition,
    }),
    206: Bytes('The range that was asked for.', {
      ETag,
      'Accept-Ranges': AcceptRanges,
      'Content-Disposition': ContentDisposition,
      'Content-Range': ContentRange,
    }),
    304: Type.Null({ description: 'You have it already.', headers: { ETag } }),
  },
  [...ofFile, 'url_signature_invalid', 'range_not_satisfiable'],
);

type App = Parameters<FastifyPluginAsyncTypebox>[0];

export const fileRoutes =
  (deps: FileRoutesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(async (forms: App) => {
      forms.removeAllContentTypeParsers();
      // The body stays unread until it is clear that its sender may upload here.
      forms.addContentTypeParser('multipart/form-data', (_request, _body, done) => done(null, {}));
      addUpload(forms, deps);
    });
    addDownload(app, deps, { path: '/files/:file_id', variant: 'original', summary: 'A file' });
    addDownload(app, deps, {
      path: '/files/:file_id/thumbnail',
      variant: 'thumbnail',
      summary: 'A small copy of an image, as WebP',
    });
    addLink(app, deps);
  };

function addUpload(app: App, { files, maxFileSize }: FileRoutesDeps): void {
  app.post(
    '/conversations/:conversation_id/upload',
    {
      config: { limit: 'file_upload' },
      onSend: answerEarly,
      validatorCompiler: (part) =>
        part.httpPart === 'body' ? acceptAll() : (app.validatorCompiler ?? acceptAll)(part),
      schema: {
        tags,
        summary: 'Send a file',
        description: 'Posts a message of type `image` or `file` whose `metadata.attachment` describes it.',
        consumes: ['multipart/form-data'],
        params: Params('conversation_id'),
        headers: IdempotencyHeader,
        body: UploadBody,
        response: answers({ 201: Message }, uploadRefusals),
      },
    },
    async (request, reply) => {
      const form = uploadForm(request, maxFileSize);
      const sent = await files
        .upload(request.actor, request.params.conversation_id, form)
        .finally(() => form.close());
      request.created = { message_id: sent.message.id };
      return reply.status(201).headers(creationHeaders(sent.replayed)).send(sent.message);
    },
  );
}

function addDownload(
  app: App,
  { files }: FileRoutesDeps,
  { path, variant, summary }: { path: `/${string}:file_id${string}`; variant: Variant; summary: string },
): void {
  app.get(
    path,
    {
      config: { auth: 'optional' },
      schema: {
        tags,
        summary,
        description: 'For participants with their token, or by a signed address.',
        // Either is enough.
        security: [{ bearer: [] }, {}],
        headers: DownloadHeaders,
        params: Params('file_id'),
        querystring: LinkParameters,
        response: fileAnswers,
      },
    },
    async (request, reply) =>
      serveFile(
        request,
        reply,
        await openFor(files, request.actor, request.params.file_id, variant, request.query),
      ),
  );
}

function addLink(app: App, { files }: FileRoutesDeps): void {
  app.get(
    '/files/:file_id/url',
    {
      schema: {
        tags,
        summary: 'An address that works without a token for five minutes',
        params: Params('file_id'),
        response: answers({ 200: SignedUrl }, ofFile),
      },
    },
    ({ actor, params: { file_id } }) => files.sign(actor, file_id),
  );
}

/** A form as the use case reads it: its fields are checked as soon as they come. */
function uploadForm(request: FastifyRequest, maxFileSize: number): UploadForm & { close(): void } {
  if (!/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal('unsupported_media_type');
  }
  let fields: Static<typeof Fields> = {};
  const form = new MultipartForm(request.raw, {
    fileField: 'file',
    maxFileSize,
    onField(name, value) {
      if (name !== 'content' && name !== 'client_id') return;
      fields = parseFields({ ...fields, [name]: value });
      withClientId(request, fields);
    },
  });
  return {
    file: () => form.file(),
    async fields() {
      await form.end();
      const { content, client_id: clientId } = withClientId(request, fields);
      return { content: content ?? null, clientId: clientId ?? null };
    },
    close: () => form.close(),
  };
}

function openFor(
  files: Files,
  actor: Actor | null | undefined,
  fileId: string,
  variant: Variant,
  link: Static<typeof LinkParameters>,
): Promise<OpenFile> {
  if (actor) return files.open(actor, fileId, variant);
  const { user, expires, signature } = link;
  if (user === undefined && expires === undefined && signature === undefined)
    throw new Refusal('token_missing');
  return files.openSigned(
    { user: user ?? '', expires: expires ?? '', signature: signature ?? '' },
    fileId,
    variant,
  );
}
