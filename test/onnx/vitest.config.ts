import { defineConfig } from 'vitest/config';

/** What needs onnxruntime-node, which is never installed with Millrace: NODE_PATH says where it is. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    globalSetup: ['test/built-workers.ts'],
    setupFiles: ['test/property-seed.ts'],
    include: ['test/onnx/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
