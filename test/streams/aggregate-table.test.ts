/** Aggregates against what they stand for, computed plainly; sketches within the error that they state. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { Aggregate, AggregateSpec } from '../../src/streams/aggregate-function.ts';
import { AGGREGATES, type AggregateTable } from '../../src/streams/aggregate-table.ts';
import { quantile, RELATIVE_ERROR } from '../../src/streams/ddsketch.ts';
import { distinct } from '../../src/streams/hyperloglog.ts';
import { ofNumbers } from '../../src/streams/states.ts';
import type { Windowing } from '../../src/streams/window-kind.ts';
import { type DriverOptions, drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: ['null', 'double'] },
    { name: 'word', type: ['null', 'string'] },
  ],
} as const satisfies AvroRecord;

const of = (fn: string, field: 'x' | 'word' = 'x', more: Partial<AggregateSpec> = {}): AggregateSpec => ({
  name: `${fn}_${field}`,
  fn,
  field: fn === 'count' ? null : field,
  isNullable: true,
  ...(field === 'word' ? { isText: true } : {}),
  ...more,
});
const SPECS = [
  ...['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'collect', 'distinct'].map((fn) => of(fn)),
  ...['stddev', 'var_pop', 'list_distinct', 'median'].map((fn) => of(fn)),
  of('count', 'x', { name: 'count_distinct', field: 'x', isDistinct: true }),
  of('quantile', 'x', { argument: 0.5 }),
  of('top', 'x', { argument: 3 }),
  ...['first', 'last', 'collect', 'distinct'].map((fn) => of(fn, 'word')),
  ...['arg_max', 'arg_min'].map((fn) => of(fn, 'word', { by: 'x' })),
];

function drive(window: Windowing, aggregates: readonly AggregateSpec[], table?: AggregateTable, snapshot?: Uint8Array) {
  const options: DriverOptions = {
    schema,
    timeField: 'ts',
    watermark: { kind: 'scripted' },
    windows: [{ name: 'w', keyField: null, window, allowedLatenessMs: 0, earlyMs: null, where: null, aggregates }],
    ...(table === undefined ? {} : { aggregates: table }),
  };
  return drivePartition(options, snapshot);
}

const reading = fc.record({
  ts: fc.integer({ min: 0, max: 99 }),
  x: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })),
  word: fc.option(fc.constantFrom('', 'a', 'b', 'é', 'null')),
});
/** Of different times, so that an order by time has no ties. */
const readings = fc.uniqueArray(reading, { selector: ({ ts }) => ts, minLength: 1, maxLength: 40 });

/** By the definitions of SQL, in order of event time. */
function plainly(rows: readonly { ts: number; x: number | null; word: string | null }[]) {
  const inOrder = [...rows].sort((a, b) => a.ts - b.ts);
  // -0 is 0.
  const x = inOrder.flatMap((row) => (row.x === null ? [] : [row.x + 0]));
  const words = inOrder.flatMap((row) => row.word ?? []);
  const pairs = inOrder.flatMap(({ x: by, word }) => (by === null || word === null ? [] : [{ x: by, word }]));
  return {
    count_x: rows.length,
    min_x: x.length === 0 ? null : Math.min(...x),
    max_x: x.length === 0 ? null : Math.max(...x),
    first_x: x[0] ?? null,
    last_x: x.at(-1) ?? null,
    collect_x: x,
    // 0 and -0 are one value, as they are for a set.
    distinct_x: new Set(x).size,
    first_word: words[0] ?? null,
    last_word: words.at(-1) ?? null,
    collect_word: words,
    distinct_word: new Set(words).size,
    arg_max_word: pairs.toSorted((a, b) => b.x - a.x)[0]?.word ?? null,
    arg_min_word: pairs.toSorted((a, b) => a.x - b.x)[0]?.word ?? null,
  };
}

