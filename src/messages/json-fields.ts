/**
 * Readers of JSON values by Avro schema, compiled once: each gives a value back, converted where the event's form is
 * another (times, bytes, defaults), or FAILED, having told the decoder's report why.
 *
 * Only own properties are read, so that `__proto__`, `constructor` and the like are names as any other.
 */
import { type AvroRecord, type AvroSchema, LONG_MAX } from './avro.ts';
import type { InstantParser } from './instant.ts';
import { at, FAILED, fail, type Read, type Report, shown, wrong } from './refusal.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';

/** What readers of one schema share. */
export interface Scope {
  readonly report: Report;
  readonly instants: InstantParser;
  /** Records and enums by full name; a schema may refer to one that it has defined. */
  readonly named: Map<string, { readonly kind: 'object' | 'string'; readonly read: Read }>;
  readonly namespace: string;
}

/** A value nested deeper than this is refused: a recursive schema would let it exhaust the stack. */
const MAX_DEPTH = 64;
export const INT_MAX = 2 ** 31 - 1;
export const INT_MIN = -(2 ** 31);
export const TIME_MAX_MS = 8.64e15;

interface FieldReader {
  readonly name: string;
  readonly read: Read;
  readonly isKey: boolean;
  /** What stands for a missing field; absent when it must be there. */
  readonly fallback?: unknown;
}

/** The reader of a record; of the field `keyField` it refuses null. */
export function recordReader(schema: AvroRecord, keyField: string | null, outer: Scope): Read {
  const scope = { ...outer, namespace: schema.namespace ?? outer.namespace };
  const { report } = scope;
  const fields: FieldReader[] = [];
  const read: Read = (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(report, 'an object', value);
    if (report.depth === MAX_DEPTH) return fail(report, 'too-large', `is nested deeper than ${MAX_DEPTH} records`);
    report.depth += 1;
    const result = readFields(fields, report, value);
    report.depth -= 1;
    return result;
  };
  scope.named.set(fullName(schema.name, scope.namespace), { kind: 'object', read });
  for (const { name, type, default: fallback } of schema.fields) {
    const field = { name, read: reader(type, scope), isKey: name === keyField };
    fields.push(fallback === undefined ? field : { ...field, fallback });
  }
  return read;
}

function readFields(fields: readonly FieldReader[], report: Report, input: object): unknown {
  let copy: Record<string, unknown> | null = null;
  let found = 0;
  for (const field of fields) {
    const { name } = field;
    const own = Object.hasOwn(input, name);
    if (own) found += 1;
    else if (!('fallback' in field)) return at(name, report, fail(report, 'missing-field', 'is missing'));
    const value: unknown = own ? Reflect.get(input, name) : field.fallback;
    if (value === null && field.isKey) return at(name, report, fail(report, 'null-key', 'is the key and is null'));
    const result = field.read(value);
    if (result === FAILED) return at(name, report, FAILED);
    if (own && result === value) continue;
    copy ??= { ...input };
    copy[name] = result;
  }
  const names = Object.keys(input);
  if (names.length !== found) {
    const unknown = names.find((name) => !fields.some((field) => field.name === name)) ?? '';
    const known = fields.map(({ name }) => name).join(', ');
    return at(unknown, report, fail(report, 'unknown-field', `is not a field of the schema; known: ${known}`));
  }
  return copy ?? input;
}

/** The reader of a value of this type. */
export function reader(type: AvroSchema, scope: Scope): Read {
  if (typeof type === 'string') return primitiveReader(type, scope);
  if (isUnion(type)) return unionReader(type, scope);
  const { report } = scope;
  switch (type.type) {
    case 'record':
      return recordReader(type, null, scope);
    case 'enum': {
      const symbols = new Set<unknown>(type.symbols);
      const read: Read = (value) =>
        symbols.has(value) ? value : wrong(report, `one of ${type.symbols.join(', ')}`, value);
      scope.named.set(fullName(type.name, type.namespace ?? scope.namespace), { kind: 'string', read });
      return read;
    }
    case 'array':
      return arrayReader(reader(type.items, scope), report);
    case 'map':
      return mapReader(reader(type.values, scope), report);
    default:
      return 'logicalType' in type && type.logicalType === 'timestamp-millis'
        ? timeReader(scope)
        : primitiveReader(type.type, scope);
  }
}

