/** Avro's types as SQL's, and its values as SQL's values. */
import { Buffer } from 'node:buffer';
import { type AvroSchema, isUnion } from '../messages/avro.ts';
import { isDecimal } from './kinds.ts';
import { MAX_PRECISION, type SqlType } from './type.ts';
import { exactInteger, type SqlValue } from './value.ts';

export interface AvroAsSql {
  readonly type: SqlType;
  /** A timestamp's number counts so many to a millisecond; 1 for all else. */
  readonly ticksPerMs: number;
  /** Of a value as the codec decodes it; null for null. */
  value(decoded: unknown): SqlValue;
}

/** Null for what SQL has no type for: a union of several, a fixed of no meaning, a type that is only named. */
export function sqlOfAvro(schema: AvroSchema): AvroAsSql | null {
  if (isUnion(schema)) {
    const [branch, ...others] = schema.filter((each) => each !== 'null');
    return branch === undefined || others.length > 0 ? null : sqlOfAvro(branch);
  }
  // A fixed is none of the types that messages are made of; a user's schema may have one.
  const kind: string = typeof schema === 'string' ? schema : schema.type;
  const logical = logicalOf(schema);
  switch (kind) {
    case 'boolean':
      return plain({ kind: 'boolean' }, (value) => value === true);
    case 'int':
    case 'long':
      return wholeOf(logical.name);
    case 'float':
    case 'double':
      return plain({ kind: 'double' }, (value) => (Number.isFinite(value) ? Number(value) : null));
    case 'string':
    case 'enum':
      return plain({ kind: 'varchar' }, String);
    case 'bytes':
    case 'fixed':
      return bytesOf(kind, logical);
    default:
      return typeof schema === 'string' ? null : nestedOf(schema);
  }
}

function plain(type: SqlType, value: (decoded: unknown) => SqlValue, ticksPerMs = 1): AvroAsSql {
  return { type, ticksPerMs, value: (decoded) => (decoded === null || decoded === undefined ? null : value(decoded)) };
}

interface LogicalName {
  readonly name: string;
  readonly precision: number;
  readonly scale: number;
}

function logicalOf(schema: object | string): LogicalName {
  if (typeof schema === 'string') return { name: '', precision: 0, scale: 0 };
  const [name, precision, scale] = ['logicalType', 'precision', 'scale'].map((key) => Reflect.get(schema, key));
  return { name: String(name ?? ''), precision: Number(precision ?? 0), scale: Number(scale ?? 0) };
}

const TICKS_PER_MS: Readonly<Record<string, number>> = { millis: 1, micros: 1000, nanos: 1_000_000 };

function wholeOf(logical: string): AvroAsSql {
  if (logical === 'date') return plain({ kind: 'date' }, Number);
  const ticks = /^(?:local-)?timestamp-(millis|micros|nanos)$/.exec(logical)?.[1];
  if (ticks === undefined) return plain({ kind: 'bigint' }, whole);
  const perMs = TICKS_PER_MS[ticks] ?? 1;
  return plain({ kind: 'timestamp' }, (value) => timestampOf(whole(value), perMs), perMs);
}

function whole(value: unknown): number | bigint {
  return typeof value === 'bigint' ? exactInteger(value) : Number(value);
}

/** In whole microseconds: what is finer is cut off, as in DuckDB. */
function timestampOf(ticks: number | bigint, perMs: number): number {
  if (perMs <= 1000) return Number(ticks) / perMs;
  return Math.floor(Number(ticks) / (perMs / 1000)) / 1000;
}

function bytesOf(kind: string, { name, precision, scale }: LogicalName): AvroAsSql | null {
  if (name === 'decimal' && precision >= 1 && precision <= MAX_PRECISION && scale <= precision) {
    return plain({ kind: 'decimal', precision, scale }, (value) => ({ unscaled: unscaledOf(value), scale }));
  }
  return kind === 'bytes' ? plain({ kind: 'blob' }, asBuffer) : null;
}

function asBuffer(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.alloc(0);
}

/** Two's complement, the highest byte first; or what was decoded already. */
function unscaledOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) {
    const hex = asBuffer(value).toString('hex');
    return hex === '' ? 0n : BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`));
  }
  return typeof value === 'object' && value !== null && 'unscaled' in value ? BigInt(String(value.unscaled)) : 0n;
}

function nestedOf(schema: Exclude<AvroSchema, string | readonly AvroSchema[]>): AvroAsSql | null {
  switch (schema.type) {
    case 'array': {
      const items = sqlOfAvro(schema.items);
      if (items === null) return null;
      return plain({ kind: 'list', of: items.type }, (value) => (Array.isArray(value) ? value.map(items.value) : null));
    }
    case 'map': {
      const values = sqlOfAvro(schema.values);
      if (values === null) return null;
      return plain({ kind: 'map', values: values.type }, (value) => {
        return new Map(entriesOf(value).map(([key, own]) => [key, values.value(own)]));
      });
    }
    case 'record': {
      const fields = schema.fields.flatMap(({ name, type }) => {
        const own = sqlOfAvro(type);
        return own === null ? [] : [{ name, own }];
      });
      // A field that SQL has no type for is left out.
      if (fields.length === 0) return null;
      const type: SqlType = { kind: 'struct', fields: fields.map(({ name, own }) => ({ name, type: own.type })) };
      return plain(type, (value) => {
        const entries = new Map(entriesOf(value));
        return Object.fromEntries(fields.map(({ name, own }) => [name, own.value(entries.get(name))]));
      });
    }
    default:
      return null;
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** A value as the codec encodes it under the schema that resultSchema() gives. */
export function avroOfSql(type: SqlType): (value: SqlValue) => unknown {
  const own = avroValue(type);
  return (value) => (value === null ? null : own(value));
}

function avroValue(type: SqlType): (value: SqlValue) => unknown {
  switch (type.kind) {
    case 'decimal':
      return (value) => (isDecimal(value) ? bytesOfUnscaled(value.unscaled) : null);
    case 'list': {
      const each = avroOfSql(type.of);
      return (value) => (Array.isArray(value) ? value.map(each) : null);
    }
    case 'map': {
      const each = avroOfSql(type.values);
      return (value) =>
        value instanceof Map ? Object.fromEntries([...value].map(([key, own]) => [key, each(own)])) : null;
    }
    case 'struct': {
      const fields = type.fields.map(({ name, type: own }) => ({ name, own: avroOfSql(own) }));
      return (value) => {
        const entries = new Map(entriesOf(value));
        return Object.fromEntries(fields.map(({ name, own: of }) => [name, of(sqlValue(entries.get(name)))]));
      };
    }
    case 'timestamp':
    case 'timestamptz':
      return (value) => Math.floor(Number(value));
    default:
      return (value) => value;
  }
}

function sqlValue(value: unknown): SqlValue {
  return isSqlValue(value) ? value : null;
}

function isSqlValue(value: unknown): value is SqlValue {
  return value !== undefined && typeof value !== 'symbol' && typeof value !== 'function';
}

/** The fewest bytes of two's complement. */
function bytesOfUnscaled(unscaled: bigint): Buffer {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, unscaled) !== unscaled) bytes += 1;
  return Buffer.from(
    BigInt.asUintN(bytes * 8, unscaled)
      .toString(16)
      .padStart(bytes * 2, '0'),
    'hex',
  );
}