const KINDS: readonly Windowing[] = [
  { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
  // One window of these has all events; it is merged from slices of 10 ms.
  { kind: 'hopping', sizeMs: 100, everyMs: 10, offsetMs: 0 },
  { kind: 'session', gapMs: 100 },
];

describe('every aggregate', () => {
  test.each(KINDS)('is what SQL makes of the values, whatever their order and the merges: %j', (window) => {
    fc.assert(
      fc.property(readings, (rows) => {
        const { windows } = drive(window, SPECS).pipe(...rows, END);
        const aggregates = windows.find(({ count }) => count === rows.length)?.aggregates ?? {};
        expect(aggregates).toMatchObject(plainly(rows));
        const x = rows.flatMap((row) => row.x ?? []);
        if (x.length === 0) expect(aggregates).toMatchObject({ sum_x: null, avg_x: null, quantile_x: null });
        else {
          const sum = x.reduce((a, b) => a + b, 0);
          expect(Math.abs(Number(aggregates.sum_x) - sum)).toBeLessThanOrEqual(1e-6);
          expect(Math.abs(Number(aggregates.avg_x) - sum / x.length)).toBeLessThanOrEqual(1e-6);
        }
      }),
    );
  });

  test('is restored from a snapshot to the bit', () => {
    fc.assert(
      fc.property(readings, fc.nat(40), (rows, at) => {
        const unbroken = drive(KINDS[1]!, SPECS);
        unbroken.pipe(...rows.slice(0, at));
        const restored = drive(KINDS[1]!, SPECS, undefined, unbroken.snapshot());
        expect(restored.pipe(...rows.slice(at), END)).toEqual(unbroken.pipe(...rows.slice(at), END));
        expect(Buffer.from(restored.snapshot()).equals(unbroken.snapshot())).toBe(true);
      }),
    );
  });
});

test('arg_max and arg_min take the same event of several with that number, in whatever order they come', () => {
  const tied = fc.record({
    ts: fc.integer({ min: 0, max: 3 }),
    x: fc.integer({ min: 0, max: 2 }),
    word: fc.constantFrom('a', 'b', 'c'),
  });
  const specs = SPECS.filter(({ fn }) => fn.startsWith('arg_'));
  fc.assert(
    fc.property(fc.array(tied, { minLength: 1, maxLength: 12 }), fc.constantFrom(...KINDS), (rows, window) => {
      const whole = (events: typeof rows) =>
        drive(window, specs)
          .pipe(...events, END)
          .windows.find(({ count }) => count === rows.length)?.aggregates;
      const best = (sign: 1 | -1) =>
        rows.toSorted((a, b) => sign * (b.x - a.x) || a.ts - b.ts || (a.word < b.word ? -1 : 1))[0]?.word;
      expect(whole(rows)).toEqual({ arg_max_word: best(1), arg_min_word: best(-1) });
      expect(whole(rows.toReversed())).toEqual(whole(rows));
    }),
  );
});

/** Of few times, so that most have company, and with all that a double or a text can be. */
const tiedReading = fc.record({
  ts: fc.integer({ min: 0, max: 3 }),
  x: fc.option(
    fc.oneof(
      fc.double({ noNaN: false }),
      fc.constantFrom(0, -0, 1e308, -1e308, 1e16, 0.1, 5e-324, Number.NaN, Number.POSITIVE_INFINITY),
      fc.integer({ min: 0, max: 3 }),
    ),
  ),
  word: fc.option(fc.constantFrom('', 'a', 'b', 'é', '\uffff', '😀')),
});
const ALL_SPECS = [...SPECS, ...['arg_max', 'arg_min'].map((fn) => of(fn, 'x', { name: `${fn}_by`, by: 'x' }))];

test.each(KINDS)('events in another order give the same results to the bit: %j', (window) => {
  const ordered = fc.array(fc.tuple(tiedReading, fc.nat(), fc.nat()), { minLength: 1, maxLength: 30 });
  const whole = (rows: readonly (typeof tiedReading extends fc.Arbitrary<infer T> ? T : never)[]) =>
    drive(window, ALL_SPECS)
      .pipe(...rows, END)
      .windows.find(({ count }) => count === rows.length)?.aggregates;
  fc.assert(
    fc.property(ordered, (rows) => {
      const by = (place: 1 | 2) => [...rows].sort((a, b) => a[place] - b[place]).map(([row]) => row);
      // Of 0 and -0, toEqual() takes one for the other not.
      expect(whole(by(2))).toEqual(whole(by(1)));
    }),
    { numRuns: 70 },
  );
});

describe('a sum', () => {
  const sumsOf = (window: Windowing, xs: readonly number[]) =>
    drive(window, [of('sum'), of('avg')])
      .pipe(...xs.map((x, i) => ({ ts: (i * 7) % 100, x, word: null })), END)
      .windows.find(({ count }) => count === xs.length)?.aggregates;
  /** Whole numbers of 2^−200, up to 2^300, of either sign. */
  const wide = fc
    .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: -200, max: 270 }))
    .map(([fraction, exponent]) => fraction * 2 ** exponent);

  test.each(KINDS)('is the exact one, rounded once: %j', (window) => {
    fc.assert(
      fc.property(fc.array(wide, { minLength: 1, maxLength: 40 }), (xs) => {
        const units = xs.reduce((total, x) => total + BigInt(x * 2 ** 200), 0n);
        const sum = Number(units) / 2 ** 200;
        expect(sumsOf(window, xs)).toEqual({ sum_x: sum, avg_x: sum / xs.length + 0 });
      }),
      { numRuns: 70 },
    );
  });

  test.each(KINDS)('may leave what a double holds and come back, and is null when it stays there: %j', (window) => {
    const sumOf = (...xs: readonly number[]) => sumsOf(window, xs)?.sum_x;
    expect(sumOf(1e308, 1e308, -1e308)).toBe(1e308);
    expect(sumOf(1e308, 1e308, -1e308, -1e308, 3)).toBe(3);
    expect(sumOf(1e308, 1e308)).toBeNull();
    expect(sumOf(1e100, 1, -1e100, 1e-300)).toBe(1);
    expect(sumOf(5e-324, 5e-324)).toBe(1e-323);
    expect(sumsOf(window, [1e308, 1e308])?.avg_x).toBeNull();
  });

  test('that no two doubles hold is in a snapshot, and gone with its group', () => {
    const reading = (ts: number, x: number) => ({ ts, x, word: null });
    const before = drive(KINDS[0]!, [of('avg'), of('last', 'word'), of('sum')]);
    before.pipe(reading(1, 1e308), reading(2, 1e308), reading(3, 1e-300));
    const after = drive(KINDS[0]!, [of('avg'), of('last', 'word'), of('sum')], undefined, before.snapshot());
    const rest = [reading(4, -1e308), reading(5, -1e308)];
    expect(after.pipe(...rest, { watermark: 99 }).windows).toMatchObject([{ aggregates: { sum_x: 1e-300 } }]);
    expect(after.pipe(reading(100, 2), END).windows).toMatchObject([{ aggregates: { sum_x: 2, avg_x: 2 } }]);
  });
});

