import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'apps/*/src/**/*.test.{ts,tsx}',
      'apps/*/test/**/*.test.ts',
      'chaos/**/*.test.ts',
      'examples/**/*.test.ts',
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
    ],
    globalSetup: ['packages/server/test/support/global-setup.ts'],
    testTimeout: 45_000,
    // A browser on a busy machine takes its time; whoever polls waits for what somebody sees.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there are cores: much of a test is waiting, for a lease to end or a person to be gone.
    maxWorkers: 3,
  },
});
