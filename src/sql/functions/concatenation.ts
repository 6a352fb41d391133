/** Values put together as texts. */
import { boundLength } from '../code-points.ts';
import { commonType, widening } from '../common-type.ts';
import type { SqlFunction } from '../function.ts';
import { isList, text, typesText } from '../kinds.ts';
import { ofAny, scalar, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import type { SqlValue } from '../value.ts';
import { textOf } from '../value-text.ts';

export const CONCATENATION: readonly SqlFunction[] = [
  scalar(
    {
      name: 'concat',
      summary: 'All as one text, without nulls; lists as one list.',
      example: "concat('a', NULL, 1) = 'a1'",
      seesNulls: true,
    },
    ofAny('(list, …)', areLists, listType, (types) => {
      const common = commonType(types) ?? { kind: 'null' };
      const readers = types.map((type) => widening(type, common));
      return (args) => args.map((arg, i) => readers[i]!(arg)).flatMap((list) => (isList(list) ? list : []));
    }),
    ofAny(
      '(any type but list, …)',
      (types) => types.length > 0 && !types.some(isListType),
      T_VARCHAR,
      (types) => {
        const texts = types.map(textOf);
        return (args) => bounded(args.map((arg, i) => (arg === null ? '' : texts[i]!(arg))).join(''));
      },
    ),
  ),
  scalar(
    {
      name: 'concat_ws',
      summary: 'All as one text, without nulls, with the first between them.',
      example: "concat_ws('-', 'a', NULL, 1) = 'a-1'",
      seesNulls: true,
    },
    ofAny(
      '(VARCHAR, any type, …)',
      (types) => types.length > 1 && isText(types[0]!),
      T_VARCHAR,
      ([, ...types]) => {
        const texts = types.map(textOf);
        return ([separator = null, ...args]) => {
          if (separator === null) return null;
          return bounded(args.flatMap((arg, i) => (arg === null ? [] : [texts[i]!(arg)])).join(text(separator)));
        };
      },
    ),
  ),
];

function isText({ kind }: SqlType): boolean {
  return kind === 'varchar' || kind === 'null';
}

function areLists(types: readonly SqlType[]): boolean {
  return types.some(isListType) && types.every((type) => isListType(type) || type.kind === 'null');
}

function isListType({ kind }: SqlType): boolean {
  return kind === 'list';
}

function listType(types: readonly SqlType[]): SqlType | { readonly wrong: string } {
  return commonType(types) ?? { wrong: `concat takes lists of one type, not ${typesText(types)}` };
}

function bounded(value: string): SqlValue {
  boundLength(value.length);
  return value;
}
