import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, type JWTPayload } from 'jose';
import { readConfig } from '../../src/config.ts';
import { serve } from '../../src/serve.ts';
import { TestClient } from './client.ts';
import { createDatabase } from './postgres.ts';
import { TestSocket, type DialOptions } from './socket.ts';

const secret = 'the secret of a test run, long enough';

export interface TestServer {
  readonly origin: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** A token as Supabase signs it; a new person unless `sub` is given. */
  token(claims?: JWTPayload): Promise<string>;
  /** Somebody who calls the REST API; by a made-up name unless one is given. */
  person(name?: string, claims?: JWTPayload): Promise<Person>;
  /** The host application's backend. */
  service(): TestClient;
  /** Every frame that arrives is checked against its schema: `close` fails for one that is not as declared. */
  connect(token: string, options?: DialOptions): Promise<TestSocket>;
  close(): Promise<void>;
}

/** A person with a token: their REST client, and sockets of theirs. */
export class Person extends TestClient {
  readonly id: string;
  readonly #server: TestServer;

  constructor(server: TestServer, id: string, token: string) {
    super(server.origin, token);
    this.id = id;
    this.#server = server;
  }

  connect(options?: DialOptions): Promise<TestSocket> {
    return this.#server.connect(this.bearer, options);
  }
}

const serviceKey = 'a-service-key-for-tests-as-opaque-as-they-are';

/**
 * The whole server, on a database and in a folder of its own. Limits are off unless `env` says otherwise. `appFolder` has
 * the web app, if there is to be one.
 */
export async function startServer(
  env: Record<string, string> = {},
  appFolder = '/nowhere',
): Promise<TestServer> {
  const [database, dataDir] = await Promise.all([
    createDatabase(),
    mkdtemp(join(tmpdir(), 'parley-server-')),
  ]);
  const config = readConfig({
    DATABASE_URL: database.url,
    JWT_SECRET: secret,
    SUPABASE_SERVICE_KEY: serviceKey,
    HOST: '127.0.0.1',
    PORT: '0',
    PARLEY_DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    RATE_LIMITS: 'off',
    ...env,
  });
  const running = await serve(config, appFolder);
  const problems = new Set<string>();
  const server: TestServer = {
    origin: running.origin,
    databaseUrl: database.url,
    dataDir,
    token: (claims = {}) =>
      new SignJWT({ role: 'authenticated', ...claims })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(claims.sub ?? randomUUID())
        .setAudience('authenticated')
        .setIssuedAt()
        .setExpirationTime(claims.exp ?? '1h')
        .sign(new TextEncoder().encode(secret)),
    person: async (name = randomUUID(), claims = {}) =>
      new Person(
        server,
        name,
        await server.token({ sub: name, user_metadata: { full_name: name }, ...claims }),
      ),
    service: () => new TestClient(running.origin, serviceKey),
    connect: (token, options) =>
      TestSocket.open(running.origin, token, { onProblem: (problem) => problems.add(problem), ...options }),
    close: async () => {
      await running.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
      if (problems.size > 0) throw new Error(`Frames were not as declared:\n${[...problems].join('\n')}`);
    },
  };
  return server;
}
