import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHostRates } from '../../src/fetching/host-rates.ts';

describe('the rate of a host', () => {
  test('is never passed in any stretch of time, but for one bucket', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 3 })), { maxLength: 60 }),
        (steps) => {
          const rates = createHostRates();
          const rate = { limit: 5, perMs: 1000 };
          const taken: { atMs: number; weight: number }[] = [];
          let now = 1_000_000;
          for (const [pause, weight] of steps) {
            now += pause;
            if (rates.take('host', rate, weight, now) === 0) taken.push({ atMs: now, weight });
          }
          for (const [n, from] of taken.entries()) {
            let sum = 0;
            for (const { atMs, weight } of taken.slice(n)) {
              sum += weight;
              expect(sum).toBeLessThanOrEqual(5 + ((atMs - from.atMs) * 5) / 1000 + 1e-9);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('says the wait after which there is room', () => {
    const rates = createHostRates();
    const rate = { limit: 2, perMs: 1000 };
    expect(rates.take('host', rate, 2, 0)).toBe(0);
    const wait = rates.take('host', rate, 1, 0);
    expect(wait).toBe(500);
    expect(rates.take('host', rate, 1, wait - 1)).toBeGreaterThan(0);
    expect(rates.take('host', rate, 1, wait)).toBe(0);
    expect(rates.take('other', rate, 1, wait)).toBe(0);
  });

  test('lets what weighs more than the bucket go when it is full, and is paid for after', () => {
    const rates = createHostRates();
    const rate = { limit: 10, perMs: 1000 };
    expect(rates.take('host', rate, 30, 0)).toBe(0);
    expect(rates.take('host', rate, 1, 1000)).toBe(1100);
    expect(rates.take('host', rate, 1, 2100)).toBe(0);
  });
});

describe('the breaker of a host', () => {
  test('opens after five failures in a row, longer each time, and closes with a success', () => {
    const rates = createHostRates();
    for (let n = 0; n < 4; n++) rates.failed('host', 0);
    expect(rates.take('host', null, 1, 0)).toBe(0);
    rates.failed('host', 0);
    expect(rates.take('host', null, 1, 0)).toBe(10_000);
    expect(rates.take('other', null, 1, 0)).toBe(0);
    expect(rates.take('host', null, 1, 10_000)).toBe(0);
    rates.failed('host', 10_000);
    expect(rates.take('host', null, 1, 10_000)).toBe(20_000);
    rates.succeeded('host');
    rates.failed('host', 40_000);
    expect(rates.take('host', null, 1, 40_000)).toBe(0);
  });
});
