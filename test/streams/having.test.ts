/** Results over results, and `having`, beside DuckDB's HAVING; and what becomes of a result that no longer meets it. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import type { Windowing, WindowSpec } from '../../src/streams/window-kind.ts';
import { drivePartition, END, type Step } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'g', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: ['null', 'int'] },
  ],
} as const satisfies AvroRecord;

const n: AggregateSpec = { name: 'n', fn: 'count', field: null };

function drive(window: Windowing, more: Partial<WindowSpec>, ...steps: readonly Step[]) {
  const spec = {
    ...{ name: 'w', keyField: 'g', window, allowedLatenessMs: 100, earlyMs: null, where: null, aggregates: [n] },
    ...more,
  };
  return drivePartition({ schema, timeField: 'ts', watermark: { kind: 'scripted' }, windows: [spec] }).pipe(...steps);
}

test('groups, computed keys, filters, results over results and having are those of DuckDB', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const row = fc.record({
    g: fc.constantFrom('a', 'A', 'b', 'Bb', ''),
    ts: fc.integer({ min: 0, max: 99 }),
    x: fc.option(fc.integer({ min: -5, max: 5 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
      const { windows } = drive(
        { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
        {
          keyField: [
            { name: 'low', field: 'lower(g)', gives: 'text' },
            { name: 'sign', field: 'x > 0', gives: 'truth' },
          ],
          aggregates: [
            n,
            { name: 'big', fn: 'count', field: 'CASE WHEN x > 1 THEN 1 END' },
            { name: 'total', fn: 'sum', field: 'x * 2 + length(g)', isLong: true, isNullable: true },
            { name: 'mean#1', fn: 'sum', field: 'x', isLong: true, isNullable: true, isHidden: true },
          ],
          results: [
            { name: 'mean', expression: '"mean#1" / n', type: 'double' },
            {
              name: 'text',
              expression: "low || ':' || CAST(n AS VARCHAR) || coalesce(CAST(sign AS VARCHAR), '')",
              type: 'string',
            },
          ],
          having: 'n > 1 AND (mean IS NULL OR mean > -3)',
        },
        ...rows,
        END,
      );
      const values = rows.map(({ g, x }) => `('${g}', ${x ?? 'NULL'})`).join(', ');
      const answer = await connection.runAndReadAll(`SELECT to_json({'low': lower(g), 'sign': x > 0, 'n': count(*),
        'big': count(*) FILTER (WHERE x > 1), 'total': sum(x * 2 + length(g)), 'mean': sum(x) / count(*),
        'text': lower(g) || ':' || count(*)::VARCHAR || coalesce((x > 0)::VARCHAR, '')})::VARCHAR
        FROM (VALUES ${values}, ('none', 1::INTEGER)) AS t(g, x) WHERE g <> 'none' GROUP BY lower(g), x > 0
        HAVING count(*) > 1 AND (sum(x) / count(*) IS NULL OR sum(x) / count(*) > -3)`);
      const theirs = answer.getRows().map(([json]) => JSON.stringify(JSON.parse(String(json))));
      const ours = windows.map(({ parts, aggregates }) => JSON.stringify({ ...parts, ...aggregates }));
      expect(ours.sort()).toEqual(theirs.sort());
    }),
    { numRuns: 12 },
  );
  instance.closeSync();
});

const tumbling: Windowing = { kind: 'tumbling', sizeMs: 10, offsetMs: 0 };
const at = (ts: number): Step => ({ g: 'a', ts, x: 1 });
const given = ({ windows }: ReturnType<typeof drive>) =>
  windows.map(({ start, end, count, revision }) => [start, end, count, revision]);

test('a result is first given when it meets having, and taken back when it no longer does', () => {
  const steps = [at(1), { watermark: 9 }, at(2), at(3), at(4), { watermark: 300 }];
  expect(given(drive(tumbling, { having: 'n > 1 AND n < 4' }, ...steps))).toEqual([
    [0, 10, 2, 0],
    [0, 10, 3, 1],
    // Of no events: what was given holds no more.
    [0, 10, 0, 2],
  ]);
  expect(given(drive(tumbling, { having: 'n > 9' }, ...steps))).toEqual([]);
});

test('an early result that no longer meets having is taken back by one of no events', () => {
  const window: Windowing = { kind: 'tumbling', sizeMs: 100, offsetMs: 0 };
  const steps = [{ watermark: 0 }, at(1), { watermark: 9 }, at(11), { watermark: 19 }, at(21), { watermark: 99 }];
  expect(given(drive(window, { having: 'n = 1', earlyMs: 10 }, ...steps))).toEqual([
    [0, 100, 1, -10],
    [0, 100, 0, -9],
  ]);
  expect(given(drive(window, { having: 'n != 2', earlyMs: 10 }, ...steps)).at(-1)).toEqual([0, 100, 3, 0]);
});

test('a session that grows until it no longer meets having takes back what it covers', () => {
  const steps = [at(0), { watermark: 9 }, at(20), { watermark: 29 }, at(10), { watermark: 400 }];
  expect(given(drive({ kind: 'session', gapMs: 10 }, { having: 'n = 1' }, ...steps))).toEqual([
    [0, 10, 1, 0],
    [20, 30, 1, 0],
    [0, 30, 0, 1],
  ]);
});

test('having may ask for the key, start and end', () => {
  const steps = [at(1), { g: 'b', ts: 5, x: 1 }, at(25), END];
  const having = "g = 'a' AND start >= TIMESTAMP '1970-01-01 00:00:00.010' AND key = 'a'";
  expect(given(drive(tumbling, { having }, ...steps))).toEqual([[20, 30, 1, 0]]);
});

test('an event whose expression fails is a dead letter, and no other window or event suffers', () => {
  const spec = {
    keyField: null,
    aggregates: [n, { name: 'v', fn: 'sum', field: 'CAST(g AS BIGINT)', isLong: true as const, isNullable: true }],
  };
  const { windows, deadLetters } = drive(tumbling, spec, { g: '1', ts: 1, x: 1 }, at(2), { g: '2', ts: 3, x: 1 }, END);
  expect(windows.map(({ aggregates }) => aggregates)).toEqual([{ n: 2, v: 3 }]);
  expect(deadLetters).toMatchObject([
    { reason: 'expression-failed', detail: expect.stringContaining("'a' is no BIGINT") },
  ]);
});
