import type { AuthClient } from '@supabase/supabase-js';
import type { Account } from './account.ts';
import { kept } from '../ui/browser-storage.ts';

type Auth = InstanceType<typeof AuthClient>;

/** The Supabase project with whose accounts people sign in. */
export interface SupabaseProject {
  readonly url: string;
  readonly anon_key: string;
}

/** What supabase-js keeps of somebody who is signed in, as far as it is needed before that is loaded. */
interface KeptSession {
  readonly access_token: string;
  /** Seconds since 1970. */
  readonly expires_at?: number;
  readonly user: {
    readonly id: string;
    readonly email?: string;
    readonly user_metadata?: { readonly name?: unknown; readonly full_name?: unknown };
  };
}

/** Seconds before it expires in which a token is not given any more: supabase-js renews it in the same time. */
const marginSeconds = 90;

/** Signing in by supabase-js, whose code is loaded only when it has something to do. */
export class SupabaseSession {
  readonly server: string;
  readonly #project: SupabaseProject;
  #auth: Promise<Auth> | null = null;

  constructor(server: string, project: SupabaseProject) {
    this.server = server;
    this.#project = project;
  }

  /** The name under which the browser keeps who is signed in. */
  get storageKey(): string {
    return `parley:supabase ${this.server}`;
  }

  /** Whoever signed in before; null if nobody did. `onEnd` is called if that can't be gone on with. */
  account(onSignOut: () => void, onEnd: (reason: string) => void): Account | null {
    const session = kept.read<KeptSession>(this.storageKey);
    if (session?.user?.id === undefined) return null;
    return {
      key: `${this.server} ${session.user.id}`,
      server: this.server,
      userId: session.user.id,
      name: nameOf(session.user),
      getToken: this.#tokens(onEnd),
      signOut: () => {
        void this.signOut();
        onSignOut();
      },
    };
  }

  /** @throws AuthError if they don't fit, or it can't be told now */
  async signInWithPassword(email: string, password: string): Promise<void> {
    const { error } = await (await this.#load()).signInWithPassword({ email, password });
    if (error !== null) throw error;
  }

  /** Makes an account; answers whether it is signed in, or the address has to be confirmed first. @throws AuthError */
  async signUp(email: string, password: string, returnTo: string): Promise<boolean> {
    const options = { emailRedirectTo: returnTo };
    const { data, error } = await (await this.#load()).signUp({ email, password, options });
    if (error !== null) throw error;
    return data.session !== null;
  }

  /** Has a link sent that signs in whoever opens it. @throws AuthError */
  async sendLink(email: string, returnTo: string): Promise<void> {
    const options = { emailRedirectTo: returnTo };
    const { error } = await (await this.#load()).signInWithOtp({ email, options });
    if (error !== null) throw error;
  }

  /** Goes on with what such a link brought. @throws AuthError */
  async acceptLink(tokens: { readonly access_token: string; readonly refresh_token: string }): Promise<void> {
    const { error } = await (await this.#load()).setSession(tokens);
    if (error !== null) throw error;
  }

  /** Forgets who is signed in at once, and tells Supabase when it can. */
  async signOut(): Promise<void> {
    const session = kept.read<KeptSession>(this.storageKey);
    kept.removeItem(this.storageKey);
    if (session === null) return;
    // Without a connection the token lives on until it expires; nobody has it any more.
    await this.#load()
      .then((auth) => auth.admin.signOut(session.access_token, 'local'))
      .catch(() => undefined);
  }

  /** Gives what the browser keeps, as long as it holds; asked again for that, it was refused or is about to expire. */
  #tokens(onEnd: (reason: string) => void): () => Promise<string> {
    let given: string | null = null;
    return async () => {
      const session = kept.read<KeptSession>(this.storageKey);
      const holds = (session?.expires_at ?? 0) - Date.now() / 1000 > marginSeconds;
      const wasGiven = session?.access_token === given;
      given =
        session !== null && holds && !wasGiven ? session.access_token : await this.#renew(wasGiven, onEnd);
      return given;
    };
  }

  /** @throws Error if there is none now; `onEnd` is called if there won't be any */
  async #renew(isForced: boolean, onEnd: (reason: string) => void): Promise<string> {
    const auth = await this.#load();
    const { data, error } = isForced ? await auth.refreshSession() : await auth.getSession();
    if (data.session !== null) return data.session.access_token;
    if (error === null || !isPassing(error)) onEnd('Your session has ended. Please sign in again.');
    throw error ?? new Error('Nobody is signed in');
  }

  #load(): Promise<Auth> {
    this.#auth ??= import('@supabase/supabase-js').then(
      ({ AuthClient }) =>
        new AuthClient({
          url: `${this.#project.url}/auth/v1`,
          // By these very names: where somebody is signed in, auth-js puts their token in place of the second.
          headers: { apikey: this.#project.anon_key, Authorization: `Bearer ${this.#project.anon_key}` },
          storageKey: this.storageKey,
          storage: kept,
          persistSession: true,
          // Parley's client asks before a token expires; and the address' hash is for conversations.
          autoRefreshToken: false,
          detectSessionInUrl: false,
        }),
    );
    this.#auth.catch(() => (this.#auth = null));
    return this.#auth;
  }
}

function nameOf({ email, user_metadata: told }: KeptSession['user']): string | null {
  const name = [told?.full_name, told?.name].find((each) => typeof each === 'string' && each !== '');
  return typeof name === 'string' ? name : (email ?? null);
}

/** What an error of supabase-js tells of itself. */
interface AuthFailure {
  readonly name?: string;
  readonly code?: string | undefined;
  readonly status?: number | undefined;
}

/** Whether it may go well next time: the network, the server, or a limit. */
const isPassing = ({ name, status }: AuthFailure): boolean =>
  name === 'AuthRetryableFetchError' || status === 429 || (status !== undefined && status >= 500);

/** What an error of signing in says to a person. */
export function sentenceOfAuth(error: unknown): string {
  const { name, code, status }: AuthFailure = typeof error === 'object' && error !== null ? error : {};
  const known = code === undefined ? undefined : sentences[code];
  if (known !== undefined) return known;
  if (status === 429) return 'Too many tries. Please wait a minute, then try again.';
  if (name === 'AuthRetryableFetchError' || error instanceof TypeError)
    return 'The sign-in service can’t be reached. Check your connection and try again.';
  return error instanceof Error && error.message !== '' ? error.message : 'Signing in did not work.';
}

const sentences: Readonly<Record<string, string>> = {
  invalid_credentials: 'That e-mail and password don’t match.',
  email_not_confirmed: 'Please confirm your e-mail address first: the link is in your inbox.',
  email_address_invalid: 'That e-mail address doesn’t look right.',
  over_email_send_rate_limit: 'A link was sent a moment ago. Please wait a minute before asking for another.',
  over_request_rate_limit: 'Too many tries. Please wait a minute, then try again.',
  weak_password: 'That password is too short or too easy to guess.',
  user_already_exists: 'There is an account with this e-mail address already. Sign in instead.',
  email_exists: 'There is an account with this e-mail address already. Sign in instead.',
  otp_disabled: 'There is no account with this e-mail address.',
  signup_disabled: 'New accounts are turned off here.',
  email_provider_disabled: 'Signing in by e-mail is turned off here.',
  user_banned: 'This account has been suspended.',
  otp_expired: 'That link has expired or was used already. Ask for another one.',
  access_denied: 'That link is not valid any more. Ask for another one.',
};
