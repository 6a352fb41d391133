/** A list as one value, by the name of an aggregate: `list_sum` and the like under one name. */
import { elementType } from '../elements.ts';
import type { SqlFunction } from '../function.ts';
import { LIST, VARCHAR } from '../kinds.ts';
import { of1, ofTypes, scalar } from '../overloads.ts';
import { LIST_SETS } from './list-sets.ts';
import { LISTS } from './lists.ts';

const ENDS: readonly SqlFunction[] = [
  scalar(
    { name: 'list_first', summary: 'The first element, null or not.', example: 'list_first([1, 2]) = 1' },
    of1(LIST, elementType, (list) => list[0] ?? null),
  ),
  scalar(
    { name: 'list_last', summary: 'The last element, null or not.', example: 'list_last([1, 2]) = 2' },
    of1(LIST, elementType, (list) => list.at(-1) ?? null),
  ),
  scalar(
    {
      name: 'list_any_value',
      summary: 'The first element that is not null.',
      example: 'list_any_value([NULL, 2]) = 2',
    },
    of1(LIST, elementType, (list) => list.find((value) => value !== null) ?? null),
  ),
];

/** By the name that `list_aggregate` is given. */
const NAMED = new Map<string, SqlFunction>(
  ['sum', 'avg', 'product', 'min', 'max', 'count', 'first', 'last', 'any_value'].flatMap((name) => {
    const found = [...LISTS, ...LIST_SETS, ...ENDS].find((fn) => fn.name === `list_${name}`);
    return found === undefined ? [] : [[name, found] as const];
  }),
);

export const LIST_AGGREGATES: readonly SqlFunction[] = [
  ...ENDS,
  scalar(
    {
      name: 'list_aggregate',
      aliases: ['list_aggr', 'array_aggregate', 'array_aggr', 'aggregate'],
      summary: `A list as one value: ${[...NAMED.keys()].join(', ')}.`,
      example: "list_aggregate([1, 2], 'sum') = 3",
      differs: 'The name is a constant, and one of these.',
    },
    ofTypes(
      [LIST, VARCHAR],
      ([list], [, name]) => {
        const found = typeof name === 'string' ? NAMED.get(name.toLowerCase()) : undefined;
        if (found !== undefined) return found.resultType([list!]);
        return {
          wrong: `list_aggregate takes one of the constants ${[...NAMED.keys()].map((each) => `'${each}'`).join(', ')}`,
        };
      },
      ([list], [, name]) => {
        const found = NAMED.get(String(name).toLowerCase());
        const call = found?.prepare?.([undefined], [list!]) ?? (() => null);
        return ([values = null]) => call([values]);
      },
    ),
  ),
];
