/** Aggregates of decimals beside those of DuckDB on the same rows, to the last digit. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { bytesOfUnscaled } from '../../src/messages/logical-types.ts';
import { decimalText } from '../../src/messages/number-text.ts';
import type { WindowValue } from '../../src/messages/window-result.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import { resultTypeOf } from '../../src/streams/window-operator.ts';
import { drivePartition, END } from '../partition/driver.ts';

type Form = AggregateSpec['decimal'] & object;

const schemaOf = (decimal: Form): AvroRecord => ({
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'k', type: 'int' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'v', type: ['null', { type: 'bytes', logicalType: 'decimal', ...decimal }] },
  ],
});
const of = (fn: string, more: Partial<AggregateSpec> = {}): AggregateSpec => ({
  name: fn,
  fn,
  field: 'v',
  isNullable: true,
  isLong: true,
  ...more,
});
const SPECS: readonly (readonly [AggregateSpec, string])[] = [
  [of('sum'), 'sum(v)'],
  [of('min'), 'min(v)'],
  [of('max'), 'max(v)'],
  [of('first'), 'first(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL)'],
  [of('last'), 'last(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL)'],
  [of('distinct'), 'count(DISTINCT v)'],
  [of('count'), 'count(v)'],
];
const LISTS: readonly (readonly [AggregateSpec, string])[] = [
  [of('collect'), 'list(v ORDER BY ts, v) FILTER (WHERE v IS NOT NULL)'],
  [of('top', { argument: 2 }), 'max(v, 2)'],
];

const unscaledTo = (most: bigint) =>
  fc.oneof(
    fc.bigInt({ min: -most, max: most }),
    fc.integer({ min: 0, max: 3 }).map((n) => most - BigInt(n)),
    fc.integer({ min: -3, max: 3 }).map(BigInt),
  );
const groupsOf = (most: bigint) => {
  const reading = fc.record({ ts: fc.integer({ min: 0, max: 99 }), v: fc.option(unscaledTo(most)) });
  return fc.array(fc.array(reading, { minLength: 1, maxLength: 12 }), { minLength: 25, maxLength: 25 });
};

/** The largest values: where they have 38 digits, so that DuckDB can still add them. */
test.each([
  [{ precision: 18, scale: 4 }, 10n ** 18n - 1n],
  [{ precision: 38, scale: 10 }, 10n ** 36n - 1n],
])('decimals of %j are those of DuckDB, before and after a snapshot', async (decimal, most) => {
  const schema = schemaOf(decimal);
  const typeText = `DECIMAL(${decimal.precision}, ${decimal.scale})`;
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const all = [...SPECS, ...LISTS];
  const aggregates = [...all.map(([spec]) => spec), of('avg')].map((own) => ({ ...own, decimal }));
  const spec = {
    name: 'w',
    keyField: 'k',
    window: { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates,
  } as const;
  const { aggregatesJson } = resultTypeOf(spec);
  await fc.assert(
    fc.asyncProperty(groupsOf(most), async (own) => {
      const rows = own.flatMap((readings, k) => readings.map((one) => ({ k, ...one })));
      const events = rows.map(({ v, ...row }) => ({ ...row, v: v === null ? null : bytesOfUnscaled(v, null) }));
      const options = { schema, timeField: 'ts', watermark: { kind: 'scripted' }, windows: [spec] } as const;
      const half = rows.length >> 1;
      const before = drivePartition(options);
      before.pipe(...events.slice(0, half));
      const { windows } = drivePartition(options, before.snapshot()).pipe(...events.slice(half), END);
      const text = (v: bigint | null): string => (v === null ? 'NULL' : decimalText(v, decimal.scale));
      const values = rows.map(({ k, ts, v }) => `(${k}, ${ts}, ${text(v)}::${typeText})`);
      const lists = LISTS.map(([, sql]) => `'[' || coalesce(array_to_string(${sql}, ','), '') || ']'`);
      const singles = SPECS.map(([, sql]) => `coalesce((${sql})::VARCHAR, 'null')`);
      const result = await connection.runAndReadAll(
        `SELECT k, ${[...singles, ...lists].join(', ')}, avg(v)
         FROM (VALUES ${values.join(', ')}) AS t(k, ts, v) GROUP BY k`,
      );
      for (const [k, ...theirs] of result.getRows()) {
        const found: Readonly<Record<string, WindowValue>> =
          windows.find(({ key }) => key === String(k))?.aggregates ?? {};
        const { avg, ...ours } = found;
        const mean = theirs.pop();
        const members = all.map(([{ name }], i) => `"${name}":${theirs[i]}`);
        expect(aggregatesJson(ours)).toBe(`{${members.join(',')}}`);
        if (typeof avg === 'number' && typeof mean === 'number')
          expect(Math.abs(avg - mean)).toBeLessThan(1e-9 * Number(most) * 10 ** -decimal.scale);
        else expect([avg, mean]).toEqual([null, null]);
      }
    }),
    { numRuns: 3 },
  );
  connection.closeSync();
  instance.closeSync();
});
