import { WebConfig } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Config } from '../config.ts';

type Told = Pick<Config, 'identity' | 'signIn' | 'corsOrigins' | 'maxFileSize' | 'allowedFileTypes'>;

/** `GET /config.json`: what a client needs to know before anybody has signed in. The same for everybody, and public. */
export const webConfigRoutes =
  (config: Told): FastifyPluginAsyncTypebox =>
  async (app) => {
    const told = webConfigOf(config);
    app.get(
      '/config.json',
      {
        logLevel: 'warn',
        schema: {
          tags: ['Web app'],
          summary: 'How to sign in here, and what can be uploaded',
          security: [],
          response: { 200: WebConfig },
        },
      },
      async (_request, reply) => {
        reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'no-cache' });
        return told;
      },
    );
  };

const webConfigOf = ({ identity, signIn, corsOrigins, maxFileSize, allowedFileTypes }: Told): WebConfig => ({
  identity: identity.kind === 'demo' ? { kind: 'demo' } : signInOf(signIn),
  host_origins: corsOrigins === '*' ? ['*'] : [...corsOrigins],
  max_file_size: maxFileSize,
  allowed_file_types: [...allowedFileTypes],
});

const signInOf = (signIn: Config['signIn']): WebConfig['identity'] =>
  signIn === null ? { kind: 'token' } : { kind: 'supabase', url: signIn.url, anon_key: signIn.anonKey };
