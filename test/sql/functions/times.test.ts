/** Times as functions make them, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATE_PARTS } from '../../../src/sql/date-parts.ts';
import { argument, DATE, fixed, INTERVAL, SMALL, TIMESTAMP, VARCHAR_TYPE } from './arguments.ts';
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

const LETTERS = 'a A w u b h B Y G p f g z d -d m -m y -y H -H I -I M -M S -S j -j U W V c x X %'.split(' ');
const FORMATS = [
  '%Y-%m-%d',
  '%d.%m.%y %H:%M',
  '%Y-%m-%dT%H:%M:%S.%f',
  '%b %d %Y %I:%M%p',
  '%Y %j',
  '%H:%M:%S.%g',
  '%B %-d, %Y',
];
const STAMP = argument(
  VARCHAR_TYPE,
  fc.constantFrom(
    ...[
      '2020-03-05',
      '2020-3-5',
      ' 2020-02-30',
      '31.12.69 23:59',
      '1.1.68 00:00 ',
      '2020-03-05T10:11:12.5',
      '2021-02-29T00:00:00.0',
    ],
    ...[
      'Mar 05 2020 12:30am',
      'dec 1 1999 12:00PM',
      '2020 060',
      '2021 366',
      '23:59:59.9',
      'February 9, 2021',
      'x',
      '',
      '2020-03-05x',
    ],
  ),
);
const MICROS = argument({ kind: 'bigint' }, fc.integer({ min: -4_000_000_000_000_000, max: 4_000_000_000_000_000 }));
const PARTS = [
  fc.integer({ min: 1, max: 3000 }),
  fc.integer({ min: 0, max: 13 }),
  fc.integer({ min: 0, max: 32 }),
  fc.integer({ min: 0, max: 24 }),
];

test('times are written and read by formats as in DuckDB', async () => {
  const all = [
    ...LETTERS.map((letter) => calls('strftime', TIMESTAMP, fixed(`%${letter}`))),
    calls('strftime', DATE, fixed('%A, %d. %B %Y')),
    ...FORMATS.map((format) => calls('try_strptime', STAMP, fixed(format))),
    ...FORMATS.map((format) => calls('strptime', STAMP, fixed(format))),
  ];
  expect(await differences(all, 20)).toEqual([]);
});

test('times and intervals are made of numbers as in DuckDB', async () => {
  const [years, months, days, hours] = PARTS.map((values) => argument({ kind: 'bigint' }, values));
  const seconds = argument(
    { kind: 'double' },
    fc.integer({ min: 0, max: 61_000 }).map((ms) => ms / 1000),
  );
  const all = [
    calls('make_date', years!, months!, days!),
    calls('make_timestamp', years!, months!, days!, hours!, days!, seconds),
    calls('make_timestamp', MICROS),
    calls('make_timestamp_ms', MICROS),
    calls('to_timestamp', seconds),
    calls('epoch_ms', argument({ kind: 'bigint' }, fc.integer())),
    ...['epoch_ms', 'epoch_us', 'epoch_ns'].flatMap((name) =>
      [TIMESTAMP, DATE, INTERVAL].map((kind) => calls(name, kind)),
    ),
    ...['years', 'quarters', 'months', 'weeks', 'days', 'hours', 'minutes', 'microseconds'].map((unit) =>
      calls(`to_${unit}`, SMALL),
    ),
    ...['millennia', 'centuries', 'decades'].map((unit) => calls(`to_${unit}`, SMALL)),
    ...['seconds', 'milliseconds'].map((unit) => calls(`to_${unit}`, seconds)),
  ];
  expect(await differences(all, 30)).toEqual([]);
});
