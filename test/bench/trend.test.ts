import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kneeOf, quantile, slopePerMinute } from '../../bench/soak/trend.ts';

test('a line has its own slope, whatever stands on it beside noise that cancels out', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100, max: 100 }), fc.integer({ min: 0, max: 5_000 }), (perMinute, base) => {
      const samples = Array.from({ length: 60 }, (_, i) => {
        const wobble = [1, -1, -1, 1][i % 4] ?? 0;
        return { atMs: 1_000 * i, value: base + (perMinute * i) / 60 + wobble * 3 };
      });
      expect(slopePerMinute(samples)).toBeCloseTo(perMinute, 1);
    }),
    { numRuns: 50 },
  );
  expect(slopePerMinute([])).toBe(0);
  expect(slopePerMinute([{ atMs: 1, value: 1 }])).toBe(0);
});

test('a quantile is one of the values, and none of no values', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([3, 1, 2], 0.99)).toBe(3);
  expect(quantile([], 0.5)).toBeNaN();
});

test('the knee is the last step that kept up, and a later one that does so by chance is none', () => {
  const step = (offered: number, achieved: number, p99Ms: number) => ({ offered, achieved, p99Ms });
  const good = [step(100, 100, 10), step(200, 199, 20)];
  expect(kneeOf([...good, step(400, 300, 30), step(800, 800, 40)], 1_000)).toEqual(good[1]);
  expect(kneeOf([...good, step(400, 400, 2_000)], 1_000)).toEqual(good[1]);
  expect(kneeOf([step(100, 50, 10)], 1_000)).toBeNull();
});
