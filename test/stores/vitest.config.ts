import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/stores/**/*.test.ts'],
    globalSetup: ['test/stores/one-postgres.ts', 'test/stores/one-s3.ts'],
    setupFiles: ['test/property-seed.ts'],
    // One server of each kind and processes of our own on two cores: one file after another.
    fileParallelism: false,
    testTimeout: 120_000 + 10_000 * Number(process.env.KILLS ?? 0),
    hookTimeout: 120_000,
  },
});
