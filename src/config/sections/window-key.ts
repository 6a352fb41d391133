/** What a window groups by, as a file writes it: `key: country`, `key: [country, lower(city) AS town]`, `key: null`. */
import { z } from 'zod';
import { type Report, unknownField } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { keyAsText } from '../../sql/key-text.ts';
import { parseExpression } from '../../sql/parse.ts';
import { type SqlType, typeText } from '../../sql/type.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { isKeyByText, isPlainKey, keyTextOf } from '../../streams/field-key.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import type { GroupKey, KeyPart } from '../../streams/group-key.ts';
import type { Relation } from './relation.ts';

export const windowKey = z
  .union([z.string(), z.array(z.string()).min(1)])
  .nullable()
  .optional()
  .describe("A field or expression to group by, or a list of several; by default the stream's key. null: one group.");

type RawKey = z.output<typeof windowKey>;

/** The key that events are grouped by; null, and a report, where there is no such key. */
export function groupKeyOf(
  at: readonly string[],
  raw: RawKey,
  stream: Relation,
  functions: readonly UserFunction[],
  report: Report,
): GroupKey {
  if (raw === undefined) {
    if (stream.key !== null) return keyTextOf(stream.schema, stream.key);
    report(at, `must be given, or null for one group: ${stream.name} does not select the key of its stream`);
    return null;
  }
  if (raw === null) return null;
  const written = typeof raw === 'string' ? [raw] : raw;
  const parts = written.flatMap((text, i) => {
    const path = typeof raw === 'string' ? at : [...at, String(i)];
    const part = partOf(text, stream.schema, functions, (message, character) => report(path, message, character));
    if (part !== null && written.indexOf(text) < i) report(path, `${text} is in the key already`);
    return part ?? [];
  });
  const [only, ...others] = parts;
  if (parts.length < written.length || only === undefined) return null;
  for (const [i, { name, field }] of parts.entries()) {
    const isTaken = parts
      .slice(0, i)
      .some((part) => part.field !== field && part.name.toLowerCase() === name.toLowerCase());
    if (isTaken) report([...at, String(i)], `is called ${name}, as another part is; name it: ${written[i]} AS other`);
  }
  if (others.length > 0) return parts;
  return only.gives === 'truth' ? `CAST(${only.field} AS VARCHAR)` : only.field;
}

const NAMED = /^(.+?)\s+as\s+([A-Za-z_]\w*)$/is;

function partOf(
  text: string,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: (message: string, character?: number) => void,
): KeyPart | null {
  const [, expression = text.trim(), alias] = NAMED.exec(text.trim()) ?? [];
  const name = alias ?? nameOf(expression);
  const field = fieldAt(schema, expression);
  if (field !== undefined && isPlainKey(field)) {
    return { name, field: expression, gives: valueTypeOf(field) === 'number' ? 'whole number' : 'text' };
  }
  if (field === undefined && /^[A-Za-z_]\w*$/.test(expression)) {
    report(unknownField(schema, expression));
    return null;
  }
  try {
    const { type } = compileExpression(expression, schema, 'sql', functions);
    const gives = GIVES[type.kind];
    if (gives !== undefined) return { name, field: expression, gives };
    if (field !== undefined && isKeyByText(schema, expression)) {
      return { name, field: keyTextOf(schema, expression), gives: 'text' };
    }
    if (type.kind === 'double') {
      return { name, field: expressionText(keyAsText(parseExpression(expression), type)), gives: 'text' };
    }
    if (BY_TEXT.includes(type.kind)) return { name, field: `CAST(${expression} AS VARCHAR)`, gives: 'text' };
    const cast = field === undefined ? `; it is ${typeText(type)}, so CAST it` : '';
    report(`${expression} can't be a key: it is neither text nor a number${cast}`);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(`at character ${error.position}: ${error.message}`, error.position);
  }
  return null;
}

const GIVES: Partial<Readonly<Record<SqlType['kind'], KeyPart['gives']>>> = {
  varchar: 'text',
  bigint: 'whole number',
  boolean: 'truth',
};

/** Kinds of values that their text tells apart. */
const BY_TEXT: readonly SqlType['kind'][] = ['decimal', 'date', 'timestamp', 'timestamptz'];

/** The name of an unnamed part of a key in results: its words, joined. */
function nameOf(expression: string): string {
  const words = expression.match(/[A-Za-z0-9_]+/g) ?? [];
  const name = words.join('_').slice(0, 60) || 'part';
  return /^\d/.test(name) ? `_${name}` : name;
}

export function printKey(key: GroupKey): string | null | string[] {
  if (typeof key === 'string' || key === null) return key;
  return key.map(({ name, field }) => (name === nameOf(field) ? field : `${field} AS ${name}`));
}
