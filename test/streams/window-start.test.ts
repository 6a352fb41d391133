import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { windowStart } from '../../src/streams/window-kind.ts';

describe('the start of a window', () => {
  /** Flink, TimeWindowTest.testGetWindowStartWithOffset. */
  test.each([
    [0, 1, 0],
    [0, 6, 0],
    [0, 7, 7],
    [0, 8, 7],
    [3, 1, -4],
    [3, 2, -4],
    [3, 3, 3],
    [3, 9, 3],
    [3, 10, 10],
    [-2, 1, -2],
    [-2, -2, -2],
    [-2, 3, -2],
    [-2, 4, -2],
    [-2, 7, 5],
    [-2, 12, 12],
  ])('of size 7 and offset %i that holds %i is %i', (offsetMs, timestampMs, start) => {
    expect(windowStart(timestampMs, 7, offsetMs)).toBe(start);
  });

  test("of a day of China's, eight hours ahead of UTC, is its midnight", () => {
    const hourMs = 3_600_000;
    expect(windowStart(1_470_902_048_450, 24 * hourMs, -8 * hourMs)).toBe(1_470_844_800_000);
  });

  test('is at most the time, less than a size before it, and a multiple of the size away from the offset', () => {
    const time = fc.integer({ min: -1e13, max: 1e13 });
    const size = fc.integer({ min: 1, max: 1e9 });
    fc.assert(
      fc.property(time, size, fc.integer({ min: -1e9, max: 1e9 }), (timeMs, sizeMs, offsetMs) => {
        const start = windowStart(timeMs, sizeMs, offsetMs);
        expect(start).toBeLessThanOrEqual(timeMs);
        expect(start + sizeMs).toBeGreaterThan(timeMs);
        expect(Math.abs((start - offsetMs) % sizeMs)).toBe(0);
      }),
    );
  });

  test('right before another one is its own, also where the quotient of time and size is rounded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: -1, max: 1, noNaN: true }), (sizeMs, share) => {
        const nextMs = Math.floor((share * 8.6e15) / sizeMs) * sizeMs;
        expect(windowStart(nextMs - 1, sizeMs, 0)).toBe(nextMs - sizeMs);
      }),
      { numRuns: 2000 },
    );
  });
});
