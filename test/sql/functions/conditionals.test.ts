/** Choices between values, and values put together, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  argument,
  BYTES,
  DATE,
  decimals,
  INTERVAL,
  listsOf,
  REAL,
  SMALL,
  TEXT,
  TIMESTAMP,
  VARCHAR_TYPE,
  WHOLE,
} from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

const TRUTH = argument({ kind: 'boolean' }, fc.boolean());
const PAIR = argument(
  {
    kind: 'struct',
    fields: [
      { name: 'a b', type: WHOLE.type },
      { name: 'c', type: VARCHAR_TYPE },
    ],
  },
  fc.record({ 'a b': SMALL.values, c: fc.option(TEXT.values, { freq: 8, nil: null }) }),
);
const DICTIONARY = argument(
  { kind: 'map', values: WHOLE.type },
  fc.dictionary(fc.constantFrom('a', 'b c', '=', ''), SMALL.values).map((entries) => new Map(Object.entries(entries))),
);
const MIXED = [WHOLE, REAL, decimals(9, 3), TEXT, TRUTH, DATE, TIMESTAMP, INTERVAL, listsOf(TEXT), PAIR, DICTIONARY];

test('choices between values are as DuckDB has them', async () => {
  const all = [
    ...[...MIXED, BYTES].flatMap((kind) => [
      calls('coalesce', kind, kind, kind),
      calls('ifnull', kind, kind),
      calls('nullif', kind, kind),
      // Where parts are negative, DuckDB's own comparison of intervals says otherwise.
      ...(kind === INTERVAL ? [] : [calls('greatest', kind, kind, kind), calls('least', kind, kind)]),
      calls('if', TRUTH, kind, kind),
    ]),
    ...['coalesce', 'greatest', 'least', 'ifnull'].flatMap((name) => [
      calls(name, SMALL, REAL),
      calls(name, decimals(5, 2), SMALL),
      calls(name, decimals(5, 2), decimals(4, 3)),
      calls(name, DATE, TIMESTAMP),
      calls(name, listsOf(SMALL), listsOf(REAL)),
    ]),
    calls('nullif', SMALL, REAL),
    calls('typeof', TEXT),
  ];
  expect(await differences(all, 12)).toEqual([]);
});

test('values as texts are as DuckDB has them', async () => {
  const all = [
    ...[WHOLE, REAL, BYTES, decimals(9, 3), TEXT, TRUTH, DATE, TIMESTAMP, INTERVAL, PAIR, DICTIONARY].map((kind) =>
      calls('concat', TEXT, kind),
    ),
    ...[...MIXED, BYTES, listsOf(REAL), listsOf(TIMESTAMP), listsOf(listsOf(TEXT)), listsOf(INTERVAL)].map((kind) =>
      calls('concat_ws', TEXT, kind, kind),
    ),
    calls('concat', listsOf(SMALL), listsOf(REAL)),
  ];
  expect(await differences(all, 25)).toEqual([]);
});
