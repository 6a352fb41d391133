/** Lists: their elements by place, whether one is there, other lists of them. Places are from 1; negative ones from the end. */

import { sliceOf } from '../code-points.ts';
import { commonType, widening } from '../common-type.ts';
import {
  concatType,
  containsOf,
  elementOfFirst,
  elementsOf,
  elementType,
  elementTyped,
  firstType,
  grownType,
  isListOrNull,
  listFrom,
  valueType,
} from '../elements.ts';
import type { SqlFunction } from '../function.ts';
import { ANY, INTEGER, type Kind, LIST, VARCHAR } from '../kinds.ts';
import { orderOf } from '../order.ts';
import { of1, of2, of3, ofAny, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { SqlError, type SqlValue } from '../value.ts';
import { textOf } from '../value-text.ts';

const NESTED: Kind<readonly SqlValue[]> = {
  ...LIST,
  text: 'list[]',
  takes: (type) => type.kind === 'null' || (type.kind === 'list' && isListOrNull(type.of)),
};

export const LISTS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'list_value',
      aliases: ['list_pack'],
      summary: 'A list of the arguments.',
      example: 'list_value(1, NULL) = [1, NULL]',
      seesNulls: true,
    },
    ofAny(
      '(any type, …)',
      () => true,
      valueType,
      (types) => {
        const [of = { kind: 'null' }] = [commonType(types)];
        const widen = types.map((type) => widening(type, of));
        return (args) => args.map((arg, i) => widen[i]!(arg));
      },
    ),
  ),
  scalar(
    {
      name: 'array_length',
      summary: 'How many elements a list has, as length.',
      example: 'array_length([1, 2]) = 2',
    },
    of1(LIST, T_BIGINT, (list) => list.length),
    of2(LIST, INTEGER, T_BIGINT, (list, dimension) => {
      if (dimension !== 1) throw new SqlError('array_length knows the first dimension alone');
      return list.length;
    }),
  ),
  scalar(
    {
      name: 'list_contains',
      aliases: ['list_has', 'array_contains', 'array_has'],
      summary: 'Whether an element is in a list.',
      example: 'list_contains([1, 2], 2) = true',
    },
    ofTypes([LIST, ANY], T_BOOLEAN, containsOf),
  ),
  scalar(
    {
      name: 'list_position',
      aliases: ['list_indexof', 'array_position', 'array_indexof'],
      summary: 'The place of an element, null where it is not. A null is found too.',
      example: 'list_position([5, 6], 6) = 2',
      seesNulls: true,
    },
    ofTypes([LIST, ANY], elementTyped('list_position', T_BIGINT), (types) => {
      const { element, same, listAs } = elementsOf(types);
      return ([list = null, value = null]) => {
        if (list === null) return null;
        const own = element(value);
        const at = listAs(list).findIndex((each) => same(each, own));
        return at < 0 ? null : at + 1;
      };
    }),
  ),
  scalar(
    {
      name: 'list_extract',
      aliases: ['list_element', 'array_extract'],
      summary: 'The element, or the character of a text, at a place.',
      example: "list_extract(['a', 'b'], -1) = 'b'",
    },
    of2(
      LIST,
      INTEGER,
      elementType,
      (list, place) => list[place > 0 ? place - 1 : place < 0 ? list.length + place : -1] ?? null,
    ),
    of2(VARCHAR, INTEGER, T_VARCHAR, (text, place) => {
      const points = Array.from(text);
      return points[place > 0 ? place - 1 : place < 0 ? points.length + place : -1] ?? '';
    }),
  ),
  scalar(
    {
      name: 'list_slice',
      aliases: ['array_slice'],
      summary: 'From one place to another, both included; of a list or a text.',
      example: 'list_slice([1, 2, 3, 4], 2, 3) = [2, 3]',
    },
    of3(LIST, INTEGER, INTEGER, firstType, (list, from, to) => list.slice(...sliceBounds(list.length, from, to))),
    of3(VARCHAR, INTEGER, INTEGER, T_VARCHAR, (text, from, to) => {
      return sliceOf(text, ...sliceBounds(Array.from(text).length, from, to));
    }),
  ),
  scalar(
    {
      name: 'list_concat',
      aliases: ['list_cat', 'array_concat', 'array_cat'],
      summary: 'Lists as one; a null is an empty one.',
      example: 'list_concat([1], [2, 3]) = [1, 2, 3]',
      seesNulls: true,
    },
    ofAny(
      '(list, …)',
      (types) => types.length > 0 && types.every(isListOrNull),
      concatType,
      (types) => {
        const [common = { kind: 'null' }] = [commonType(types)];
        const widen = types.map((type) => widening(type, common));
        // Of nulls that are of no type there is no list.
        if (types.every(({ kind }) => kind === 'null')) return () => null;
        return (args) => args.flatMap((arg, i) => (arg === null ? [] : listFrom(widen[i]!(arg))));
      },
    ),
  ),
  scalar(
    {
      name: 'list_append',
      aliases: ['array_append', 'array_push_back'],
      summary: 'With an element at its end.',
      example: 'list_append([1], 2) = [1, 2]',
      seesNulls: true,
    },
    ofTypes([LIST, ANY], grownType('list_append'), (types) => {
      const { element, listAs } = elementsOf(types);
      return ([list = null, value = null]) => [...listAs(list), element(value)];
    }),
  ),
  scalar(
    {
      name: 'list_prepend',
      aliases: ['array_prepend'],
      summary: 'With an element at its beginning.',
      example: 'list_prepend(1, [2]) = [1, 2]',
      seesNulls: true,
    },
    ofTypes(
      [ANY, LIST],
      ([value, list]) => grownType('list_prepend')([list!, value!]),
      ([of, list]) => {
        const { element, listAs } = elementsOf([list!, of!]);
        return ([value = null, own = null]) => [element(value), ...listAs(own)];
      },
    ),
  ),
  scalar(
    {
      name: 'list_reverse',
      aliases: ['array_reverse'],
      summary: 'Backwards.',
      example: 'list_reverse([1, 2]) = [2, 1]',
    },
    of1(LIST, firstType, (list) => [...list].reverse()),
  ),
  sorting('list_sort', 'array_sort', 'Sorted, nulls last', 'list_sort([2, 3, 1]) = [1, 2, 3]', false),
  sorting(
    'list_reverse_sort',
    'array_reverse_sort',
    'Sorted downwards, nulls last',
    'list_reverse_sort([2, 3, 1]) = [3, 2, 1]',
    true,
  ),
  scalar(
    {
      name: 'flatten',
      summary: 'The lists of a list as one.',
      example: 'flatten([[1], [2, 3]]) = [1, 2, 3]',
    },
    ofTypes(
      [NESTED],
      elementOfFirst,
      () =>
        ([lists = null]) =>
          listFrom(lists).flatMap(listFrom),
    ),
  ),
  scalar(
    {
      name: 'array_to_string',
      aliases: ['list_to_string'],
      summary: 'The elements as one text with another between them, without nulls.',
      example: "array_to_string([1, 2], '-') = '1-2'",
      differs: 'With a null between them the result is null.',
    },
    ofTypes([LIST, VARCHAR], T_VARCHAR, ([type]) => {
      const write = textOf(elementType([type!]));
      return ([list = null, between = null]) => {
        const texts = listFrom(list).flatMap((value) => (value === null ? [] : [write(value)]));
        return texts.length === 0 && listFrom(list).length > 0 ? null : texts.join(String(between));
      };
    }),
  ),
];

