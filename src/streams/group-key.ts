/**
 * What events are grouped by: a field, several values together, or nothing, which is one group over all.
 *
 * The key of several values is one text: a JSON array of the values, without spaces, as `JSON.stringify` writes it. It is
 * that text wherever the key goes: in a group's row, through the hash that chooses a partition, into a snapshot.
 */
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import type { Columns, TextColumn } from '../messages/columns.ts';
import { type KeyValue, keyValues } from '../messages/key-values.ts';
import { compileExpression } from '../sql/compile.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { computedKey } from './computed-key.ts';
import { type KeyColumn, keyColumn } from './key-column.ts';

/** One of several values that are a key together. */
export interface KeyPart {
  /** What results call it. */
  readonly name: string;
  /** The field that it is, or the expression. */
  readonly field: string;
  /** Whether it is computed here, and not a column of what is read. */
  readonly isComputed?: true;
  readonly gives: 'text' | 'whole number' | 'truth';
}

export type GroupKey = string | readonly KeyPart[] | null;

export function isOfSeveral(key: GroupKey): key is readonly KeyPart[] {
  return typeof key === 'object' && key !== null;
}

/** The fields of a result that has its key's values one by one; none for a key that is one value. */
export function partFields(key: GroupKey): AvroField[] {
  if (!isOfSeveral(key)) return [];
  return key.map(({ name, gives }) => ({ name, type: ['null', AVRO[gives]] }));
}

const AVRO = { text: 'string', 'whole number': 'long', truth: 'boolean' } as const;

/** The fields and expressions that a key is made of, which have to be columns. */
export function keyTexts(key: GroupKey): readonly string[] {
  if (isOfSeveral(key)) return key.flatMap(({ field, isComputed }) => (isComputed === true ? [] : [field]));
  return key === null ? [] : [key];
}

/** The fields that a key is made of. A part that is computed of one field has that field's name. */
export function keyFields(key: GroupKey): readonly string[] {
  if (!isOfSeveral(key)) return key === null ? [] : [key];
  return key.map(({ name, field, isComputed }) => (isComputed === true ? name : field));
}

/** The values of a key of several, by name. */
export function partsOf(key: readonly KeyPart[], text: string): Record<string, KeyValue> {
  const values = keyValues(text);
  return Object.fromEntries(key.map(({ name }, i) => [name, values[i] ?? null]));
}

/**
 * Reads the key of each block of events; throws when they lack a field. The column of a key of several, or of a computed one,
 * is good until the next block. `schema` is that of the events, for what is computed.
 */
export function keyReader(
  key: GroupKey,
  schema?: AvroRecord,
  functions?: readonly UserFunction[],
): (columns: Columns) => KeyColumn | null {
  if (key === null) return () => null;
  if (!isOfSeveral(key)) return (columns) => keyColumn(columns, key);
  const parts = key.map((part) => partReader(part, schema, functions));
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const tuple = tupleWriter(key.map(({ gives }) => gives === 'truth'));
  return (columns) =>
    tuple(
      parts.map((part) => part(columns)),
      columns.count,
    );
}

function partReader(
  { field, isComputed }: KeyPart,
  schema?: AvroRecord,
  functions?: readonly UserFunction[],
): (columns: Columns) => KeyColumn {
  if (isComputed !== true) return (columns) => keyColumn(columns, field);
  if (schema === undefined) throw new Error(`The schema of the events is not given, of which ${field} is computed`);
  return computedKey(compileExpression(field, schema, 'sql', functions));
}

const INITIAL_BYTES = 1 << 12;
/** A control character takes six: \u001f. */
const ESCAPED_BYTES = 6;
const NUMBER_BYTES = 24;

/** JSON's escape for each byte of a text; undefined for a byte that JSON leaves as it is. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const written = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  return byte < 0x80 && written.length > 1 ? Buffer.from(written, 'latin1') : undefined;
});

/** Writes values as JSON arrays, row by row, into memory that the next block reuses. */
function tupleWriter(isTruth: readonly boolean[]): (parts: readonly KeyColumn[], count: number) => TextColumn {
  let bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  let starts = new Uint32Array(0);
  let ends = new Uint32Array(0);
  let end = 0;

  function reserve(more: number): void {
    if (end + more <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (end + more));
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
  }
  function put(text: string): void {
    reserve(text.length);
    end += bytes.write(text, end, 'latin1');
  }
  function putText({ bytes: from, starts: begins, ends: stops }: TextColumn, row: number): void {
    const stop = stops[row]!;
    reserve((stop - begins[row]!) * ESCAPED_BYTES + 2);
    bytes[end++] = QUOTE;
    for (let i = begins[row]!; i < stop; i++) {
      const byte = from[i]!;
      const written = ESCAPES[byte];
      if (written === undefined) bytes[end++] = byte;
      else end += written.copy(bytes, end);
    }
    bytes[end++] = QUOTE;
  }
  function putValue(column: KeyColumn, row: number): void {
    if (column.nulls?.[row] === 1) put('null');
    else if (column.kind === 'text') putText(column, row);
    else if (column.exact !== null) put(String(column.exact[row]));
    else put(Number.isNaN(column.values[row]) ? 'null' : String(column.values[row]));
  }

  function putTruth(column: KeyColumn, row: number): void {
    const value = column.kind === 'number' && column.nulls?.[row] !== 1 ? column.values[row]! : Number.NaN;
    put(Number.isNaN(value) ? 'null' : String(value === 1));
  }

  return (parts, count) => {
    end = 0;
    if (starts.length < count) {
      starts = new Uint32Array(count);
      ends = new Uint32Array(count);
    }
    for (let row = 0; row < count; row++) {
      starts[row] = end;
      for (let i = 0; i < parts.length; i++) {
        reserve(NUMBER_BYTES);
        bytes[end++] = i === 0 ? OPEN : COMMA;
        if (isTruth[i] === true) putTruth(parts[i]!, row);
        else putValue(parts[i]!, row);
      }
      reserve(1);
      bytes[end++] = CLOSE;
      ends[row] = end;
    }
    return { kind: 'text', bytes, starts, ends, nulls: null };
  };
}

const [QUOTE, OPEN, COMMA, CLOSE] = [0x22, 0x5b, 0x2c, 0x5d] as const;