function isUnion(type: Exclude<AvroSchema, string>): type is readonly AvroSchema[] {
  return Array.isArray(type);
}

function primitiveReader(type: string, scope: Scope): Read {
  const { report } = scope;
  switch (type) {
    case 'null':
      return (value) => (value === null ? null : wrong(report, 'null', value));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : wrong(report, 'true or false', value));
    case 'string':
      return (value) => {
        if (typeof value !== 'string') return wrong(report, 'a string', value);
        return value.isWellFormed() ? value : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
      };
    case 'int':
      return integerReader(report, INT_MIN, INT_MAX, 'the 32 bits of an int');
    case 'long':
      return integerReader(report, -LONG_MAX, LONG_MAX, '±(2^53 − 2)');
    case 'float':
    case 'double':
      return (value) => {
        if (typeof value !== 'number') return wrong(report, 'a number', value);
        if (Number.isFinite(value)) return value;
        return fail(report, 'too-large', `is beyond the range of a double: found ${value}`);
      };
    case 'bytes':
      return bytesReader(report);
    default: {
      const known = namedType(type, scope);
      if (known === undefined) throw new Error(`The schema names the type ${type}, which it does not define before`);
      return known.read;
    }
  }
}

function integerReader(report: Report, min: number, max: number, range: string): Read {
  return (value) => {
    if (typeof value !== 'number') return wrong(report, 'a whole number', value);
    if (value > max || value < min) return fail(report, 'too-large', `is beyond ${range}: found ${value}`);
    return Number.isInteger(value) ? value : wrong(report, 'a whole number', value);
  };
}

/** As Avro's own JSON encoding has bytes: a character for each byte, U+0000 to U+00FF. */
function bytesReader(report: Report): Read {
  return (value) => {
    if (typeof value !== 'string') return wrong(report, 'bytes as a string', value);
    for (let n = 0; n < value.length; n++) {
      if (value.charCodeAt(n) > 0xff) return wrong(report, 'bytes as characters up to U+00FF', value);
    }
    return Buffer.from(value, 'latin1');
  };
}

function timeReader({ report, instants }: Scope): Read {
  return (value) => {
    const epochMs = typeof value === 'string' ? instants.text(value) : value;
    if (typeof epochMs === 'number' && Number.isInteger(epochMs) && Math.abs(epochMs) <= TIME_MAX_MS) return epochMs;
    const wanted = 'must be epoch milliseconds or an instant with a zone such as 2018-04-01T00:00:31Z';
    return fail(report, 'invalid-time', `${wanted}: found ${shown(value)}`);
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
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(report, 'an object', value);
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

/** What a JSON value looks like: avsc, too, tells the branches of a union apart by this. */
function kindOfBranch(type: AvroSchema, scope: Scope): string {
  const name = typeof type === 'string' || isUnion(type) ? type : type.type;
  switch (name) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number';
    case 'string':
    case 'enum':
    case 'bytes':
      return 'string';
    case 'record':
    case 'map':
      return 'object';
    default:
      return typeof name === 'string' ? (namedType(name, scope)?.kind ?? name) : 'union';
  }
}

function unionReader(branches: readonly AvroSchema[], scope: Scope): Read {
  const { report } = scope;
  const readers = new Map<string, Read>();
  for (const branch of branches) {
    const kind = kindOfBranch(branch, scope);
    if (readers.has(kind)) throw new Error(`A union of two kinds of ${kind} can't be told apart in JSON`);
    readers.set(kind, reader(branch, scope));
  }
  return (value) => {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const read = readers.get(kind);
    // A time may be written as text: a number's reader then has the better message, or takes it.
    if (read !== undefined) return read(value);
    const time = kind === 'string' ? readers.get('number') : undefined;
    return time === undefined ? wrong(report, [...readers.keys()].join(' or '), value) : time(value);
  };
}

function namedType(name: string, { named, namespace }: Scope): ReturnType<Scope['named']['get']> {
  return named.get(fullName(name, namespace)) ?? named.get(name);
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}
