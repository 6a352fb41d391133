/**
 * The language of expressions before SQL, for logs that were derived in it: texts may stand in double quotes, and all
 * numbers are doubles. All other forms are SQL's.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { checkExpression } from './check.ts';
import type { Checked } from './checked.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { decimalNumber, isDecimal } from './kinds.ts';
import { parseExpression } from './parse.ts';
import { earlierScope, recordScope } from './scope.ts';

/** Throws an ExpressionError. */
export function earlierExpression(text: string): Expression {
  return mapped(parseExpression(text));
}

function mapped(expression: Expression): Expression {
  const { at } = expression;
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      if (typeof value === 'number' || typeof value === 'bigint') return double(Number(value), at);
      return isDecimal(value) ? double(decimalNumber(value), at) : expression;
    }
    case 'column': {
      const [text = '', ...others] = expression.names;
      if (!expression.isQuoted || others.length > 0) return expression;
      return { kind: 'literal', type: { kind: 'varchar' }, value: text, at };
    }
    case 'not':
    case 'minus':
    case 'isNull':
      return { ...expression, of: mapped(expression.of) };
    case 'and':
    case 'or':
      return { ...expression, of: expression.of.map(mapped) };
    case 'compute': {
      const steps = expression.steps.map((step) => ({ ...step, operand: mapped(step.operand) }));
      return { ...expression, first: mapped(expression.first), steps };
    }
    case 'compare':
      return { ...expression, left: mapped(expression.left), right: mapped(expression.right) };
    case 'in':
      return { ...expression, of: mapped(expression.of), values: expression.values.map(mapped) };
    default:
      throw new ExpressionError('is no form of the earlier language', at);
  }
}

function double(value: number, at: number): Expression {
  return { kind: 'literal', type: { kind: 'double' }, value, at };
}

/** Types whose values both languages compute alike. */
const ALIKE: readonly string[] = ['boolean', 'bigint', 'double', 'varchar', 'null'];

/** Whether an expression says the same in both languages, and gives values of the same type. Not sound at all is not the same. */
export function meansTheSame(text: string, schema: AvroRecord): boolean {
  try {
    const written = parseExpression(text);
    const sql = checkExpression(written, recordScope(schema));
    const earlier = checkExpression(mapped(written), earlierScope(schema));
    if (written.kind === 'column' && sql.kind === 'field') return sql.field.path === written.names.join('.');
    return !hasQuotedName(written) && isAlike(sql) && sql.type.kind === earlier.type.kind;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

function hasQuotedName(expression: Expression): boolean {
  return expression.kind === 'column' ? expression.isQuoted : partsOf(expression).some(hasQuotedName);
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'not':
    case 'minus':
    case 'isNull':
      return [expression.of];
    case 'and':
    case 'or':
      return expression.of;
    case 'compute':
      return [expression.first, ...expression.steps.map(({ operand }) => operand)];
    case 'compare':
      return [expression.left, expression.right];
    case 'in':
      return [expression.of, ...expression.values];
    default:
      return [];
  }
}

function isAlike(node: Checked): boolean {
  if (!ALIKE.includes(node.type.kind)) return false;
  switch (node.kind) {
    case 'not':
    case 'isNull':
    case 'cast':
      return isAlike(node.of);
    case 'and':
    case 'or':
      return node.of.every(isAlike);
    case 'compute':
      return (
        isAlike(node.first) && node.steps.every(({ operand, type }) => isAlike(operand) && ALIKE.includes(type.kind))
      );
    case 'compare':
      return isAlike(node.left) && isAlike(node.right);
    case 'in':
      return isAlike(node.of) && node.values.every(isAlike);
    case 'field':
    case 'constant':
      return true;
    default:
      return false;
  }
}
