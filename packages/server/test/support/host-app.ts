/**
 * Somebody's Fastify application with ways of its own, into which Parley is mounted. Run as a program with a prefix, it
 * prints its address, closes on the first line of its standard input, and has nothing more to do after that.
 */
import { once } from 'node:events';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import parley from '../../src/plugin.ts';

export interface HostApp {
  readonly app: FastifyInstance;
  /** Such as `http://127.0.0.1:1234`. */
  readonly origin: string;
}

export async function startHostApp(
  prefix: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<HostApp> {
  const app = fastify();
  addHostRoutes(app);
  await app.register(parley, { prefix, env });
  app.get('/later', async () => ({ from: 'the host, after Parley' }));
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, origin };
}

function addHostRoutes(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: FastifyRequest, text: unknown) => ({
      parsedByTheHost: String(text),
    }),
  );
  app.setErrorHandler((error, _request, reply) =>
    reply.code(418).send({ host: error instanceof Error ? error.message : 'unknown' }),
  );
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ host: 'nothing here' }));
  app.addHook('onSend', async (_request, reply) => void reply.header('x-host', 'yes'));
  app.get('/hello', async () => ({ hello: 'from the host' }));
  app.post('/echo', async ({ body }) => body);
  app.get('/broken', async () => Promise.reject(new Error('broken on purpose')));
  const number = { type: 'object', properties: { number: { type: 'integer' } } } as const;
  app.get('/checked', { schema: { querystring: number } }, async ({ query }) => query);
}

/** The host's own WebSocket, at `/live`: it answers each message with the same. */
export function addHostSocket(app: FastifyInstance): void {
  const server = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/live') return;
    server.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('message', (data, isBinary) => accepted.send(data, { binary: isBinary }));
    });
  });
}

if (import.meta.main) {
  const { app, origin } = await startHostApp(process.argv[2] ?? '', process.env);
  process.stdout.write(`${origin}\n`);
  await once(process.stdin, 'data');
  process.stdin.destroy();
  await app.close();
  process.stdout.write('closed\n');
}
