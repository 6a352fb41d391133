import { defineConfig } from 'vitest/config';

/** What needs more than the suite may download: `scripts/registry test`. Its last result is in docs/kafka.md. */
export default defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  test: {
    include: ['test/kafka/by-hand/**/*.by-hand.ts'],
    globalSetup: ['test/kafka/broker/one-broker.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
