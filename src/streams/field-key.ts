/**
 * A field as a key. A text or a whole number is one as it is. A truth, a fraction and a decimal go by their text in SQL, so
 * that a key is a text or a whole number wherever it goes: into groups, logs, snapshots and deletions.
 */
import { type AvroField, type AvroRecord, isUnion } from '../messages/avro.ts';
import { type Columns, valueAt } from '../messages/columns.ts';
import { longOfText } from '../messages/exact-long.ts';
import { unscaledOfText } from '../messages/number-text.ts';
import { sqlOfAvro } from '../sql/avro-type.ts';
import { compileExpression } from '../sql/compile.ts';
import { expressionText } from '../sql/expression-text.ts';
import { keyAsText } from '../sql/key-text.ts';
import type { SqlType } from '../sql/type.ts';
import { textOf } from '../sql/value-text.ts';
import { computedKey } from './computed-key.ts';
import { fieldAt, typeName, valueTypeOf } from './field-type.ts';
import type { KeyPart } from './group-key.ts';
import { type Key, type KeyColumn, keyColumn } from './key-column.ts';

/** Whether a partitioner and a window's group can tell the field's values apart as they are: texts and whole numbers. */
export function isPlainKey({ type }: AvroField): boolean {
  const branches = isUnion(type) ? type : [type];
  return branches.every((branch) => ['string', 'int', 'long', 'enum', 'null'].includes(typeName(branch)));
}

/** The type of a field that is a key by its text; null for one that is a key as it is, or none. */
function typeByText(field: AvroField): SqlType | null {
  const type = sqlOfAvro(field.type)?.type;
  return type !== undefined && ['boolean', 'double', 'decimal'].includes(type.kind) ? type : null;
}

/** Message for a field that is no key. */
export const NO_KEY = "can't be a key: it is no text, number, decimal of at most 38 digits, or boolean";

/** Whether a stream may have the field as its key. */
export function isKeyField(field: AvroField): boolean {
  return isPlainKey(field) || typeByText(field) !== null;
}

/** Whether the field is a key by its text. */
export function isKeyByText(schema: AvroRecord, path: string): boolean {
  return keyTextOf(schema, path) !== path;
}

/** The field or expression by which events are grouped when the pipeline groups them by this field. */
export function keyTextOf(schema: AvroRecord, path: string): string {
  const field = fieldAt(schema, path);
  const type = field === undefined ? null : typeByText(field);
  if (type === null) return path;
  return expressionText(keyAsText({ kind: 'column', names: path.split('.'), isQuoted: false, at: 1 }, type));
}

/** The field as a key's only part, where it is a key by its text; null where it is a key as it is. */
export function computedPart(schema: AvroRecord, path: string): KeyPart | null {
  const text = keyTextOf(schema, path);
  return text === path ? null : { name: path, field: text, isComputed: true, gives: 'text' };
}

/** Reads the field of each block's rows as a key; as it is where the schema is not known. */
export function fieldKeyReader(schema: AvroRecord | null, path: string): (columns: Columns) => KeyColumn {
  const part = schema === null ? null : computedPart(schema, path);
  if (schema === null || part === null) return (columns) => keyColumn(columns, path);
  return computedKey(compileExpression(part.field, schema));
}

/** Reads the key of an event. By this key an event finds its partition, and a deletion finds its row. */
export function eventKey(
  schema: AvroRecord | null,
  path: string,
): (event: Readonly<Record<string, unknown>>) => unknown {
  const field = schema === null ? undefined : fieldAt(schema, path);
  const own = field === undefined ? null : sqlOfAvro(field.type);
  const type = field === undefined ? null : typeByText(field);
  if (own === null || type === null) {
    return path.includes('.') ? (event) => valueAt(event, path) : (event) => event[path];
  }
  const write = textOf(type);
  return (event) => {
    const value = own.value(valueAt(event, path));
    if (value === null) return null;
    return write(typeof value === 'number' ? value + 0 : value);
  };
}

/** For people: the form that `keyOfText` asks of a text. */
export function writtenAs(schema: AvroRecord, path: string): string {
  const field = fieldAt(schema, path);
  const type = field === undefined ? null : typeByText(field);
  if (type?.kind === 'boolean') return 'true or false';
  if (type?.kind === 'decimal') return `a number of at most ${type.scale} digits behind the point`;
  if (type !== null) return 'a number';
  return field !== undefined && valueTypeOf(field) === 'text' ? 'a text' : 'a whole number';
}

/** A key that stands as a text somewhere, such as in an address; null where no key of the field is written so. */
export function keyOfText(schema: AvroRecord, path: string, text: string): NonNullable<Key> | null {
  const field = fieldAt(schema, path);
  const type = field === undefined ? null : typeByText(field);
  switch (type?.kind) {
    case undefined:
      return field !== undefined && valueTypeOf(field) === 'text' ? text : longOfText(text);
    case 'boolean':
      return TRUTHS[text.toLowerCase()] ?? null;
    case 'decimal': {
      const unscaled = unscaledOfText(text, type.scale);
      return typeof unscaled === 'bigint' ? textOf(type)({ unscaled, scale: type.scale }) : null;
    }
    default: {
      const number = text.trim() === '' ? Number.NaN : Number(text);
      return Number.isFinite(number) && type !== null ? textOf(type)(number + 0) : null;
    }
  }
}

/** PostgreSQL writes t and f. */
const TRUTHS: Readonly<Record<string, string>> = { true: 'true', t: 'true', false: 'false', f: 'false' };
