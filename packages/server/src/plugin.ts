import type { FastifyInstance } from 'fastify';
import { readConfig } from './config.ts';
import { createParley } from './parley.ts';
import { createLogger } from './telemetry/logs.ts';
import { acceptUpgrades } from './upgrades.ts';

export interface ParleyOptions {
  /** Where the API is mounted, `/api` for example; Fastify's own option. */
  readonly prefix?: string;
  /** The settings, by the names of the environment variables. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds that WebSockets get to leave when the application closes. */
const drainMs = 5000;

/** `NODE_ENV` is the application's own: whatever it calls its environment, only what is surely none is no production. */
function hostedEnvironment(env: Readonly<Record<string, string | undefined>>): typeof env {
  const { NODE_ENV: name } = env;
  const isKnown = name === undefined || ['', 'development', 'test', 'production'].includes(name);
  return isKnown ? env : { ...env, NODE_ENV: 'production' };
}

/**
 * Parley inside a Fastify application that you have: `app.register(parley, { prefix: '/api' })`. REST and WebSocket
 * live under the prefix; nothing outside of it changes. It starts and stops with the application.
 * @throws ConfigError for settings that are missing or wrong; Error for parts that can't start
 */
export default async function parley(app: FastifyInstance, options: ParleyOptions = {}): Promise<void> {
  const config = readConfig(hostedEnvironment(options.env ?? process.env));
  const parts = await createParley(config, app.prefix, createLogger(config.logLevel));
  const stopAccepting = acceptUpgrades(app.server, parts);
  app.addHook('preClose', () => parts.drain(drainMs));
  app.addHook('onClose', async () => {
    stopAccepting();
    await parts.close();
  });
  await parts.api(app);
}
