/** Lists as functions make them, beside DuckDB on random arguments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argument, decimals, fixed, listsOf, PART, REAL, SMALL, TEXT, WHOLE } from './arguments.ts';
import { calls, differences, nearCalls, unorderedCalls } from './beside-duckdb.ts';

const DIGIT = argument({ kind: 'bigint' }, fc.integer({ min: 0, max: 4 }));
const KINDS = [DIGIT, PART, listsOf(DIGIT)];

test('lists are as DuckDB has them', async () => {
  const all = [
    ...KINDS.flatMap((kind) => {
      const list = listsOf(kind);
      return [
        calls('list_value', kind, kind),
        calls('array_length', list),
        calls('list_contains', list, kind),
        calls('contains', list, kind),
        calls('list_position', list, kind),
        calls('list_extract', list, SMALL),
        calls('list_slice', list, SMALL, SMALL),
        calls('list_concat', list, list),
        calls('list_append', list, kind),
        calls('list_prepend', kind, list),
        calls('list_reverse', list),
        calls('list_sort', list),
        calls('list_reverse_sort', list),
        calls('list_unique', list),
        calls('list_has_any', list, list),
        calls('list_has_all', list, list),
        calls('list_min', list),
        calls('list_max', list),
        calls('list_count', list),
        unorderedCalls('list_distinct', list),
        unorderedCalls('list_intersect', list, list),
        calls('flatten', listsOf(list)),
        calls('array_to_string', list, fixed('-')),
      ];
    }),
    calls('list_contains', listsOf(DIGIT), REAL),
    calls('list_position', listsOf(REAL), DIGIT),
    calls('list_append', listsOf(DIGIT), decimals(3, 2)),
    calls('list_extract', TEXT, SMALL),
    calls('list_slice', TEXT, SMALL, SMALL),
    ...[DIGIT, decimals(3, 2), REAL].flatMap((kind) => [
      calls('list_sum', listsOf(kind)),
      nearCalls('list_avg', listsOf(kind)),
      nearCalls('list_product', listsOf(kind)),
    ]),
    calls('list_sum', listsOf(WHOLE)),
    ...['sum', 'min', 'max', 'count', 'first', 'last', 'any_value'].map((name) => {
      return calls('list_aggregate', listsOf(DIGIT), fixed(name));
    }),
    ...['avg', 'product'].map((name) => nearCalls('list_aggregate', listsOf(DIGIT), fixed(name))),
    ...['list_first', 'list_last', 'list_any_value'].map((name) => calls(name, listsOf(PART))),
  ];
  expect(await differences(all, 20)).toEqual([]);
});

test('lists are sorted as DuckDB sorts them', async () => {
  const orders = ['ASC', 'desc'].map(fixed);
  const nulls = ['NULLS FIRST', 'NULLS LAST'].map(fixed);
  const all = KINDS.map(listsOf).flatMap((list) => [
    ...orders.map((order) => calls('list_sort', list, order)),
    ...orders.flatMap((order) => nulls.map((place) => calls('list_sort', list, order, place))),
    ...nulls.map((place) => calls('list_reverse_sort', list, place)),
  ]);
  expect(await differences(all, 10)).toEqual([]);
});
