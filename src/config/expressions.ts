/** Expressions as a file writes them, against the schema of their stream. */
import { z } from 'zod';
import { fieldOf, unknownField } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { checkExpression, ExpressionError, parseExpression, type ValueType } from '../streams/expression.ts';
import { expressionTypeOf, fieldAt } from '../streams/field-type.ts';

export const condition = z
  .string()
  .nullable()
  .default(null)
  .describe("Takes events of which this is true, such as amount > 0 and country == 'DE'.");

export function checkCondition(text: string, schema: AvroRecord, report: (message: string) => void): void {
  checkTyped(text, schema, report, (type, at) => {
    if (type !== 'truth') throw new ExpressionError('must be a condition, such as amount > 0', at);
  });
}

export function checkValue(text: string, schema: AvroRecord, report: (message: string) => void): void {
  checkTyped(text, schema, report, () => {});
}

function checkTyped(
  text: string,
  schema: AvroRecord,
  report: (message: string) => void,
  check: (type: ValueType, at: number) => void,
): void {
  try {
    const expression = parseExpression(text);
    check(
      checkExpression(expression, (path, at) => typeAt(schema, path, at)),
      expression.at,
    );
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(`at character ${error.position}: ${error.message}`);
  }
}

function typeAt(schema: AvroRecord, path: string, at: number): ValueType {
  const [name = ''] = path.split('.');
  if (fieldOf(schema, name) === undefined) throw new ExpressionError(unknownField(schema, name), at);
  const field = fieldAt(schema, path);
  const type = field === undefined ? null : expressionTypeOf(field);
  if (type === null) throw new ExpressionError(`${path} is neither a number, nor text, nor true or false`, at);
  return type;
}
