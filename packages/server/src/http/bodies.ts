import { limits } from '@parley/protocol';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Refusal } from '../messaging/refusal.ts';
import { compile } from '../messaging/validation.ts';
import { booleanFromText, fromText } from './from-text.ts';

/** How requests are read and checked: the same schema checks as on the WebSocket, the same answer when they fail. */
export function readBodies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= limits.bodyBytes;
  });
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const check = compile(schema);
    const read = httpPart === 'querystring' ? fromText(schema) : (value: unknown) => value;
    return (value: unknown) => {
      const checked = check(read(value));
      return checked.ok
        ? { value: checked.value }
        : { error: new Refusal('validation_failed', { errors: checked.errors }) };
    };
  });
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.removeAllContentTypeParsers();
  // A field `__proto__` is unknown like any other, so it is ignored.
  const parseJson = app.getDefaultJsonParser('remove', 'remove');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients send the header even where there is nothing to send.
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, String(body), done);
  });
}

/** Accepts forms where the spec shows one; named fields are booleans. */
export function acceptForms(app: FastifyInstance, booleans: readonly string[] = []): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      const fields = [...new URLSearchParams(String(body))].map(([name, value]) => [
        name,
        booleans.includes(name) ? booleanFromText(value) : value,
      ]);
      done(null, Object.fromEntries(fields));
    },
  );
}
