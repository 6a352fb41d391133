/**
 * Calls with a lambda, which is computed for each element of a list, as in DuckDB's list_transform, list_filter and
 * list_reduce.
 */

import { truth } from './check-truth.ts';
import type { Checked } from './checked.ts';
import { coerced, commonTypeOf, named } from './coerce.ts';
import type { CallExpression, Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import type { Scope } from './scope.ts';
import type { SqlType } from './type.ts';
import type { Cell } from './value.ts';

type Kind = Extract<Checked, { kind: 'each' }>['by'];

const KINDS: Readonly<Record<string, Kind | undefined>> = {
  list_transform: 'transform',
  array_transform: 'transform',
  list_apply: 'transform',
  array_apply: 'transform',
  apply: 'transform',
  list_filter: 'filter',
  array_filter: 'filter',
  filter: 'filter',
  list_reduce: 'reduce',
  array_reduce: 'reduce',
  reduce: 'reduce',
};

export const LAMBDA_FORMS: Readonly<Record<Kind, string>> = {
  transform: 'list_transform(list, lambda x: …)',
  filter: 'list_filter(list, lambda x: …)',
  reduce: 'list_reduce(list, lambda total, x: …), with a third argument to begin with',
};

type Check = (expression: Expression, scope: Scope) => Checked;

/** `check` checks a part of the call in a scope. Throws an ExpressionError. */
export function lambdaCall({ name, args, at }: CallExpression, scope: Scope, check: Check): Checked {
  const by = KINDS[name];
  const [listed, lambda, begin, ...more] = args;
  const refuse = (): never => {
    throw new ExpressionError(by === undefined ? `${name} takes no lambda` : `is written ${LAMBDA_FORMS[by]}`, at);
  };
  if (by === undefined || listed === undefined || lambda?.kind !== 'lambda' || more.length > 0) return refuse();
  const isReduce = by === 'reduce';
  const { params, body, at: lambdaAt } = lambda;
  const most = isReduce ? 3 : 2;
  if ((begin !== undefined && !isReduce) || params.length < most - 1 || params.length > most) return refuse();
  const list = check(listed, scope);
  if (list.type.kind !== 'list') throw new ExpressionError(`must be a list, and is ${named(list.type)}`, list.at);
  const first = begin === undefined ? null : check(begin, scope);
  const of = list.type.of;
  const total = first === null ? of : commonTypeOf([first, { ...list, type: of }], 'be one value');
  const types: readonly SqlType[] = isReduce ? [total, of, INDEX] : [of, INDEX];
  const cells = params.map((): Cell => ({ value: null }));
  const own = check(body, withParams(scope, params, types, cells));
  const result = by === 'filter' ? truth(own) : isReduce ? asTotal(own, total, lambdaAt) : own;
  const type: SqlType = isReduce ? total : { kind: 'list', of: by === 'filter' ? of : own.type };
  const initial = first === null ? null : coerced(first, total);
  return { kind: 'each', by, type, list, cells, body: result, initial, at };
}

const INDEX: SqlType = { kind: 'bigint' };

function asTotal(body: Checked, total: SqlType, at: number): Checked {
  if (body.type.kind === total.kind || body.type.kind === 'null') return coerced(body, total);
  if (total.kind === 'double' || total.kind === 'decimal') return coerced(body, total);
  throw new ExpressionError(`gives ${named(body.type)} where the total is ${named(total)}; CAST it`, at);
}

/** Parameters go before the fields that are called as they are. */
function withParams(scope: Scope, params: readonly string[], types: readonly SqlType[], cells: readonly Cell[]): Scope {
  return {
    field(names) {
      const at = params.findIndex((param) => param.toLowerCase() === names[0]?.toLowerCase());
      const [type, cell] = [types[at], cells[at]];
      if (type === undefined || cell === undefined) return scope.field(names);
      return { path: '', type, ticksPerMs: 1, value: () => null, names: 1, cell };
    },
  };
}
