/** Expressions as they are written, against a schema: parsed and checked. */
import type { AvroRecord } from '../messages/avro.ts';
import { checkExpression } from './check.ts';
import { truth } from './check-truth.ts';
import type { Checked } from './checked.ts';
import { earlierExpression, meansTheSame } from './earlier.ts';
import { ExpressionError } from './expression-error.ts';
import { parseExpression } from './parse.ts';
import { earlierScope, recordScope } from './scope.ts';
import { typeText } from './type.ts';
import { unnestedList } from './unnest.ts';
import { functionsWith, type UserFunction } from './user-function.ts';

/** What an expression is written in; `earlier` is the language before SQL, in which logs may have been derived. */
export type Language = 'sql' | 'earlier';

const NONE: readonly UserFunction[] = [];

/** `functions` are those of users that it may call. Throws an ExpressionError. */
export function compileExpression(
  text: string,
  schema: AvroRecord,
  language: Language = 'sql',
  functions: readonly UserFunction[] = NONE,
): Checked {
  const table = functionsWith(functions);
  if (language === 'sql') return checkExpression(parseExpression(text), recordScope(schema), table);
  return checkExpression(earlierExpression(text), earlierScope(schema), table);
}

/** A column of SELECT: its value, or the list that it takes apart. Throws an ExpressionError. */
export function compileSelected(
  text: string,
  schema: AvroRecord,
  language: Language = 'sql',
  functions: readonly UserFunction[] = NONE,
): { readonly expression: Checked; readonly isUnnested: boolean } {
  const list = language === 'sql' ? unnestedList(parseExpression(text)) : null;
  if (list === null) return { expression: compileExpression(text, schema, language, functions), isUnnested: false };
  const expression = checkExpression(list, recordScope(schema), functionsWith(functions));
  if (expression.type.kind === 'list') return { expression, isUnnested: true };
  throw new ExpressionError(`unnest is of a list, and this is ${typeText(expression.type)}`, expression.at);
}

/** Throws an ExpressionError when the expression is neither true nor false. */
export function compileCondition(
  text: string,
  schema: AvroRecord,
  language: Language = 'sql',
  functions: readonly UserFunction[] = NONE,
): Checked {
  return truth(compileExpression(text, schema, language, functions));
}

/** Of expressions by which logs may have been derived before, and which say `sql` where that makes a difference. */
export function languageOf(written: 'sql' | undefined, texts: readonly string[], schema: AvroRecord): Language {
  return written === 'sql' || texts.every((text) => meansTheSame(text, schema)) ? 'sql' : 'earlier';
}
