import type { Account } from './account.ts';
import type { ServerConfig } from './config.ts';
import type { DemoPerson } from './demo.ts';
import type { SupabaseSession } from './supabase.ts';

/** How one can sign in here. */
export type Way =
  | { readonly kind: 'demo'; readonly signIn: (person: DemoPerson) => void }
  | { readonly kind: 'supabase'; readonly supabase: SupabaseSession; readonly onSignedIn: () => void }
  /** The page around the app decides. */
  | { readonly kind: 'token' };

/** Whether somebody is signed in, and if not, what is to be done about it. */
export type Session =
  | { readonly status: 'loading' }
  /** The server does not answer; asked again at `retryAt`, in milliseconds since 1970. */
  | { readonly status: 'unreachable'; readonly retryAt: number; readonly retry: () => void }
  | {
      readonly status: 'signed-out';
      readonly server: string;
      readonly config: ServerConfig;
      readonly way: Way;
      /** Why somebody who was signed in is not any more, or could not. */
      readonly reason: string | null;
    }
  | {
      readonly status: 'signed-in';
      readonly account: Account;
      /** The server does not take the token. Null where the host page alone can mend that. */
      readonly refuse: ((reason: string) => void) | null;
    };
