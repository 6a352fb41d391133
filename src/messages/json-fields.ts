/**
 * Readers of JSON values by Avro schema, compiled once. Each returns the value in the event's form (times, decimals, bytes
 * and defaults are converted), or FAILED after telling the decoder's report why.
 *
 * Only own properties are read, so `__proto__`, `constructor` and the like are ordinary names.
 */
import { defaultOf } from './avro-default.ts';
import type { RecordType, SchemaType, UnionType } from './avro-schema.ts';
import { logicalReader } from './logical-readers.ts';
import { notFiniteWord } from './number-text.ts';
import { at, FAILED, fail, type Read, type Report, shown, wrong } from './refusal.ts';
import type { Times } from './times.ts';
import { type UnknownFields, withoutUnknown } from './unknown-fields.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';
import { intReader, longReader } from './whole-number.ts';
import { isWritten, writtenText } from './written-number.ts';

/** What readers of one schema share. */
export interface Scope {
  readonly report: Report;
  readonly times: Times;
  /** Of the event itself; `freeze` where that is not said. */
  readonly contract?: UnknownFields;
  /** Readers by record, since a record may lie within itself. */
  readonly records: Map<RecordType, Read>;
}

/** A value nested deeper than this is refused: a recursive schema would let it exhaust the stack. */
const MAX_DEPTH = 64;

interface FieldReader {
  readonly name: string;
  readonly read: Read;
  readonly isKey: boolean;
  /** Takes the place of a missing field; absent when the field must be there. */
  readonly fallback?: unknown;
}

/** The reader of a record, which refuses null in the field `keyField`. */
export function recordReader(type: RecordType, keyField: string | null, scope: Scope): Read {
  const known = scope.records.get(type);
  if (known !== undefined) return known;
  const { report } = scope;
  // Only the event itself has a field for what is unknown: within a record it is refused.
  const isEvent = scope.records.size === 0;
  const contract = isEvent || scope.contract === 'discard' ? (scope.contract ?? 'freeze') : 'freeze';
  const fields: FieldReader[] = [];
  const read: Read = (value) => {
    if (!isObject(value)) return wrong(report, 'an object', value);
    if (report.depth === MAX_DEPTH) return fail(report, 'too-large', `is nested deeper than ${MAX_DEPTH} records`);
    report.depth += 1;
    const result = readFields(fields, report, value, contract);
    report.depth -= 1;
    return result;
  };
  scope.records.set(type, read);
  for (const own of type.fields) {
    const field = { name: own.name, read: reader(own.type, scope), isKey: own.name === keyField };
    fields.push(own.hasDefault ? { ...field, fallback: defaultOf(own) } : field);
  }
  return read;
}

/** Whether the value is no key: null, or a number that is not finite and so reads as null. */
export function isNoKey(value: unknown): boolean {
  return value === null || isNotFinite(value);
}

export function isNotFinite(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

function readFields(fields: readonly FieldReader[], report: Report, input: object, contract: UnknownFields): unknown {
  let copy: Record<string, unknown> | null = null;
  let found = 0;
  for (const field of fields) {
    const { name } = field;
    const own = Object.hasOwn(input, name);
    if (own) found += 1;
    else if (!('fallback' in field)) return at(name, report, fail(report, 'missing-field', 'is missing'));
    const value: unknown = own ? Reflect.get(input, name) : field.fallback;
    if (value === null && field.isKey) return at(name, report, fail(report, 'null-key', 'is the key and is null'));
    const result = own ? field.read(value) : value;
    if (result === FAILED) return at(name, report, FAILED);
    if (field.isKey && isNoKey(result)) {
      return at(name, report, fail(report, 'null-key', `is the key and is no finite number: found ${shown(value)}`));
    }
    if (own && result === value) continue;
    copy ??= { ...input };
    copy[name] = result;
  }
  if (Object.keys(input).length === found) return copy ?? input;
  const isKept = typeof contract === 'object' && Object.hasOwn(input, contract.evolve);
  const known = fields.map(({ name }) => name);
  return withoutUnknown(known, report, copy ?? input, isKept ? 'freeze' : contract);
}

/** The reader of a value of this type. */
export function reader(type: SchemaType, scope: Scope): Read {
  const { report } = scope;
  switch (type.kind) {
    case 'record':
      return recordReader(type, null, scope);
    case 'enum': {
      const symbols = new Set<unknown>(type.symbols);
      return (value) => (symbols.has(value) ? value : wrong(report, `one of ${type.symbols.join(', ')}`, value));
    }
    case 'array':
      return arrayReader(reader(type.items, scope), report);
    case 'map':
      return mapReader(reader(type.values, scope), report);
    case 'union':
      return unionReader(type, scope);
    case 'null':
      return (value) => (value === null ? null : wrong(report, 'null', value));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : wrong(report, 'true or false', value));
    case 'float':
    case 'double':
      return numberReader(report, type.kind === 'float');
    default:
      return logicalReader(type, report, scope.times) ?? plainReader(type, report);
  }
}

