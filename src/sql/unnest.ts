/** `unnest(list)` of a column of SELECT: no value, but a row for each element of the list. */
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { found } from './walk.ts';

function isUnnest(expression: Expression): boolean {
  return expression.kind === 'call' && expression.name === 'unnest';
}

/** The list that a column takes apart; null for a column that is a value. Throws an ExpressionError. */
export function unnestedList(expression: Expression): Expression | null {
  if (expression.kind !== 'call' || expression.name !== 'unnest') return null;
  const { args, at, isDistinct, filter } = expression;
  const [list] = args;
  if (list === undefined || args.length > 1 || isDistinct || filter !== null) {
    throw new ExpressionError('is written unnest(list)', at);
  }
  return list;
}

/** Throws an ExpressionError at an unnest that is part of something else. */
export function refuseUnnest(expression: Expression, message: string): void {
  const unnest = found(expression, isUnnest);
  if (unnest !== null) throw new ExpressionError(message, unnest.at);
}
