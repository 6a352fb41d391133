/** Structs and maps as functions take them apart, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argument, fixed, PART, SMALL, TEXT, VARCHAR_TYPE } from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

const PAIR = argument(
  {
    kind: 'struct',
    fields: [
      { name: 'a b', type: SMALL.type },
      { name: 'C', type: VARCHAR_TYPE },
    ],
  },
  fc.record({ 'a b': SMALL.values, C: fc.option(TEXT.values, { freq: 8, nil: null }) }),
);
const DICTIONARY = argument(
  { kind: 'map', values: SMALL.type },
  fc.dictionary(fc.constantFrom('a', 'b', ',', ''), fc.option(SMALL.values, { freq: 8, nil: null })).map((entries) => {
    return new Map(Object.entries(entries));
  }),
);

test('structs and maps are taken apart as in DuckDB', async () => {
  const all = [
    ...['a b', 'C', 'c'].map((name) => calls('struct_extract', PAIR, fixed(name))),
    ...['cardinality', 'map_keys', 'map_values', 'map_entries'].map((name) => calls(name, DICTIONARY)),
    ...['map_extract', 'map_extract_value', 'map_contains', 'contains'].map((name) => calls(name, DICTIONARY, PART)),
    calls('struct_keys', PAIR),
  ];
  expect(await differences(all, 40)).toEqual([]);
});
