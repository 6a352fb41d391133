/** Checks the parts of a statement where they stand, so that what does not fit is told at its place in the text. */
import type { AvroRecord } from '../../messages/avro.ts';
import { checkExpression } from '../../sql/check.ts';
import { truth } from '../../sql/check-truth.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { recordScope } from '../../sql/scope.ts';
import { type SqlType, typeText } from '../../sql/type.ts';
import { unnestedList } from '../../sql/unnest.ts';
import { functionsWith, type UserFunction } from '../../sql/user-function.ts';

/** Checks of a statement's parts. Each throws an ExpressionError at the place of what does not fit. */
export interface Checker {
  /** The type of what the expression gives. */
  value(expression: Expression): SqlType;
  condition(expression: Expression): void;
  /** Checks a column of SELECT: a value, or a list that becomes several rows. */
  column(expression: Expression): void;
}

/** The checks over events of the schema. */
export function checkerIn(schema: AvroRecord, functions: readonly UserFunction[]): Checker {
  const scope = recordScope(schema);
  const table = functionsWith(functions);
  return {
    value: (expression) => checkExpression(expression, scope, table).type,
    column(expression) {
      const list = unnestedList(expression);
      const { type, at } = checkExpression(list ?? expression, scope, table);
      if (list !== null && type.kind !== 'list') {
        throw new ExpressionError(`unnest is of a list, and this is ${typeText(type)}`, at);
      }
    },
    condition(expression) {
      truth(checkExpression(expression, scope, table));
    },
  };
}
