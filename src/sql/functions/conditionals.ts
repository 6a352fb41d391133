/** Choices between values: the first that is there, the greatest, one or the other. Constants and fields have one type then. */
import { commonType, widening } from '../common-type.ts';
import type { SqlFunction } from '../function.ts';
import { ANY, BOOLEAN, typesText } from '../kinds.ts';
import { type Order, orderOf } from '../order.ts';
import { ofAny, ofTypes, scalar, T_VARCHAR } from '../overloads.ts';
import { type SqlType, typeText } from '../type.ts';
import type { SqlValue } from '../value.ts';

const INTERVALS = "Intervals are compared as by `<`, which DuckDB's function does not do where one has negative parts.";

export const CONDITIONALS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'coalesce',
      summary: 'The first that is not null.',
      example: 'coalesce(NULL, 2, 3) = 2',
      seesNulls: true,
      numeric: (...all) => all.find((value) => !Number.isNaN(value)) ?? Number.NaN,
    },
    ofAny(
      '(any type, …)',
      (types) => types.length > 0,
      oneType('coalesce'),
      (types) => {
        const readers = readersOf(types);
        return (args) => {
          const i = args.findIndex((arg) => arg !== null);
          return i < 0 ? null : readers[i]!(args[i]!);
        };
      },
    ),
  ),
  scalar(
    {
      name: 'ifnull',
      summary: 'The first, or the second where that is null.',
      example: 'ifnull(NULL, 2) = 2',
      seesNulls: true,
      numeric: (a, b = Number.NaN) => (Number.isNaN(a) ? b : a),
    },
    ofTypes([ANY, ANY], oneType('ifnull'), (types) => {
      const [first, second] = readersOf(types);
      return ([a = null, b = null]) => (a === null ? second!(b) : first!(a));
    }),
  ),
  scalar(
    {
      name: 'nullif',
      summary: 'The first, or null where both are equal.',
      example: 'nullif(2, 3) = 2',
      seesNulls: true,
      numeric: (a, b) => (a === b ? Number.NaN : a),
    },
    ofTypes([ANY, ANY], ofFirst('nullif'), (types) => {
      const [first, second] = readersOf(types);
      const order = orderOf(commonType(types) ?? { kind: 'null' });
      return ([a = null, b = null]) => {
        if (a === null || b === null) return a;
        return order(first!(a), second!(b)) === 0 ? null : a;
      };
    }),
  ),
  scalar(
    {
      name: 'if',
      summary: 'The second where the first is true, else the third.',
      example: "if(1 < 2, 'yes', 'no') = 'yes'",
      seesNulls: true,
    },
    ofTypes(
      [BOOLEAN, ANY, ANY],
      ([, ...types]) => oneType('if')(types),
      ([, ...types]) => {
        const [then, otherwise] = readersOf(types);
        return ([condition, a = null, b = null]) => (condition === true ? then!(a) : otherwise!(b));
      },
    ),
  ),
  extreme('greatest', 'The greatest of those that are not null.', 'greatest(1, NULL, 3) = 3', 1),
  extreme('least', 'The least of those that are not null.', 'least(1, NULL, 3) = 1', -1),
  scalar(
    {
      name: 'typeof',
      summary: 'The type of an expression.',
      example: "typeof('a') = 'VARCHAR'",
      differs: 'Whole numbers of every width are BIGINT.',
      seesNulls: true,
    },
    ofTypes(
      [ANY],
      T_VARCHAR,
      ([type]) =>
        () =>
          typeText(type ?? { kind: 'null' }),
    ),
  ),
];

function extreme(name: string, summary: string, example: string, sign: number): SqlFunction {
  return scalar(
    { name, summary, example, differs: INTERVALS, seesNulls: true, numeric: (...all) => extremeNumber(all, sign) },
    ofAny(
      '(any type, …)',
      (types) => types.length > 0,
      oneType(name),
      (types) => {
        const readers = readersOf(types);
        const order = orderOf(commonType(types) ?? { kind: 'null' });
        return (args) =>
          extremeOf(
            args.map((arg, i) => readers[i]!(arg)),
            order,
            sign,
          );
      },
    ),
  );
}

function extremeOf(values: readonly SqlValue[], order: Order, sign: number): SqlValue {
  let best: SqlValue = null;
  for (const value of values) {
    if (value !== null && (best === null || order(value, best) * sign > 0)) best = value;
  }
  return best;
}

function extremeNumber(values: readonly number[], sign: number): number {
  let best = Number.NaN;
  for (const value of values) if (Number.isNaN(best) || (value - best) * sign > 0) best = value;
  return best;
}

/** Each argument as the type that all have together. */
function readersOf(types: readonly SqlType[]): ((value: SqlValue) => SqlValue)[] {
  const common = commonType(types) ?? { kind: 'null' };
  return types.map((type) => widening(type, common));
}

function oneType(name: string): (types: readonly SqlType[]) => SqlType | { readonly wrong: string } {
  return (types) => {
    const common = commonType(types);
    if (common !== undefined) return common;
    return { wrong: `${name} takes values of one type, not of ${typesText(types)}: CAST one to the other's` };
  };
}

function ofFirst(name: string): (types: readonly SqlType[]) => SqlType | { readonly wrong: string } {
  return (types) => {
    const common = oneType(name)(types);
    return 'wrong' in common ? common : (types[0] ?? common);
  };
}
