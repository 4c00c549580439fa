import { Conversation, Message, MessageList, SendMessageBody } from '@parley/protocol';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Type } from 'typebox';
import { compile } from '../messaging/validation.ts';
import { apiDescription, docsRoutes } from './docs.ts';
import { answers, NoContent, Params } from './schema.ts';

let app: FastifyInstance;

beforeAll(async () => {
  app = Fastify();
  app.setValidatorCompiler(() => () => true);
  await apiDescription(app);
  await app.register(
    async (api) => {
      const params = Params('conversation_id');
      const path = '/conversations/:conversation_id/messages';
      const post = {
        tags: ['Messages'],
        summary: 'Send',
        params,
        body: SendMessageBody,
        response: answers({ 201: Message }, ['muted']),
      };
      api.post(path, { schema: post }, () => ({}));
      api.get(path, { schema: { tags: ['Messages'], response: { 200: MessageList } } }, () => ({}));
      api.get('/conversations/:conversation_id', { schema: { response: { 200: Conversation } } }, () => ({}));
      api.delete('/conversations/:conversation_id', { schema: { response: { 204: NoContent } } }, () => null);
      api.get('/open', { schema: { security: [], response: { 200: Type.Object({}) } } }, () => ({}));
      api.get('/inside', () => ({}));
    },
    { prefix: '/api' },
  );
  await app.register(docsRoutes, {});
});

afterAll(() => app.close());

const document = async () => (await app.inject('/openapi.json')).json();

test('the description is OpenAPI 3.1 and names the server, the token and the address of every documented route', async () => {
  const api = await document();
  expect(api.openapi).toMatch(/^3\.1\./);
  expect(api.info).toMatchObject({ title: 'Parley', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  expect(api.security).toEqual([{ bearer: [] }]);
  expect(api.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  expect(Object.keys(api.paths).toSorted()).toEqual([
    '/api/conversations/{conversation_id}',
    '/api/conversations/{conversation_id}/messages',
    '/api/open',
  ]);
  expect(api.paths['/api/open'].get.security).toEqual([]);
  expect(api.tags.map(({ name }: { name: string }) => name)).toEqual(['Messages']);
});

test('a generator of clients makes one type of a message, wherever it stands', async () => {
  const api = await document();
  const message = { $ref: '#/components/schemas/Message' };
  const { post, get } = api.paths['/api/conversations/{conversation_id}/messages'];
  expect(post.responses['201'].content['application/json'].schema).toEqual(message);
  expect(get.responses['200'].content['application/json'].schema.properties.messages.items).toEqual(message);
  expect(api.components.schemas.Conversation.properties.last_message.anyOf).toContainEqual(message);
  expect(Object.keys(api.components.schemas)).toEqual(['Conversation', 'Message', 'Participant']);
  expect(api.components.schemas.Message.properties.content.type).toBe('string');
});

test('every reference leads to something, and no word of our own is left in the schemas', async () => {
  const { body } = await app.inject('/openapi.json');
  const api = await document();
  for (const [, name = ''] of body.matchAll(/"\$ref":"#\/components\/schemas\/([^"]*)"/g)) {
    expect(api.components.schemas).toHaveProperty(name);
  }
  expect(body).not.toMatch(/x-parley|"\$id"|"~/);
});

test('the description says which text is refused, so that what a tool makes from it is accepted', async () => {
  const api = await document();
  const { schema } =
    api.paths['/api/conversations/{conversation_id}/messages'].post.requestBody.content['application/json'];
  const { content } = schema.properties;
  expect(content).toMatchObject({ type: 'string', minLength: 1, maxLength: 5000 });
  expect(new RegExp(content.pattern, 'u').test('one\ntwo \u{1f600}')).toBe(true);
  expect(new RegExp(content.pattern, 'u').test('nul \u0000')).toBe(false);
});

test('whoever tries a request out starts from a body that is accepted, and sees what comes back', async () => {
  const api = await document();
  const { post } = api.paths['/api/conversations/{conversation_id}/messages'];
  const { example } = post.requestBody.content['application/json'];
  expect(compile(SendMessageBody)(example)).toMatchObject({ ok: true });
  expect(compile(Message)(api.components.schemas.Message.examples[0])).toMatchObject({ ok: true });
  expect(post.responses['403'].content['application/json']).not.toHaveProperty('example');
});

test('refusals are described by their codes, and a 204 has no body', async () => {
  const api = await document();
  const { post } = api.paths['/api/conversations/{conversation_id}/messages'];
  expect(post.responses['403'].description).toContain('muted');
  expect((await app.inject('/openapi.json')).body).not.toContain('Default Response');
  expect(Object.keys(post.responses)).toEqual(
    expect.arrayContaining(['201', '401', '403', '422', '429', '500']),
  );
  expect(post.operationId).toBe('post_conversations_conversation_id_messages');
  expect(api.paths['/api/conversations/{conversation_id}'].delete.responses['204'].content).toBeUndefined();
});

test('the description can be browsed without any request to elsewhere, under a policy that forbids it', async () => {
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).toContain("script-src 'self';");
  expect(page.headers['content-security-policy']).not.toMatch(/unsafe|https:|\*/);
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = '']) => address);
  expect(assets.length).toBeGreaterThan(5);
  for (const asset of assets) {
    expect(asset).toMatch(/^\/docs\/static\//);
    expect((await app.inject(asset)).statusCode, asset).toBe(200);
  }
  expect((await app.inject('/docs/static/theme/parley.js')).body).toContain('/docs/websocket');
});

test('each page leads to the other', async () => {
  const page = await app.inject('/docs/websocket');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.body).toContain('href="/docs"');
  expect((await document()).info.description).toContain('(/docs/websocket)');
});

test('in a host application that describes its own routes, ours join that description', async () => {
  const host = Fastify();
  await apiDescription(host);
  await host.register(async (scope) => {
    await apiDescription(scope);
    scope.get('/ours', { schema: { response: { 200: Message } } }, () => ({}));
  });
  await host.ready();
  expect(host.swagger().paths).toHaveProperty('/ours');
  await host.close();
});
