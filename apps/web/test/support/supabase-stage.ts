import { startGoTrue, type GoTrue } from './gotrue.ts';
import { openStage, type Stage } from './stage.ts';

export interface SupabaseStage {
  readonly auth: GoTrue;
  readonly stage: Stage;
  close(): Promise<void>;
}

/** Where people sign in with Supabase. Its service is a stand-in (see gotrue.ts); supabase-js, server and browser are real. */
export async function openSupabaseStage(): Promise<SupabaseStage> {
  const auth = await startGoTrue();
  const stage = await openStage({
    SUPABASE_URL: auth.url,
    SUPABASE_JWT_SECRET: auth.secret,
    SUPABASE_ANON_KEY: 'anon',
  });
  return {
    auth,
    stage,
    close: async () => {
      await stage.close();
      await auth.close();
    },
  };
}
