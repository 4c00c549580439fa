import { isUtf8 } from 'node:buffer';
import { limits } from '@parley/protocol';
import type { FastifyInstance } from 'fastify';
import { Type, type TSchema } from 'typebox';
import { Refusal } from '../messaging/refusal.ts';
import { compile } from '../messaging/validation.ts';
import { booleanFromText, fromText } from './from-text.ts';

const noQuery = Type.Object({}, { additionalProperties: false });

/** How requests are read and checked: the same schema checks as on the WebSocket, the same answer when they fail. */
export function readBodies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= limits.bodyBytes;
    // An unknown query is refused, also where none is known.
    if (route.schema?.hide !== true) route.schema = { querystring: noQuery, ...route.schema };
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
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many clients send the header even where there is nothing to send.
    if (body.length === 0) done(null, undefined);
    else if (!isUtf8(bytesOf(body))) done(new Refusal('malformed_body'));
    else void parseJson(request, String(body), done);
  });
}

const bytesOf = (body: string | Buffer): Buffer => (typeof body === 'string' ? Buffer.from(body) : body);

/** Accepts forms where the spec shows one; named fields are booleans. */
export function acceptForms(app: FastifyInstance, booleans: readonly string[] = []): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      try {
        done(null, readForm(String(body), booleans));
      } catch (error) {
        done(new Refusal('malformed_body', { cause: error }));
      }
    },
  );
}

/** A field that comes twice has both values: no schema of ours takes that. @throws URIError where it is no UTF-8 */
function readForm(text: string, booleans: readonly string[]): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const [name = '', value = ''] = pair
      .split(/=(.*)/s, 2)
      .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    const read = booleans.includes(name) ? booleanFromText(value) : value;
    fields.set(name, fields.has(name) ? [fields.get(name), read] : read);
  }
  return Object.fromEntries(fields);
}
