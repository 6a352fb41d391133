/**
 * Calls of functions. A function that chooses among its arguments becomes a CASE, so that only the chosen argument is
 * computed.
 */

import { choice, compared, truth } from './check-truth.ts';
import { BOOLEAN, type Checked, constantOf } from './checked.ts';
import { coerced, unzoned } from './coerce.ts';
import type { CallExpression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import type { SqlFunction } from './function.ts';
import type { FunctionTable } from './functions.ts';
import { SqlError, type SqlValue } from './value.ts';

/** Aggregates that windows have; a scalar expression has none. */
const AGGREGATES: readonly string[] = ['count', 'sum', 'avg', 'min', 'max', 'first', 'last', 'collect'];

/** Throws an ExpressionError when there is no such function, or it does not take the arguments. */
export function checkCall(call: CallExpression, args: readonly Checked[], functions: FunctionTable): Checked {
  const { name, at } = call;
  const chosen = CHOICES[name];
  if (chosen !== undefined) {
    if (args.length < chosen.min || args.length > chosen.max) {
      throw new ExpressionError(`is written ${chosen.form}`, at);
    }
    return chosen.make(args, at);
  }
  const fn = functions.named(name);
  if (fn === undefined) throw new ExpressionError(unknown(name, functions), at);
  if (call.isDistinct || call.filter !== null) {
    throw new ExpressionError(`DISTINCT and FILTER are for aggregates, and ${name} is none`, at);
  }
  return callOf(fn, args, at);
}

function unknown(name: string, functions: FunctionTable): string {
  if (AGGREGATES.includes(name)) {
    return `${name} is an aggregate, over the events of a window; one event is at hand here`;
  }
  if (name === 'unnest') {
    return 'unnest gives a row for each element, so it stands alone in a column of SELECT: unnest(list) AS x. Compute of x in a view of that one';
  }
  const nearest = functions.nearest(name);
  return `there is no function ${name}${nearest === undefined ? '; docs/sql.md lists them' : `; did you mean ${nearest}?`}`;
}

/** Functions know a time with a zone as the TIMESTAMP in UTC that it is, but for those of zones and of types. */
function callOf(fn: SqlFunction, args: readonly Checked[], at: number): Checked {
  if (['timezone', 'typeof'].includes(fn.name) || !args.some(({ type }) => type.kind === 'timestamptz')) {
    return scalarCall(fn, args, at);
  }
  const result = scalarCall(fn, args.map(unzoned), at);
  return result.type.kind === 'timestamp' ? coerced(result, { kind: 'timestamptz' }) : result;
}

function scalarCall(fn: SqlFunction, args: readonly Checked[], at: number): Checked {
  const types = args.map(({ type }) => type);
  const constants = args.map((arg) => (arg.kind === 'constant' ? arg.value : undefined));
  const type = fn.resultType(types, constants);
  if ('wrong' in type) throw new ExpressionError(type.wrong, at);
  const seesNulls = fn.seesNulls === true;
  try {
    const call = fn.prepare?.(constants, types) ?? ((values: readonly SqlValue[]) => fn.call(values, types));
    const known = constants.filter((value) => value !== undefined);
    if (known.length === args.length && fn.isOfUsers !== true) {
      const isNull = !seesNulls && known.includes(null);
      return constantOf(type, isNull ? null : call(known), at);
    }
    const isNumeric = [...types, type].every(({ kind }) => kind === 'bigint' || kind === 'double');
    const numeric = isNumeric ? (fn.numeric ?? null) : null;
    return { kind: 'call', name: fn.name, type, args, call, seesNulls, numeric, at };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new ExpressionError(error.message, at);
  }
}

interface Choice {
  readonly form: string;
  readonly min: number;
  readonly max: number;
  make(args: readonly Checked[], at: number): Checked;
}

const COALESCE: Choice = {
  form: 'coalesce(x, y, …)',
  min: 1,
  max: Number.POSITIVE_INFINITY,
  make(args, at) {
    const whens = args.slice(0, -1).map((arg) => notNull(arg));
    return choice(whens, args, at);
  },
};

const IF: Choice = {
  form: 'if(condition, x, y)',
  min: 3,
  max: 3,
  make: ([when, result, otherwise], at) => choice([truth(when!)], [result!, otherwise!], at),
};

/** Each is in the table of functions too, for its documentation. */
const CHOICES: Readonly<Record<string, Choice | undefined>> = {
  coalesce: COALESCE,
  ifnull: { ...COALESCE, form: 'ifnull(x, y)', min: 2, max: 2 },
  if: IF,
  iff: IF,
  nullif: {
    form: 'nullif(x, y)',
    min: 2,
    max: 2,
    make([of, other], at) {
      const [left, right] = compared([of!, other!]);
      const isEqual: Checked = { kind: 'compare', type: BOOLEAN, operator: '=', left: left!, right: right!, at };
      return choice([isEqual], [constantOf({ kind: 'null' }, null, at), of!], at);
    },
  },
};

function notNull(of: Checked): Checked {
  return { kind: 'not', type: BOOLEAN, of: { kind: 'isNull', type: BOOLEAN, of, at: of.at }, at: of.at };
}
