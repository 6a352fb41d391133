/** What is missing or far off, and how far a column has drifted. */
import { describe, expect, it } from 'vitest';
import { columnRanges, keptInRange, rangeOf, sharesOf, stabilityIndex } from '../../src/models/moments.ts';

const hundred = Float64Array.from({ length: 100 }, (_, at) => at);

describe('a range', () => {
  it('leaves out what is missing', () => {
    const [range] = columnRanges({ names: ['x'], rows: 3, values: Float64Array.of(1, Number.NaN, 3) });
    expect(range).toMatchObject({ mean: 2, low: 1, high: 3 });
  });

  it('gives its mean for what is missing, and bounds what is far off by its own width on each side', () => {
    const range = rangeOf(hundred);
    expect([Number.NaN, 1e9, -1e9, 42].map((value) => keptInRange(value, range))).toEqual([49.5, 198, -99, 42]);
  });
});

describe('the stability index', () => {
  it('is 0 for the rows that it was cut from, and by hand for others', () => {
    const { tenths, shares } = rangeOf(hundred);
    expect(stabilityIndex(shares, sharesOf(hundred, tenths))).toBe(0);
    expect(stabilityIndex([0.5, 0.5], [0.25, 0.75])).toBeCloseTo(-0.25 * Math.log(0.5) + 0.25 * Math.log(1.5), 12);
  });

  it('raises the alarm when all rows have moved to one part', () => {
    const { tenths, shares } = rangeOf(hundred);
    expect(stabilityIndex(shares, sharesOf(Float64Array.of(500, 501), tenths))).toBeGreaterThan(0.25);
  });
});