function plainReader(type: Exclude<SchemaType, RecordType | UnionType>, report: Report): Read {
  switch (type.kind) {
    case 'int':
      return intReader(report);
    case 'long':
      return longReader(report, type.isSafe);
    case 'fixed':
      return bytesReader(report, type.size);
    case 'bytes':
      return bytesReader(report, null);
    default:
      return (value) => {
        if (typeof value !== 'string') return wrong(report, 'a string', value);
        return value.isWellFormed() ? value : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
      };
  }
}

/** Numbers beyond the type's range are not finite, as in JSON.parse. */
function numberReader(report: Report, isFloat: boolean): Read {
  return (value) => {
    const text = typeof value === 'string' ? null : writtenText(value);
    const number = text !== null ? Number(text) : typeof value === 'string' ? notFiniteWord(value) : value;
    if (typeof number !== 'number') {
      if (typeof value === 'bigint') return wideNumber(value, report);
      return wrong(report, 'a number', value);
    }
    return isFloat && !Number.isFinite(Math.fround(number)) ? Math.fround(number) : number;
  };
}

/** Reads a whole number beyond ±(2^53 − 1), which Parquet has; JSON.parse would have rounded it. */
function wideNumber(value: bigint, report: Report): unknown {
  const number = Number(value);
  if (BigInt(number) === value) return number;
  return fail(report, 'too-large', `is a whole number that a double does not hold: found ${value}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isWritten(value);
}

/** Reads bytes as in Avro's JSON, a character for each, U+0000 to U+00FF. From Parquet they come as bytes. */
function bytesReader(report: Report, size: number | null): Read {
  const wanted = size === null ? 'bytes as a string' : `${size} bytes as a string`;
  return (value) => {
    if (Buffer.isBuffer(value)) {
      if (size === null || value.length === size) return value;
      return fail(report, 'wrong-type', `must be ${size} bytes: found ${value.length}`);
    }
    if (typeof value !== 'string' || (size !== null && value.length !== size)) return wrong(report, wanted, value);
    for (let n = 0; n < value.length; n++) {
      if (value.charCodeAt(n) > 0xff) return wrong(report, 'bytes as characters up to U+00FF', value);
    }
    return Buffer.from(value, 'latin1');
  };
}

function arrayReader(read: Read, report: Report): Read {
  return (value) => {
    if (!Array.isArray(value)) return wrong(report, 'a list', value);
    let copy: unknown[] | null = null;
    for (let n = 0; n < value.length; n++) {
      const result = read(value[n]);
      if (result === FAILED) return at(`[${n}]`, report, FAILED);
      if (result === value[n]) continue;
      copy ??= [...value];
      copy[n] = result;
    }
    return copy ?? value;
  };
}

function mapReader(read: Read, report: Report): Read {
  return (value) => {
    if (!isObject(value)) return wrong(report, 'an object', value);
    let copy: Record<string, unknown> | null = null;
    for (const [key, item] of Object.entries(value)) {
      // Decoding the event again would set a prototype instead of the key, and lose it.
      if (key === '__proto__')
        return at(key, report, fail(report, 'unknown-field', 'is not allowed as a key of a map'));
      if (!key.isWellFormed()) return at(key, report, fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM));
      const result = read(item);
      if (result === FAILED) return at(key, report, FAILED);
      if (result === item) continue;
      copy ??= { ...value };
      copy[key] = result;
    }
    return copy ?? value;
  };
}

/** The look of a branch's JSON values, by which branches of a union are told apart, by avsc too. */
function kindOfBranch({ kind }: SchemaType): string {
  switch (kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number';
    case 'string':
    case 'enum':
    case 'bytes':
    case 'fixed':
      return 'string';
    case 'record':
    case 'map':
      return 'object';
    default:
      return kind;
  }
}

/** The look of a value. Bytes, and whole numbers that a number does not hold, come from Parquet. */
function kindOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const kind = typeof value;
  if (kind === 'object') return isWritten(value) ? 'number' : Buffer.isBuffer(value) ? 'string' : kind;
  return kind === 'bigint' ? 'number' : kind;
}

function unionReader({ branches }: UnionType, scope: Scope): Read {
  const { report } = scope;
  const readers = new Map<string, Read>();
  for (const branch of branches) {
    const kind = kindOfBranch(branch);
    if (readers.has(kind)) throw new Error(`A union of two kinds of ${kind} can't be told apart in JSON`);
    readers.set(kind, reader(branch, scope));
  }
  const words = [...readers.keys()].join(' or ');
  const hasNull = readers.has('null');
  // A time, or a number that is not finite, may be written as a text, and a decimal as a number: their reader takes it, or
  // has the better message.
  const number = readers.get('number');
  const decimal = branches.some((branch) => 'logical' in branch && branch.logical?.kind === 'decimal');
  if (number !== undefined && !readers.has('string')) readers.set('string', number);
  else if (decimal && number === undefined) readers.set('number', readers.get('string') ?? (() => FAILED));
  return (value) => {
    const read = readers.get(kindOfValue(value));
    if (read === undefined) return wrong(report, words, value);
    const result = read(value);
    return hasNull && isNotFinite(result) ? null : result;
  };
}
