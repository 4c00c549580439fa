import { DemoTokenAnswer, DemoTokenBody } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { signDemoToken } from '../identity/demo.ts';
import { systemUserId } from '../messaging/actor.ts';
import { invalid } from '../messaging/refusal.ts';
import { readBodies } from './bodies.ts';
import { countByAddress, type AuthDeps } from './auth.ts';
import { bodyRefusals, openAnswers } from './schema.ts';

const dayInSeconds = 24 * 60 * 60;

/** `POST /demo/token`: anybody may be anybody, for trying things out. Never registered in production. */
export const demoRoutes =
  (secret: Uint8Array, counting: Omit<AuthDeps, 'verifier'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    readBodies(app);
    countByAddress(app, counting);
    app.post(
      '/demo/token',
      {
        schema: {
          tags: ['Demo'],
          summary: 'A token for anybody, valid for a day',
          security: [],
          body: DemoTokenBody,
          response: openAnswers({ 200: DemoTokenAnswer }, bodyRefusals),
        },
      },
      async ({ body: { user_id, name, role } }) => {
        if (user_id === systemUserId) throw invalid('/user_id', 'must not be the reserved id "system"');
        const token = await signDemoToken(secret, {
          userId: user_id,
          lifetimeSeconds: dayInSeconds,
          ...(name !== undefined && { name }),
          ...(role !== undefined && { role }),
        });
        return { token };
      },
    );
  };
