import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { routeDescriber, SharedSchemas } from './docs/openapi.ts';
import { withResponseHeaders } from './docs/response-headers.ts';
import { uiOptions } from './docs/ui.ts';
import { pagePolicy, webSocketPage } from './docs/websocket-page.ts';

const docsPath = '/docs';

const tags = [
  { name: 'Conversations', description: 'Direct and group conversations.' },
  { name: 'Participants', description: 'Who is in a conversation, and in which role.' },
  { name: 'Messages', description: 'Sending, reading, editing and deleting; receipts and replies.' },
  { name: 'Files', description: 'Uploads, downloads and signed links.' },
  { name: 'Users', description: 'Who is online, away or typing.' },
  {
    name: 'Web app',
    description: 'What a client needs to know before anybody has signed in. No token needed.',
  },
  { name: 'Demo', description: 'Tokens and people for trying things out. Not there in production.' },
  { name: 'Operations', description: 'For balancers, orchestrators and Prometheus. No token needed.' },
];

const description = (
  webSocketDocs: string,
): string => `Conversations, messages, participants, receipts, presence and files.

- **Tokens**: \`Authorization: Bearer <token>\`, as your identity provider signs them.
- **Errors**: \`{"detail", "code"}\`; codes are stable, sentences may change.
- **Retries**: every creation takes a \`client_id\`, or the header \`Idempotency-Key\`. A retry with the same one creates
  nothing and answers the original.
- **Lists**: follow \`next_cursor\`; any depth costs the same.

Events come by WebSocket: [every frame in both directions](${webSocketDocs}).`;

/**
 * Starts collecting the routes that are added to `app` from here on, for `docsRoutes` to describe. To be awaited before
 * the first of them. Where a host application describes its routes already, ours join its description.
 */
export async function apiDescription(app: FastifyInstance): Promise<void> {
  if (app.hasDecorator('swagger')) return;
  const shared = new SharedSchemas();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Parley',
        version: packageJson.version,
        license: { name: packageJson.license, identifier: packageJson.license },
        description: description(`${app.prefix}${docsPath}/websocket`),
      },
      servers: [{ url: '/', description: 'This server' }],
      tags,
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    convertConstToEnum: false,
    transform: routeDescriber(shared),
    transformObject: (document) =>
      'openapiObject' in document ? withResponseHeaders(shared.finish(document.openapiObject)) : {},
  });
}

export interface DocsOptions {
  /** Where the WebSocket is. Default `/api/ws`. */
  readonly socketPath?: string;
}

/** `/openapi.json`, `/docs` to browse it, and `/docs/websocket` for every frame. Needs `apiDescription` before. */
export async function docsRoutes(
  app: FastifyInstance,
  { socketPath = '/api/ws' }: DocsOptions,
): Promise<void> {
  const hidden = { schema: { hide: true } };
  const path = `${app.prefix}${docsPath}`;

  app.get('/openapi.json', hidden, (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  );

  let page: string | undefined;
  app.get(`${docsPath}/websocket`, hidden, (_request, reply) => {
    page ??= webSocketPage({ socketPath, docsPath: path });
    return reply.type('text/html; charset=utf-8').headers(pageHeaders).send(page);
  });

  await app.register(swaggerUi, { routePrefix: docsPath, ...uiOptions(`${path}/websocket`) });
}

const pageHeaders = {
  'content-security-policy': pagePolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};
