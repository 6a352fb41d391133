import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLongWaits } from '../../src/streams/long-waits.ts';

const MAX_WAIT_MS = 640;
const at = (sourceWatermarkMs: number, isIdle = false) => ({
  sourceWatermarkMs,
  watermarkMs: sourceWatermarkMs,
  isIdle,
});

test('a partition is left behind that has not come in time where the farthest log was, and again while it stays so', () => {
  const waits = createLongWaits(MAX_WAIT_MS);
  const overdue = (nowMs: number) => waits.overdue(nowMs, 1000 + nowMs, [at(1000 + nowMs), at(900)]);
  expect([0, 300, 639].flatMap(overdue)).toEqual([]);
  expect(overdue(640)).toEqual([1]);
  expect([650, 1000, 1279].flatMap(overdue)).toEqual([]);
  expect(overdue(1280)).toEqual([1]);
});

test('a partition that keeps pace at a distance, or is idle, is waited for', () => {
  const waits = createLongWaits(MAX_WAIT_MS);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 50) {
    expect(waits.overdue(nowMs, nowMs, [at(nowMs), at(nowMs - MAX_WAIT_MS + 60), at(0, true)])).toEqual([]);
  }
});

test('whoever is not named has come, but for a step of the clock, where the farthest log was so long before', () => {
  const moments = fc.array(
    fc.record({
      passedMs: fc.integer({ min: 1, max: 50 }),
      steps: fc.array(fc.nat(80), { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 30, maxLength: 60 },
  );
  fc.assert(
    fc.property(moments, (drawn) => {
      const waits = createLongWaits(MAX_WAIT_MS);
      const seen: { nowMs: number; farthestMs: number }[] = [];
      const named = new Map<number, number>();
      const times = [0, 0, 0];
      let nowMs = 0;
      for (const { passedMs, steps } of drawn) {
        nowMs += passedMs;
        for (const [i, step] of steps.entries()) times[i]! += step;
        const farthestMs = Math.max(...times);
        seen.push({ nowMs, farthestMs });
        for (const partition of waits.overdue(
          nowMs,
          farthestMs,
          times.map((time) => at(time)),
        )) {
          named.set(partition, nowMs);
        }
        const longAgo = seen.findLast((moment) => moment.nowMs <= nowMs - MAX_WAIT_MS - MAX_WAIT_MS / 64 - 50);
        for (const [partition, time] of times.entries()) {
          const isBehind = longAgo !== undefined && time < longAgo.farthestMs;
          if (isBehind) expect(nowMs - (named.get(partition) ?? -Infinity)).toBeLessThan(MAX_WAIT_MS + 50);
        }
      }
    }),
    { numRuns: 50 },
  );
});
