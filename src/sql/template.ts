/**
 * Texts with expressions in braces: `Amount {amountCents / 100:.2f} at {terminalId}`. After `:.Nf` a number has N
 * digits behind the point. Doubled braces stand for themselves. Null is written as a dash.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { quotedText } from '../sql-quotes.ts';
import type { Checked } from './checked.ts';
import { compileExpression } from './compile.ts';
import { bindValue } from './compiled.ts';
import { ExpressionError } from './expression-error.ts';
import { isDecimal } from './kinds.ts';
import type { UserFunction } from './user-function.ts';
import type { SqlValue } from './value.ts';
import { textOf } from './value-text.ts';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** `at` is the expression's first character in the template, from 1. */
  | { readonly kind: 'value'; readonly expression: string; readonly at: number; readonly digits: number | null };

export interface Template {
  readonly parts: readonly (string | { readonly of: Checked; readonly digits: number | null })[];
}

const DIGITS = /:\.(\d)f$/;
const NULL_TEXT = '–';

/** Throws an ExpressionError, with the character of the template, when it or an expression of it is wrong. */
export function compileTemplate(text: string, schema: AvroRecord, functions: readonly UserFunction[] = []): Template {
  const parts = partsOf(text).map((part) => {
    if (part.kind === 'text') return part.text;
    const { expression, at, digits } = part;
    try {
      const of = compileExpression(expression, schema, 'sql', functions);
      if (digits !== null && !['bigint', 'double', 'decimal'].includes(of.type.kind))
        throw new ExpressionError(`:.${digits}f is for numbers`, of.at);
      return { of, digits };
    } catch (error) {
      throw error instanceof ExpressionError ? new ExpressionError(error.message, at - 1 + error.position) : error;
    }
  });
  return { parts };
}

/** Throws when the block lacks a field. What it returns throws a SqlError for a row that an expression fails on. */
export function bindTemplate({ parts }: Template, columns: Columns): (row: number) => string {
  const writers = parts.map((part) => {
    if (typeof part === 'string') return () => part;
    const value = bindValue(part.of, columns);
    const { digits } = part;
    const write = digits === null ? textOf(part.of.type) : (own: SqlValue) => numberOf(own).toFixed(digits);
    return (row: number) => {
      const own = value(row);
      return own === null ? NULL_TEXT : write(own);
    };
  });
  return (row) => writers.map((write) => write(row)).join('');
}

/** The template as one SQL expression. Throws an ExpressionError when the template is none. */
export function templateExpression(text: string): string {
  const parts = partsOf(text).map((part) => {
    if (part.kind === 'text') return quotedText(part.text);
    const { expression, digits } = part;
    const value = digits === null ? `(${expression})` : `CAST((${expression}) AS DECIMAL(38, ${digits}))`;
    return `coalesce(CAST(${value} AS VARCHAR), ${quotedText(NULL_TEXT)})`;
  });
  return parts.length === 0 ? "''" : `concat(${parts.join(', ')})`;
}

/** The template with other expressions. `at` is the character before that of an expression's first. */
export function mappedTemplate(text: string, change: (expression: string, at: number) => string): string {
  const parts = partsOf(text).map((part) => {
    if (part.kind === 'text') return part.text.replaceAll('{', '{{').replaceAll('}', '}}');
    const { expression, at, digits } = part;
    const changed = change(expression, at - 1);
    // Two braces in a row would stand for one.
    const inner = changed.startsWith('{') ? ` ${changed}` : changed;
    return `{${inner}${digits === null ? '' : `:.${digits}f`}}`;
  });
  return parts.join('');
}

function numberOf(value: SqlValue): number {
  return isDecimal(value) ? Number(value.unscaled) / 10 ** value.scale : Number(value);
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let plain = '';
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (text.startsWith('{{', at) || text.startsWith('}}', at)) {
      plain += char;
      at += 2;
    } else if (char === '{') {
      const end = endOfExpression(text, at + 1);
      const inner = text.slice(at + 1, end);
      const digits = DIGITS.exec(inner);
      const expression = digits === null ? inner : inner.slice(0, digits.index);
      if (plain !== '') parts.push({ kind: 'text', text: plain });
      plain = '';
      parts.push({ kind: 'value', expression, at: at + 2, digits: digits === null ? null : Number(digits[1]) });
      at = end + 1;
    } else if (char === '}') {
      throw new ExpressionError('a } without its {; write }} for a brace', at + 1);
    } else {
      plain += char;
      at += 1;
    }
  }
  if (plain !== '') parts.push({ kind: 'text', text: plain });
  return parts;
}

/** Where the brace stands that ends an expression: braces within it are in pairs, those in quotes do not count. */
function endOfExpression(text: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === "'" || char === '"') quote = char;
    else if (char === '{') depth += 1;
    else if (char === '}' && depth-- === 0) return at;
  }
  throw new ExpressionError('a { without its }; write {{ for a brace', start);
}
