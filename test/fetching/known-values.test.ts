import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nothingKnown, remember, unknownOf } from '../../src/fetching/known-values.ts';

const memory = (bound = 100) => nothingKnown(['place', 'at'], ['value'], bound);
const event = (place: string, at: number, value: number | bigint | null, fetchedAt = 0) => ({
  place,
  at,
  value,
  fetchedAt,
});

describe('the memory of what was fetched', () => {
  test('gives what is new and what was revised, not what was said before', () => {
    const known = memory();
    remember(known, [event('a', 1, 5), event('a', 2, null)]);
    expect(unknownOf(known, [event('a', 1, 5, 99), event('a', 2, 7), event('b', 1, 5)])).toEqual([
      event('a', 2, 7),
      event('b', 1, 5),
    ]);
  });

  test('takes the last of several with one key, and whole numbers of 64 bits', () => {
    const known = memory();
    expect(unknownOf(known, [event('a', 1, 5), event('a', 1, 6n)])).toEqual([event('a', 1, 6n)]);
  });

  test('never calls known what was not remembered, however small it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(2)), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (rows, bound) => {
          const known = memory(bound);
          const said = new Map<string, number>();
          for (const [place, at, value] of rows) {
            const next = event(String(place), at, value);
            const key = `${place}/${at}`;
            if (unknownOf(known, [next]).length === 0) expect(said.get(key)).toBe(value);
            remember(known, [next]);
            said.set(key, value);
            expect(known.known.size).toBeLessThanOrEqual(bound);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
