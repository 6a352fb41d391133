/** Lists as sets, and lists as one value: sums and the like. */
import { commonType, widening } from '../common-type.ts';
import { concatType, distinct, elementType, firstType, keyOf, listFrom } from '../elements.ts';
import type { SqlFunction } from '../function.ts';
import { DOUBLE, decimal, integer, LIST, listOf } from '../kinds.ts';
import { orderOf } from '../order.ts';
import { of1, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_DOUBLE } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import type { SqlValue } from '../value.ts';

const UNORDERED = "The elements stand in the order in which they first come; DuckDB's order is none.";

export const LIST_SETS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'list_distinct',
      aliases: ['array_distinct'],
      summary: 'Each element once, without nulls.',
      example: 'list_distinct([1, 1, NULL]) = [1]',
      differs: UNORDERED,
    },
    ofTypes([LIST], firstType, ([type]) => {
      const key = keyOf(elementType([type!]));
      return ([list = null]) => distinct(listFrom(list), key);
    }),
  ),
  scalar(
    {
      name: 'list_unique',
      aliases: ['array_unique'],
      summary: 'How many different elements there are, without nulls.',
      example: 'list_unique([1, 1, NULL]) = 1',
    },
    ofTypes([LIST], T_BIGINT, ([type]) => {
      const key = keyOf(elementType([type!]));
      return ([list = null]) => distinct(listFrom(list), key).length;
    }),
  ),
  ofTwoLists(
    'list_has_any',
    'array_has_any',
    'Whether an element is in both.',
    'list_has_any([1, 2], [2, 3]) = true',
    (a, b) => {
      return a.some((key) => b.has(key));
    },
  ),
  ofTwoLists(
    'list_has_all',
    'array_has_all',
    'Whether all of the second are in the first.',
    'list_has_all([1, 2], [2]) = true',
    (a, b) => {
      const own = new Set(a);
      return [...b].every((key) => own.has(key));
    },
  ),
  scalar(
    {
      name: 'list_intersect',
      aliases: ['array_intersect'],
      summary: 'Each element that is in both, once, without nulls.',
      example: 'list_intersect([1, 2], [2, 3]) = [2]',
      differs: UNORDERED,
      seesNulls: true,
    },
    ofTypes(
      [LIST, LIST],
      ([a, b]) => concatType([a!, b!]),
      ([a, b]) => {
        const of = elementType([commonType([a!, b!]) ?? a!]);
        const key = keyOf(of);
        const [readA, readB] = [a!, b!].map((type) => widening(type, { kind: 'list', of }));
        return ([x = null, y = null]) => {
          if (x === null) return null;
          const others = new Set(listFrom(readB!(y)).map(key));
          return distinct(listFrom(readA!(x)), key).filter((value) => others.has(key(value)));
        };
      },
    ),
  ),
  scalar(
    {
      name: 'list_count',
      summary: 'How many elements are not null.',
      example: 'list_count([1, NULL]) = 1',
    },
    of1(LIST, T_BIGINT, (list) => list.filter((value) => value !== null).length),
  ),
  scalar(
    {
      name: 'list_sum',
      summary: 'The sum of the elements that are not null; null of none.',
      example: 'list_sum([1, 2]) = 3',
      differs: 'Of whole numbers it is a BIGINT, and beyond 64 bits a fault.',
    },
    ofTypes([listOf(DOUBLE)], sumType, ([type]) => sumOf(elementType([type!]))),
  ),
  scalar(
    {
      name: 'list_avg',
      summary: 'The mean of the elements that are not null; null of none.',
      example: 'list_avg([1, 2]) = 1.5',
    },
    of1(listOf(DOUBLE), T_DOUBLE, (list) => {
      const numbers = list.flatMap((value) => value ?? []);
      return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    }),
  ),
  scalar(
    {
      name: 'list_product',
      summary: 'The product of the elements that are not null; null of none.',
      example: 'list_product([2, 3]) = 6',
    },
    of1(listOf(DOUBLE), T_DOUBLE, (list) => {
      const numbers = list.flatMap((value) => value ?? []);
      return numbers.length === 0 ? null : numbers.reduce((product, value) => product * value, 1);
    }),
  ),
  extremeOf('list_min', 'The least element; null of none.', 'list_min([2, 1]) = 1', -1),
  extremeOf('list_max', 'The greatest element; null of none.', 'list_max([2, 1]) = 2', 1),
];

function sumType([type]: readonly SqlType[]): SqlType {
  const of = elementType([type!]);
  return of.kind === 'decimal' ? { ...of, precision: 38 } : of.kind === 'double' ? of : T_BIGINT;
}

function sumOf(of: SqlType): (args: readonly SqlValue[]) => SqlValue {
  return ([list = null]) => {
    const values = listFrom(list).filter((value) => value !== null);
    if (values.length === 0) return null;
    if (of.kind === 'double') return values.reduce<number>((sum, value) => sum + Number(value), 0);
    if (of.kind !== 'decimal') return values.reduce<bigint>((sum, value) => sum + BigInt(integer(value)), 0n);
    return { unscaled: values.reduce<bigint>((sum, value) => sum + decimal(value).unscaled, 0n), scale: of.scale };
  };
}

function extremeOf(name: string, summary: string, example: string, sign: number): SqlFunction {
  return scalar(
    { name, summary, example },
    ofTypes(
      [LIST],
      (types) => elementType(types),
      ([type]) => {
        const order = orderOf(elementType([type!]));
        return ([list = null]) => {
          let best: SqlValue = null;
          for (const value of listFrom(list)) {
            if (value !== null && (best === null || order(value, best) * sign > 0)) best = value;
          }
          return best;
        };
      },
    ),
  );
}

function ofTwoLists(
  name: string,
  alias: string,
  summary: string,
  example: string,
  test: (a: readonly unknown[], b: ReadonlySet<unknown>) => boolean,
): SqlFunction {
  return scalar(
    { name, aliases: [alias], summary, example },
    ofTypes(
      [LIST, LIST],
      (types) => (commonType(types) === undefined ? concatType(types) : T_BOOLEAN),
      (types) => {
        const common = commonType(types) ?? types[0]!;
        const key = keyOf(elementType([common]));
        const [readA, readB] = types.map((type) => widening(type, common));
        const keys = (list: SqlValue) => listFrom(list).flatMap((value) => (value === null ? [] : [key(value)]));
        return ([a = null, b = null]) => test(keys(readA!(a)), new Set(keys(readB!(b))));
      },
    ),
  );
}