function sorting(name: string, alias: string, summary: string, example: string, isReverse: boolean): SqlFunction {
  const sorted = (type: SqlType, isDown: boolean, areNullsFirst: boolean) => {
    const order = orderOf(elementType([type]));
    const directed = isDown ? (a: SqlValue, b: SqlValue) => order(b, a) : order;
    return (list: SqlValue) => {
      const there = listFrom(list).filter((value) => value !== null);
      const nulls = listFrom(list).filter((value) => value === null);
      there.sort(directed);
      return areNullsFirst ? [...nulls, ...there] : [...there, ...nulls];
    };
  };
  return scalar(
    {
      name,
      aliases: [alias],
      summary: `${summary}; or by 'ASC' or 'DESC', and 'NULLS FIRST' or 'NULLS LAST'.`,
      example,
    },
    ofTypes([LIST], firstType, ([type]) => {
      const sort = sorted(type!, isReverse, false);
      return ([list = null]) => sort(list);
    }),
    ...(isReverse
      ? [
          ofTypes(
            [LIST, VARCHAR],
            firstType,
            ([type]) =>
              ([list = null, nulls = null]) =>
                sorted(type!, true, isNullsFirst(nulls))(list),
          ),
        ]
      : [
          ofTypes(
            [LIST, VARCHAR],
            firstType,
            ([type]) =>
              ([list = null, order = null]) =>
                sorted(type!, isDown(order), false)(list),
          ),
          ofTypes([LIST, VARCHAR, VARCHAR], firstType, ([type]) => {
            return ([list = null, order = null, nulls = null]) =>
              sorted(type!, isDown(order), isNullsFirst(nulls))(list);
          }),
        ]),
  );
}

function isDown(order: SqlValue): boolean {
  const word = String(order).toUpperCase();
  if (!/^(ASC|DESC)(ENDING)?$/.test(word)) throw new SqlError(`A list is sorted by 'ASC' or 'DESC', not by '${word}'`);
  return word.startsWith('DESC');
}

function isNullsFirst(nulls: SqlValue): boolean {
  const word = String(nulls).toUpperCase();
  if (!/^NULLS (FIRST|LAST)$/.test(word))
    throw new SqlError(`Nulls are sorted 'NULLS FIRST' or 'NULLS LAST', not '${word}'`);
  return word === 'NULLS FIRST';
}

/** Both bounds included; a place before the first is the first. */
function sliceBounds(length: number, from: number, to: number): [start: number, end: number] {
  const start = from < 0 ? Math.max(0, length + from) : Math.max(0, from - 1);
  return [start, Math.max(start, to < 0 ? length + to + 1 : to)];
}
