/** Times as functions make them, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATE_PARTS } from '../../../src/sql/date-parts.ts';
import { argument, DATE, fixed, INTERVAL, TIMESTAMP } from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

const NAMES = DATE_PARTS.map(({ name }) => name);
const OF_INTERVALS = DATE_PARTS.filter(({ ofInterval }) => ofInterval !== undefined).map(({ name }) => name);
const CUT = NAMES.filter((name) => name !== 'era');
const DAYS = argument(
  { kind: 'interval' },
  fc.record({
    months: fc.constant(0),
    days: fc.integer({ min: 1, max: 40 }),
    ms: fc.constantFrom(0, 1000, 7_200_000, 0.001),
  }),
);
const MONTHS = argument(
  { kind: 'interval' },
  fc.record({ months: fc.integer({ min: 1, max: 30 }), days: fc.constant(0), ms: fc.constant(0) }),
);

test('parts of times are as DuckDB has them', async () => {
  const all = [
    ...[DATE, TIMESTAMP].flatMap((kind) => NAMES.map((name) => calls(name, kind))),
    ...OF_INTERVALS.map((name) => calls(name, INTERVAL)),
    ...NAMES.map((name) => calls('date_part', fixed(name), TIMESTAMP)),
    ...OF_INTERVALS.map((name) => calls('date_part', fixed(name), INTERVAL)),
    ...[DATE, TIMESTAMP].flatMap((kind) => ['last_day', 'dayname', 'monthname'].map((name) => calls(name, kind))),
  ];
  expect(await differences(all, 20)).toEqual([]);
});

test('times are cut, subtracted and put into buckets as in DuckDB', async () => {
  const all = [
    ...CUT.flatMap((name) => [TIMESTAMP, DATE, INTERVAL].map((kind) => calls('date_trunc', fixed(name), kind))),
    ...CUT.flatMap((name) => [TIMESTAMP, DATE].map((kind) => calls('date_diff', fixed(name), kind, kind))),
    ...CUT.flatMap((name) => [TIMESTAMP, DATE].map((kind) => calls('date_sub', fixed(name), kind, kind))),
    ...[DATE, TIMESTAMP].flatMap((kind) => [
      calls('date_add', kind, INTERVAL),
      ...[DAYS, MONTHS].flatMap((width) => [
        calls('time_bucket', width, kind),
        calls('time_bucket', width, kind, INTERVAL),
        calls('time_bucket', width, kind, kind),
      ]),
    ]),
  ];
  expect(await differences(all, 20)).toEqual([]);
});
