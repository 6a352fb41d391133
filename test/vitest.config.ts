import { configDefaults, defineConfig } from 'vitest/config';

/** Suites of their own, which need more than Node. */
const ELSEWHERE = ['integration', 'abuse', 'kafka/broker', 'stores', 'operate', 'onnx'].map(
  (folder) => `test/${folder}/**`,
);
/** Put something of theirs in the place of a module, or watch the clock of their process: others there would be seen. */
const ALONE = ['test/service/quarantine.test.ts', 'test/simulation/simulation.test.ts'];

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: {
    alias: [
      { find: /^millrace\/testing$/, replacement: new URL('../src/testing.ts', import.meta.url).pathname },
      { find: /^millrace$/, replacement: new URL('../src/millrace.ts', import.meta.url).pathname },
    ],
  },
  test: {
    globalSetup: ['test/built-workers.ts'],
    setupFiles: ['test/property-seed.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ELSEWHERE, ...ALONE],
          // A process imports a module once for all its files: a third of the suite's time was imports.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
