/**
 * Parley's file routes on a real socket, around the real disk and decoder. Who asks is told by the header `x-user`.
 * Run as a program, it prints its address, and answers at `/memory` the most memory that it ever had,
 * in bytes.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance } from 'fastify';
import { readBodies } from '../../src/http/bodies.ts';
import { handleErrors } from '../../src/http/errors.ts';
import { fileRoutes } from '../../src/http/files.ts';
import type { FilesDependencies } from '../../src/messaging/files.ts';
import { openFiles, person, type FilesHarness } from './files.ts';

export interface FilesServer extends FilesHarness {
  readonly app: FastifyInstance;
  /** Such as `http://127.0.0.1:1234`. */
  readonly url: string;
}

export async function startFilesServer(changes: Partial<FilesDependencies> = {}): Promise<FilesServer> {
  const harness = await openFiles(changes);
  const app = fastify({ forceCloseConnections: true }).withTypeProvider<TypeBoxTypeProvider>();
  readBodies(app);
  handleErrors(app);
  app.decorateRequest('actor');
  app.addHook('onRequest', async (request) => {
    const user = request.headers['x-user'];
    if (typeof user === 'string') request.actor = person(user);
  });
  await app.register(fileRoutes({ files: harness.files, maxFileSize: changes.maxFileSize ?? 1024 * 1024 }), {
    prefix: '/api',
  });
  app.get('/memory', async () => {
    return { peak: process.resourceUsage().maxRSS * 1024 };
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    ...harness,
    app,
    url,
    async close() {
      await app.close();
      await harness.close();
    },
  };
}

if (import.meta.main) {
  const server = await startFilesServer({ maxFileSize: Number(process.argv[2]) });
  process.stdout.write(`${server.url}\n`);
  process.once('SIGTERM', () => void server.close());
}
