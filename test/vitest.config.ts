import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: {
    alias: [
      { find: /^millrace\/testing$/, replacement: new URL('../src/testing.ts', import.meta.url).pathname },
      { find: /^millrace$/, replacement: new URL('../src/millrace.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/built-workers.ts'],
    setupFiles: ['test/property-seed.ts'],
    exclude: ['test/integration/**', 'test/abuse/**', 'test/kafka/broker/**', 'test/stores/**'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
