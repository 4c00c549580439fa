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
    testTimeout: 120_000,
    // A browser on a busy machine takes its time, and no test measures any: these end what would never end.
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 120_000,
    pool: 'forks',
    // More than there are cores: much of a test is waiting, for a lease to end or a person to be gone.
    maxWorkers: 3,
  },
});
