/**
 * The two sides of a condition that compares one number with a constant: the value that it looks at, and the constant.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { compileExpression } from './compile.ts';
import type { Expression } from './expression.ts';
import { expressionText } from './expression-text.ts';
import { parseExpression } from './parse.ts';
import type { UserFunction } from './user-function.ts';

/** Null for any other condition. Throws an ExpressionError when the text is no expression over the schema. */
export function comparedNumbers(
  text: string,
  schema: AvroRecord,
  functions: readonly UserFunction[],
): { readonly value: string; readonly norm: string } | null {
  const condition = parseExpression(text);
  if (condition.kind !== 'compare') return null;
  const [left, right] = [condition.left, condition.right];
  const isNumber = (of: Expression): boolean =>
    ['bigint', 'double', 'decimal'].includes(compileExpression(expressionText(of), schema, 'sql', functions).type.kind);
  if (!isNumber(left) || !isNumber(right)) return null;
  if (isConstant(right) && !isConstant(left)) return { value: expressionText(left), norm: expressionText(right) };
  if (isConstant(left) && !isConstant(right)) return { value: expressionText(right), norm: expressionText(left) };
  return null;
}

function isConstant(expression: Expression): boolean {
  return expression.kind === 'literal' || (expression.kind === 'minus' && isConstant(expression.of));
}
