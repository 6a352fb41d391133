/** Aggregates of windows beside those of DuckDB on the same rows. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowValue } from '../../src/messages/window-result.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import type { Windowing } from '../../src/streams/window-kind.ts';
import { drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'g', type: 'int' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: ['null', 'double'] },
    { name: 'word', type: ['null', 'string'] },
    { name: 'flag', type: ['null', 'boolean'] },
  ],
} as const satisfies AvroRecord;

type Of = 'x' | 'word' | 'flag';
const of = (name: string, fn: string, field: Of | null, more: Partial<AggregateSpec> = {}): AggregateSpec => ({
  name,
  fn,
  field,
  isNullable: true,
  ...(field === 'word' ? { isText: true } : {}),
  ...more,
});

/** Each with what DuckDB is asked for. */
const SPECS: readonly (readonly [AggregateSpec, string])[] = [
  [of('n', 'count', null), 'count(*)'],
  [of('n_x', 'count', 'x'), 'count(x)'],
  [of('n_word', 'count', 'word'), 'count(word)'],
  [of('n_flag', 'count', 'flag'), 'count(flag)'],
  [of('nd_x', 'count', 'x', { isDistinct: true }), 'count(DISTINCT x)'],
  [of('nd_word', 'count', 'word', { isDistinct: true }), 'count(DISTINCT word)'],
  [of('total', 'sum', 'x'), 'sum(x)'],
  [of('least', 'min', 'x'), 'min(x)'],
  [of('most', 'max', 'x'), 'max(x)'],
  [of('mean', 'avg', 'x'), 'avg(x)'],
  ...['stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop'].map(
    (fn) => [of(fn, fn, 'x'), `${fn}(x)`] as const,
  ),
  [of('every', 'bool_and', 'flag'), 'bool_and(flag)'],
  [of('any', 'bool_or', 'flag'), 'bool_or(flag)'],
  [of('top_x', 'top', 'x', { argument: 3 }), 'coalesce(max(x, 3), [])'],
  [of('top_word', 'top', 'word', { argument: 2 }), 'coalesce(max(word, 2), [])'],
  [of('list_x', 'list_distinct', 'x'), 'coalesce(list_sort(list(DISTINCT x) FILTER (WHERE x IS NOT NULL)), [])'],
  [
    of('list_word', 'list_distinct', 'word'),
    'coalesce(list_sort(list(DISTINCT word) FILTER (WHERE word IS NOT NULL)), [])',
  ],
  [of('all_x', 'collect', 'x'), 'coalesce(list(x ORDER BY ts, x) FILTER (WHERE x IS NOT NULL), [])'],
  [of('first_x', 'first', 'x'), 'first(x ORDER BY ts, x) FILTER (WHERE x IS NOT NULL)'],
  [of('last_word', 'last', 'word'), 'last(word ORDER BY ts, word) FILTER (WHERE word IS NOT NULL)'],
];

const KINDS: readonly Windowing[] = [
  { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
  // One window of these has all events; it is merged from slices of 10 ms.
  { kind: 'hopping', sizeMs: 100, everyMs: 10, offsetMs: 0 },
  { kind: 'session', gapMs: 100 },
];

const reading = fc.record({
  ts: fc.integer({ min: 0, max: 99 }),
  x: fc.option(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
      fc.integer({ min: -3, max: 3 }),
      // Far from 0 and near each other: where a naive formula has no digit left.
      fc.integer({ min: 0, max: 9 }).map((n) => 1e9 + n),
    ),
  ),
  word: fc.option(fc.constantFrom('', 'a', 'b', 'é', 'null', 'B')),
  flag: fc.option(fc.boolean()),
});
type Reading = typeof reading extends fc.Arbitrary<infer T> ? T : never;
const groups = fc.array(fc.array(reading, { minLength: 1, maxLength: 15 }), { minLength: 30, maxLength: 30 });

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
});
afterAll(() => instance.closeSync());

async function asked(all: readonly (Reading & { g: number })[]): Promise<ReadonlyMap<number, Record<string, unknown>>> {
  const connection = await instance.connect();
  const value = (one: number | string | boolean | null): string =>
    one === null
      ? 'NULL'
      : typeof one === 'string'
        ? `'${one}'`
        : typeof one === 'number'
          ? `${one}::DOUBLE`
          : `${one}`;
  const rows = all.map(({ g, ts, x, word, flag }) => `(${g}, ${ts}, ${value(x)}, ${value(word)}, ${value(flag)})`);
  const selected = SPECS.map(([{ name }, sql]) => `"${name}": ${sql}`).join(', ');
  const result = await connection.runAndReadAll(
    `SELECT g, to_json({${selected}})::VARCHAR FROM (VALUES ${rows.join(', ')}) AS t(g, ts, x, word, flag) GROUP BY g`,
  );
  connection.closeSync();
  return new Map(result.getRows().map(([g, json]) => [Number(g), JSON.parse(String(json))]));
}

/** Rounded once here, several times there. */
function isAlike(ours: WindowValue | undefined, theirs: unknown): boolean {
  if (typeof ours !== 'number' || typeof theirs !== 'number') return JSON.stringify(ours) === JSON.stringify(theirs);
  return Math.abs(ours - theirs) <= 1e-9 * Math.max(1, Math.abs(theirs));
}

/** The values of a sum or variance near 1e9 lose digits in DuckDB, which has not the exact sums. */
function toleranceOf(name: string): boolean {
  return /^(stddev|var)/.test(name);
}

test.each(KINDS)('what DuckDB gives on random groups: %j', async (window) => {
  const spec = {
    name: 'w',
    keyField: 'g',
    window,
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: SPECS.map(([one]) => one),
  };
  await fc.assert(
    fc.asyncProperty(groups, async (all) => {
      const rows = all.flatMap((own, g) => own.map((one) => ({ ...one, x: one.x === null ? null : one.x + 0, g })));
      const driver = drivePartition({ schema, timeField: 'ts', watermark: { kind: 'scripted' }, windows: [spec] });
      const { windows } = driver.pipe(...rows, END);
      const theirs = await asked(rows);
      for (const [g, own] of all.entries()) {
        const ours = windows.find(({ key, count }) => key === String(g) && count === own.length)?.aggregates ?? {};
        for (const [{ name }] of SPECS) {
          const [a, b] = [ours[name], theirs.get(g)?.[name]];
          const near =
            toleranceOf(name) && typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-6 * b;
          expect(near || isAlike(a, b), `${name} of ${JSON.stringify(own)}: ${a}, and ${b} in DuckDB`).toBe(true);
        }
      }
    }),
    { numRuns: 3 },
  );
});
