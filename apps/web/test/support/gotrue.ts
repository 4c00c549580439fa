/** Stands in for Supabase's sign-in service. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';

export interface GoTrue {
  readonly url: string;
  readonly secret: string;
  /** The link of the latest e-mail to this address, as the service would lead on from it. */
  linkFor(email: string): Promise<string>;
  /** How many tokens were renewed. */
  readonly renewals: number;
  /** Seconds that the next tokens are valid. */
  lifetime: number;
  close(): Promise<void>;
}

interface Known {
  readonly id: string;
  readonly password: string;
  isConfirmed: boolean;
}

const secret = 'a secret of Supabase that is long enough for HS256';

/**
 * Signing up, in and out by password, links by e-mail (`linkFor`), and renewing tokens, by the paths, error codes and
 * shapes that supabase-js reads. It sends no e-mail, has no limits but one link a person, does not rotate or revoke
 * refresh tokens, and checks no API key.
 */
export async function startGoTrue(): Promise<GoTrue> {
  const known = new Map<string, Known>();
  const returns = new Map<string, string>();
  let renewals = 0;
  let lifetime = 3600;
  let origin = '';

  const sessionOf = async (email: string): Promise<Record<string, unknown>> => {
    const id = known.get(email)?.id ?? '';
    const expires_at = Math.floor(Date.now() / 1000) + lifetime;
    const metadata = { full_name: email.split('@')[0] };
    const access_token = await new SignJWT({ role: 'authenticated', email, user_metadata: metadata })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(id)
      .setAudience('authenticated')
      .setIssuer(`${origin}/auth/v1`)
      .setIssuedAt()
      .setExpirationTime(expires_at)
      .sign(new TextEncoder().encode(secret));
    const user = { id, email, aud: 'authenticated', app_metadata: {}, user_metadata: metadata };
    return {
      access_token,
      token_type: 'bearer',
      expires_in: lifetime,
      expires_at,
      refresh_token: email,
      user,
    };
  };

  const answers: Record<string, (body: Record<string, string>, query: URLSearchParams) => Promise<Answer>> = {
    '/signup': async ({ email = '', password = '' }, query) => {
      if (password.length < 6) return refusal(422, 'weak_password');
      known.set(email, { id: crypto.randomUUID(), password, isConfirmed: false });
      returns.set(email, query.get('redirect_to') ?? '');
      return [200, { id: known.get(email)?.id, email, aud: 'authenticated', identities: [] }];
    },
    '/token': async ({ email = '', password, refresh_token = '' }, query) => {
      if (query.get('grant_type') === 'refresh_token') {
        renewals++;
        return [200, await sessionOf(refresh_token)];
      }
      const person = known.get(email);
      if (person === undefined || person.password !== password) return refusal(400, 'invalid_credentials');
      if (!person.isConfirmed) return refusal(400, 'email_not_confirmed');
      return [200, await sessionOf(email)];
    },
    '/otp': async ({ email = '' }, query) => {
      if (returns.has(email)) return refusal(429, 'over_email_send_rate_limit');
      if (!known.has(email)) known.set(email, { id: crypto.randomUUID(), password: '', isConfirmed: false });
      returns.set(email, query.get('redirect_to') ?? '');
      return [200, {}];
    },
    '/logout': async () => [204, {}],
  };

  const server = createServer((request, answer) => void serve(request, answer));
  async function serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://gotrue');
    answer.setHeader('access-control-allow-origin', '*');
    answer.setHeader(
      'access-control-allow-headers',
      request.headers['access-control-request-headers'] ?? '*',
    );
    answer.setHeader('access-control-expose-headers', 'x-supabase-api-version');
    answer.setHeader('x-supabase-api-version', '2024-01-01');
    if (request.method === 'OPTIONS') return void answer.writeHead(204).end();
    if (request.method === 'GET' && url.pathname.endsWith('/user')) {
      const [, claims = ''] = (request.headers.authorization ?? '').split('.');
      const { email } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { email: string };
      return void answer.end(JSON.stringify((await sessionOf(email))['user']));
    }
    const chunks = await Array.fromAsync(request, (chunk: Buffer) => chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, string>;
    const act = answers[url.pathname.replace('/auth/v1', '')];
    const [status, said] = act === undefined ? refusal(404, 'not_found') : await act(body, url.searchParams);
    answer.writeHead(status, { 'content-type': 'application/json' });
    answer.end(status === 204 ? undefined : JSON.stringify(said));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    secret,
    get renewals() {
      return renewals;
    },
    get lifetime() {
      return lifetime;
    },
    set lifetime(seconds) {
      lifetime = seconds;
    },
    linkFor: async (email) => {
      const person = known.get(email);
      if (person !== undefined) person.isConfirmed = true;
      const session = await sessionOf(email);
      const { access_token, refresh_token, expires_in } = session;
      const values = { access_token, refresh_token, expires_in, token_type: 'bearer', type: 'magiclink' };
      const hash = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]));
      return `${returns.get(email) ?? ''}#${hash}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

type Answer = readonly [status: number, body: object];

const refusal = (status: number, code: string): Answer => [status, { code, message: code }];
