/**
 * Writes records of numbers, texts and nested records to Avro by code that is generated for the schema, as avsc generates
 * its own, but straight into the buffer, with one check of room a record. It is several times as fast, and writes most of
 * what a partition derives.
 */
import type { AvroRecord } from './avro.ts';
import { BOOLEAN, DOUBLE, FLOAT, type FlatField, flatFields, INT, LONG, TEXT } from './flat-fields.ts';
import { LONGEST_LONG, writeLong, writeLongOf, writeText } from './write-value.ts';

/** Returns where the record ends; minus the bytes that it lacks at most; or NaN when a value does not fit the schema. */
export type RecordWriter<T> = (event: T, bytes: Uint8Array, view: DataView, at: number) => number;

/** A record as numbers and texts, each kind in the order of the fields. A boolean is 0 or 1. */
export interface FlatRecord {
  readonly numbers: Float64Array;
  readonly texts: string[];
}

/** Null when a field is of a kind that is written in the general way: an array, a map, bytes, an enum, a wider union. */
export function recordWriter<T>(schema: AvroRecord): RecordWriter<T> | null {
  const fields = flatFields(schema);
  if (fields === null) return null;
  return generate<T>(
    fields.map(({ path }, i) => `const v${i} = event${path.map((name) => `.${name}`).join('')};`),
    fields,
    (field, i, text) => fieldCode(field, valueCode(field.op, `v${i}`, `t${text}`), `v${i}`),
  );
}

/**
 * Writes flat records. Null when a field is of another kind than those, lies in a record within the record, or can be null:
 * no number says so.
 */
export function flatRecordWriter(schema: AvroRecord): RecordWriter<FlatRecord> | null {
  const fields = flatFields(schema);
  if (fields === null || fields.some(({ path, nullBranch }) => path.length > 1 || nullBranch >= 0)) return null;
  const places = flatPlaces(fields);
  return generate<FlatRecord>(
    [
      'const { numbers, texts } = event;',
      ...fields.map(({ op }, i) => `const v${i} = ${op === TEXT ? 'texts' : 'numbers'}[${places[i]}];`),
    ],
    fields,
    ({ op }, i, text) => flatCode(op, `v${i}`, `t${text}`, places[i]!),
  );
}

/** Where each field stands, among the numbers or among the texts. */
export function flatPlaces(fields: readonly Pick<FlatField, 'op'>[]): number[] {
  let [numbers, texts] = [0, 0];
  return fields.map(({ op }) => (op === TEXT ? texts++ : numbers++));
}

function generate<T>(
  reads: readonly string[],
  fields: readonly FlatField[],
  codeOf: (field: FlatField, value: number, text: number) => string,
): RecordWriter<T> | null {
  const texts = fields.filter(({ op }) => op === TEXT).map((_, i) => `3 * t${i}.length`);
  const room = [fields.reduce((sum, field) => sum + longest(field), 0), ...texts].join(' + ');
  let text = 0;
  const body = fields.map((field, i) => codeOf(field, i, field.op === TEXT ? text++ : -1));
  const code = [
    ...reads,
    ...fields.filter(({ op }) => op === TEXT).map((field, i) => textCode(field, i, fields.indexOf(field))),
    `const room = ${room};`,
    'if (at + room > bytes.length) return -room;',
    ...body,
    'return at;',
  ].join('\n');
  // Field names are Avro names, which are valid in JavaScript; the code holds nothing else of the schema.
  const make: unknown = new Function('long', 'longOf', 'text', `return (event, bytes, view, at) => {\n${code}\n};`)(
    writeLong,
    writeLongOf,
    writeText,
  );
  return isWriter<T>(make) ? make : null;
}

function isWriter<T>(value: unknown): value is RecordWriter<T> {
  return typeof value === 'function';
}

function longest({ op, nullBranch }: FlatField): number {
  const branch = nullBranch < 0 ? 0 : 1;
  if (op === DOUBLE) return branch + 8;
  if (op === FLOAT) return branch + 4;
  return branch + (op === BOOLEAN ? 1 : LONGEST_LONG);
}

function textCode({ nullBranch }: FlatField, text: number, value: number): string {
  const wrong = nullBranch < 0 ? '' : `v${value} === null ? '' : `;
  return `const t${text} = ${wrong}v${value};\nif (typeof t${text} !== 'string') return NaN;`;
}

function fieldCode({ nullBranch }: FlatField, code: string, value: string): string {
  if (nullBranch < 0) return code;
  // A union is its branch's number, zig-zagged, then the value.
  return `if (${value} === null) bytes[at++] = ${nullBranch * 2}; else { bytes[at++] = ${(1 - nullBranch) * 2}; ${code} }`;
}

/** A number that is passed to a function would be put into a box first, so its place is passed. */
function flatCode(op: FlatField['op'], value: string, text: string, place: number): string {
  const long = `if (${value} === (${value} & 63)) bytes[at++] = ${value} << 1; else if ((at = longOf(bytes, at, numbers, ${place})) !== at) return NaN;`;
  switch (op) {
    case INT:
      return `if (${value} !== (${value} | 0)) return NaN; ${long}`;
    case LONG:
      return long;
    case BOOLEAN:
      return `bytes[at++] = ${value};`;
    default:
      return valueCode(op, value, text);
  }
}

function valueCode(op: FlatField['op'], value: string, text: string): string {
  switch (op) {
    case INT:
      return `if (typeof ${value} !== 'number' || ${value} !== (${value} | 0)) return NaN; ${valueCode(LONG, value, text)}`;
    case LONG:
      // Small ones in place; NaN and what is no integer fail both comparisons. Bigints are left to the general way.
      return `if (typeof ${value} !== 'number') return NaN; if (${value} === (${value} & 63)) bytes[at++] = ${value} << 1; else if ((at = long(bytes, at, ${value})) !== at) return NaN;`;
    case DOUBLE:
      return `if (typeof ${value} !== 'number') return NaN; view.setFloat64(at, ${value}, true); at += 8;`;
    case FLOAT:
      return `if (typeof ${value} !== 'number') return NaN; view.setFloat32(at, ${value}, true); at += 4;`;
    case BOOLEAN:
      return `if (typeof ${value} !== 'boolean') return NaN; bytes[at++] = ${value} ? 1 : 0;`;
    case TEXT:
      return `at = text(bytes, at, ${text});`;
  }
}