test('an aggregate of another code is an entry of the table', () => {
  interface Range {
    low: number;
    high: number;
  }
  const range: Aggregate<Range> = {
    init: () => ({ low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }),
    fold: ({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }),
    merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
    result: ({ low, high }) => (low > high ? null : high - low),
  };
  const table: AggregateTable = {
    ...AGGREGATES,
    range: { takes: 'number', gives: 'number or null', states: () => ofNumbers(range) },
  };
  const driver = drive(KINDS[1]!, [of('range')], table);
  driver.pipe({ ts: 5, x: 3, word: null }, { ts: 20, x: -4, word: null });
  const restored = drive(KINDS[1]!, [of('range')], table, driver.snapshot());
  const { windows } = restored.pipe({ ts: 50, x: 1, word: null }, { ts: 51, x: null, word: null }, END);
  expect(windows.find(({ count }) => count === 4)?.aggregates).toEqual({ range_x: 7 });
  expect(() => drive(KINDS[1]!, [of('range')])).toThrow('There is no aggregate range; known: count, sum');
});

describe('distinct', () => {
  const countOf = (values: Iterable<number | string>): number => {
    let state = distinct.init();
    for (const value of values) state = distinct.fold(state, value, 0);
    return Number(distinct.result(state));
  };
  test('is exact up to 256 values', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double({ noNaN: true }), fc.string()), { maxLength: 256 }), (values) => {
        // A number and a text are never in one column.
        const texts = values.filter((value) => typeof value === 'string');
        const numbers = values.filter((value) => typeof value === 'number');
        expect(countOf([...texts, ...texts])).toBe(new Set(texts).size);
        expect(countOf(numbers)).toBe(new Set(numbers).size);
      }),
    );
  });

  test.each([1_000, 10_000, 100_000, 1_000_000])(
    'of %i values has the standard error that it states, and no bias',
    (size) => {
      const rounds = Math.max(4, Math.min(40, 400_000 / size));
      const errors: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const values = function* () {
          for (let i = 0; i < size; i++) yield round % 2 === 0 ? round * size + i : `user-${round}-${i}`;
        };
        errors.push(countOf(values()) / size - 1);
      }
      const stated = 1.04 / Math.sqrt(4096);
      // Four standard errors: once in 16,000.
      for (const error of errors) expect(Math.abs(error)).toBeLessThan(4 * stated);
      const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
      expect(Math.abs(mean)).toBeLessThan((4 * stated) / Math.sqrt(errors.length));
    },
  );

  test('of merged parts is that of the whole, in either order', () => {
    const sketch = (from: number, to: number) => {
      let state = distinct.init();
      for (let i = from; i < to; i++) state = distinct.fold(state, i, 0);
      return state;
    };
    for (const [middle, end] of [
      [100, 200],
      [100, 5000],
      [4000, 4100],
      [3000, 9000],
    ] as const) {
      const whole = distinct.result(sketch(0, end));
      expect(distinct.result(distinct.merge(sketch(0, middle), sketch(middle / 2, end)))).toBe(whole);
      expect(distinct.result(distinct.merge(sketch(middle / 2, end), sketch(0, middle)))).toBe(whole);
    }
  });
});

