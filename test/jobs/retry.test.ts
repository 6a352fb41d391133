import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs } from '../../src/jobs/retry.ts';

const policy = { retries: 8, baseMs: 1000, factor: 2, capMs: 60_000 };

test('a retry waits between its doubled base and twice that, and never longer than the cap', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 60 }), (runId, attempt) => {
      const delayMs = retryDelayMs(policy, runId, attempt);
      const lowMs = Math.min(policy.capMs, 1000 * 2 ** (attempt - 1));
      expect(delayMs).toBeGreaterThanOrEqual(lowMs);
      expect(delayMs).toBeLessThanOrEqual(Math.min(policy.capMs, 2 * lowMs));
    }),
  );
});

test('the same attempt always waits as long, and a hundred runs that failed together spread out', () => {
  const delays = Array.from({ length: 100 }, (_, run) => retryDelayMs(policy, `fetch@${run}`, 1));
  expect(Array.from({ length: 100 }, (_, run) => retryDelayMs(policy, `fetch@${run}`, 1))).toEqual(delays);
  expect(new Set(delays).size).toBeGreaterThan(80);
});
