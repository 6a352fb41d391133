/** Expressions as a file writes them, against the schema of their stream. */
import { z } from 'zod';
import type { AvroRecord } from '../messages/avro.ts';
import { compileCondition, compileExpression, compileSelected, languageOf } from '../sql/compile.ts';
import { ExpressionError } from '../sql/expression-error.ts';
import { expressionText } from '../sql/expression-text.ts';
import { isKeyByText, keyAsText } from '../sql/key-text.ts';
import { parseExpression } from '../sql/parse.ts';
import { compileTemplate } from '../sql/template.ts';
import { typeText } from '../sql/type.ts';
import type { UserFunction } from '../sql/user-function.ts';
import type { KeyPart } from '../streams/group-key.ts';
import { selectedType } from '../streams/selected-type.ts';

export const condition = z
  .string()
  .nullable()
  .default(null)
  .describe("Takes events of which this SQL is true, such as amount > 0 AND country = 'DE'.");

/** Functions of users that the file declares. */
type Functions = readonly UserFunction[];

/** Takes what is wrong with a text, and at which of its characters, from 1. */
export type ReportAt = (message: string, character: number) => void;

export function checkCondition(text: string, schema: AvroRecord, functions: Functions, report: ReportAt): void {
  compiled(() => compileCondition(text, schema, 'sql', functions), report);
}

/** Checks a selected expression and gives the field that it makes of an event. */
export function checkSelected(
  name: string,
  text: string,
  schema: AvroRecord,
  functions: Functions,
  report: ReportAt,
): void {
  const expression = compiled(() => compileSelected(text, schema, 'sql', functions).expression, report);
  if (expression === null || selectedType(name, expression, schema) !== null) return;
  reportFault(
    new ExpressionError(`a field can't be ${typeText(expression.type)}; CAST it to VARCHAR`, expression.at),
    report,
  );
}

/**
 * What events are grouped by where an expression is the key, and its type for people; null, and a report, when it can't
 * be a key.
 */
export function checkKey(
  text: string,
  schema: AvroRecord,
  functions: Functions,
  report: ReportAt,
): { readonly key: Pick<KeyPart, 'field' | 'gives'>; readonly type: string } | null {
  const expression = compiled(() => compileExpression(text, schema, 'sql', functions), report);
  if (expression === null) return null;
  const { type, at } = expression;
  if (type.kind === 'varchar') return { key: { field: text, gives: 'text' }, type: 'a text' };
  if (type.kind === 'bigint') return { key: { field: text, gives: 'whole number' }, type: 'a whole number' };
  if (type.kind === 'boolean' || isKeyByText(type)) {
    return {
      key: { field: expressionText(keyAsText(parseExpression(text), type)), gives: 'text' },
      type: typeText(type),
    };
  }
  reportFault(new ExpressionError(`a key is no ${typeText(type)}; CAST it to VARCHAR`, at), report);
  return null;
}

/** Checks a text with expressions in braces. */
export function checkTemplate(text: string, schema: AvroRecord, functions: Functions, report: ReportAt): void {
  compiled(() => compileTemplate(text, schema, functions), report);
}

export function checkNumber(text: string, schema: AvroRecord, functions: Functions, report: ReportAt): void {
  const expression = compiled(() => compileExpression(text, schema, 'sql', functions), report);
  if (expression === null || ['bigint', 'double', 'decimal'].includes(expression.type.kind)) return;
  reportFault(new ExpressionError(`is ${typeText(expression.type)}, and a number is wanted`, expression.at), report);
}

function compiled<T>(compile: () => T, report: ReportAt): T | null {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reportFault(error, report);
    return null;
  }
}

function reportFault({ position, message }: ExpressionError, report: ReportAt): void {
  report(`at character ${position}: ${message}`, position);
}

/**
 * `sql` where the expressions mean something else in the language that was there before SQL, in which logs may be
 * derived.
 */
export function writtenLanguage(texts: readonly string[], schema: AvroRecord): { readonly language?: 'sql' } {
  return languageOf(undefined, texts, schema) === 'sql' ? {} : { language: 'sql' };
}