describe('a quantile', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const magnitude = fc.oneof(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.integer({ min: -1000, max: 1000 }));
  const values = fc.array(
    magnitude.map((value) => (Math.abs(value) < 1e-4 ? 0 : value)),
    { minLength: 1, maxLength: 300 },
  );

  test('is never below the smallest value or above the largest, and those are exact', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), share, (all, at) => {
        const of = (part: number) => {
          const aggregate = quantile(part);
          const state = all.reduce((before, value) => aggregate.fold(before, value + 0, 0), aggregate.init());
          return Number(aggregate.result(aggregate.load?.(aggregate.save?.(state) ?? '') ?? state));
        };
        expect([of(0), of(1)]).toEqual([Math.min(...all) + 0, Math.max(...all) + 0]);
        expect(of(at)).toBeGreaterThanOrEqual(of(0));
        expect(of(at)).toBeLessThanOrEqual(of(1));
      }),
    );
  });

  test('goes on from a snapshot of 399f744, which has neither', () => {
    const aggregate = quantile(0.5);
    // Of 1, 2 and −3, as that version saved them.
    const saved = Buffer.from(Float64Array.of(0, 2, 0, 1, 35, 1, 55, 1).buffer).toString('base64');
    const state = aggregate.load?.(saved) ?? aggregate.init();
    expect(Number(aggregate.result(state))).toBeCloseTo(1, 1);
    expect(Number(aggregate.result(aggregate.fold(state, -5, 0)))).toBeCloseTo(-3, 1);
  });

  test('is within its relative error of the value at that rank, also when parts are merged', () => {
    fc.assert(
      fc.property(values, share, fc.nat(300), (all, at, cut) => {
        const aggregate = quantile(at);
        const sketchOf = (part: readonly number[]) =>
          part.reduce((state, value) => aggregate.fold(state, value, 0), aggregate.init());
        const exact = [...all].sort((a, b) => a - b)[Math.floor(at * (all.length - 1))] ?? Number.NaN;
        const whole = Number(aggregate.result(sketchOf(all)));
        expect(Math.abs(whole - exact)).toBeLessThanOrEqual(Math.abs(exact) * RELATIVE_ERROR * (1 + 1e-9));
        const merged = aggregate.merge(sketchOf(all.slice(0, cut)), sketchOf(all.slice(cut)));
        expect(aggregate.result(merged)).toBe(whole);
      }),
    );
  });

  test('keeps at most 2048 buckets of a sign, and is right where it has not merged them', () => {
    const aggregate = quantile(0.9);
    let state = aggregate.init();
    for (let i = 0; i < 20_000; i++) state = aggregate.fold(state, 1.02 ** (i - 10_000), 0);
    expect(state.positive.size).toBe(2048);
    const exact = 1.02 ** (Math.floor(0.99 * 19_999) - 10_000);
    const high = Number(quantile(0.99).result(state));
    expect(Math.abs(high / exact - 1)).toBeLessThanOrEqual(RELATIVE_ERROR * (1 + 1e-9));
  });
});
