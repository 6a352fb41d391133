/** Aggregates and keys of longs beyond 2^53 beside those of DuckDB on the same rows, to the last digit. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { exactJson } from '../../src/messages/event-json.ts';
import { exactLong } from '../../src/messages/exact-long.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import type { Windowing } from '../../src/streams/window-kind.ts';
import { drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'k', type: 'long' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'v', type: ['null', 'long'] },
  ],
} as const satisfies AvroRecord;

const of = (fn: string, more: Partial<AggregateSpec> = {}): AggregateSpec => ({
  name: fn,
  fn,
  field: 'v',
  isNullable: true,
  isLong: true,
  ...more,
});

/** Each with what DuckDB is asked for, as text. */
const SPECS: readonly (readonly [AggregateSpec, string])[] = [
  // Beyond 64 bits a sum is null.
  [of('sum'), 'CASE WHEN sum(v) BETWEEN -9223372036854775808 AND 9223372036854775807 THEN sum(v) END'],
  [of('min'), 'min(v)'],
  [of('max'), 'max(v)'],
  [of('first'), 'first(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL)'],
  [of('last'), 'last(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL)'],
  [of('arg_max', { field: 'k', by: 'v', isNullable: true }), 'CASE WHEN count(v) > 0 THEN k END'],
  [of('collect'), 'coalesce(list(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL), [])'],
  [of('list_distinct'), 'coalesce(list_sort(list(DISTINCT v) FILTER (WHERE v IS NOT NULL)), [])'],
  [of('top', { argument: 2 }), 'coalesce(max(v, 2), [])'],
  [of('distinct', { isLong: undefined as never }), 'count(DISTINCT v)'],
];

const KINDS: readonly Windowing[] = [
  { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
  // One window of these has all events; it is merged from slices of 10 ms.
  { kind: 'hopping', sizeMs: 100, everyMs: 10, offsetMs: 0 },
  { kind: 'session', gapMs: 100 },
];

const BIGGEST = 2n ** 63n - 1n;
const long = fc.oneof(
  fc.bigInt({ min: -BIGGEST - 1n, max: BIGGEST }),
  // Next to each other: the numbers that stand for them are equal.
  fc.integer({ min: -3, max: 3 }).map((n) => 2n ** 60n + BigInt(n)),
  fc.integer({ min: -3, max: 3 }).map((n) => -(2n ** 53n) + BigInt(n)),
  fc.integer({ min: -3, max: 3 }).map(BigInt),
);
const reading = fc.record({ ts: fc.integer({ min: 0, max: 99 }), v: fc.option(long.map(exactLong)) });
const groups = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 25, maxLength: 25 })
  .chain((keys) =>
    fc
      .array(fc.array(reading, { minLength: 1, maxLength: 12 }), { minLength: keys.length, maxLength: keys.length })
      .map((all) => all.map((own, i) => ({ k: exactLong(2n ** 62n + BigInt(keys[i]!)), own }))),
  );

test.each(KINDS)('longs are those of DuckDB, before and after a snapshot: %j', async (window) => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const aggregates = SPECS.map(([spec]) => spec);
  const spec = { name: 'w', keyField: 'k', window, allowedLatenessMs: 0, earlyMs: null, where: null, aggregates };
  await fc.assert(
    fc.asyncProperty(groups, async (all) => {
      const rows = all.flatMap(({ k, own }) => own.map((one) => ({ ...one, k })));
      const options = { schema, timeField: 'ts', watermark: { kind: 'scripted' }, windows: [spec] } as const;
      const half = rows.length >> 1;
      const before = drivePartition(options);
      before.pipe(...rows.slice(0, half));
      const { windows } = drivePartition(options, before.snapshot()).pipe(...rows.slice(half), END);
      const values = rows.map(({ k, ts, v }) => `(${k}, ${ts}, ${v === null ? 'NULL' : `'${v}'`}::BIGINT)`);
      const selected = SPECS.map(([{ name }, sql]) => `"${name}": (${sql})`).join(', ');
      const result = await connection.runAndReadAll(
        `SELECT k::VARCHAR, count(*), to_json({${selected}})::VARCHAR
         FROM (VALUES ${values.join(', ')}) AS t(k, ts, v) GROUP BY k`,
      );
      for (const [key, count, json] of result.getRows()) {
        const ours = windows.find((own) => own.key === key && BigInt(own.count) === count)?.aggregates ?? {};
        const inOrder = Object.fromEntries(SPECS.map(([{ name }]) => [name, ours[name]]));
        expect(exactJson(inOrder)).toBe(json);
      }
    }),
    { numRuns: 4 },
  );
  connection.closeSync();
  instance.closeSync();
});
