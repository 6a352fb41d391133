/**
 * Readers of single values: a scalar of the writer's as one of the reader's, converted by the table of logical types and
 * promoted by Avro's rules, exactly or not at all. A value that can't be converted although its type can is a misfit.
 */
import {
  type Cursor,
  charge,
  copyOf,
  misfit,
  type Read,
  readLength,
  readLong,
  readText,
  readWholeLong,
  take,
} from './avro-cursor.ts';
import type { EnumType, ScalarType, SchemaType, SingleType } from './avro-schema.ts';
import { readUuid } from './avro-uuid.ts';
import { type ExactLong, isLong } from './exact-long.ts';
import { TIME_MAX_MS } from './logical-readers.ts';
import {
  bytesOfUnscaled,
  type Conversion,
  conversion,
  convertedTicks,
  type DecimalConversion,
  decimalConverter,
  type Logical,
  logicalName,
  unscaledOf,
} from './logical-types.ts';

const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);
const DAY_MS = 86_400_000;
const DECIMAL_BYTES_MAX = 512;

/** `no-conversion`: the types go together, but their meanings do not. */
export type SingleReader = Read | 'no-conversion' | 'other-type';

/** Makes the reader of one scalar type as another. */
export function singleReader(writer: SingleType, reader: SingleType): SingleReader {
  const how = conversion(logicalOf(writer), logicalOf(reader));
  if (how === null) return 'no-conversion';
  return readBy(how, writer, reader) ?? 'other-type';
}

function logicalOf(type: SingleType): Logical | null {
  return type.kind === 'enum' ? null : type.logical;
}

function readBy(how: Conversion, writer: SingleType, reader: SingleType): Read | null {
  switch (how.kind) {
    case 'ticks':
      return readTicks(how.multiply, how.divide, reader);
    case 'decimal':
      return readDecimal(how, writer, reader);
    case 'uuid':
      return readUuid(writer, reader) ?? readPlain(writer, reader);
    case 'same':
      return readPlain(writer, reader);
  }
}

function readPlain(writer: SingleType, reader: SingleType): Read | null {
  switch (reader.kind) {
    case 'null':
      return writer.kind === 'null' ? () => null : null;
    case 'boolean':
      return writer.kind === 'boolean' ? readBoolean : null;
    case 'int':
    case 'long':
      return readWhole(writer, reader);
    case 'float':
    case 'double':
      return readReal(writer, reader.kind);
    case 'string':
      return readString(writer);
    case 'bytes':
      // Avro's specification: a string may be read as the bytes of its UTF-8.
      return writer.kind === 'bytes' || writer.kind === 'string' ? (c) => copyOf(c, readLength(c)) : null;
    case 'fixed':
      return writer.kind === 'fixed' && writer.size === reader.size ? (c) => copyOf(c, reader.size) : null;
    case 'enum':
      return readSymbol(writer, reader);
  }
}

function readBoolean(c: Cursor): boolean | null {
  const byte = c.bytes[take(c, 1)]!;
  return byte > 1 ? misfit(c, 'wrong-type', `must be true or false: found a byte of ${byte}`) : byte === 1;
}

function readWhole(writer: SingleType, reader: ScalarType): Read | null {
  const { kind, logical } = reader;
  if (isReal(writer) && logical === null)
    return readWholeOfReal(writer, kind === 'int' ? INT_MAX : Number.MAX_SAFE_INTEGER);
  if (writer.kind !== 'int' && writer.kind !== 'long') return null;
  // Narrower than Avro's rules allow, so only for a plain number, value by value.
  if (kind === 'int' && writer.kind === 'long' && (writer.logical !== null || logical !== null)) return null;
  if (logical === null && (kind === 'int' || writer.kind === 'int')) return readInt;
  if (logical === null) return reader.isSafe ? readSafeLong : readAnyLong;
  const [min, max] = rangeOf(logical);
  return (c) => {
    const value = readAnyLong(c);
    return value >= min && value <= max ? value : beyondTime(c, reader, String(value));
  };
}

function isReal({ kind }: { readonly kind: string }): boolean {
  return kind === 'double' || kind === 'float';
}

/** As other formats do: a column of whole numbers with missing ones is often written as doubles. */
function readWholeOfReal(writer: SingleType, max: number): Read {
  const read = readRealOf(writer);
  return (c) => {
    const value = read(c);
    if (Number.isInteger(value) && Math.abs(value) <= max) return value;
    return misfit(c, 'wrong-type', `must be a whole number: found ${value}`);
  };
}

function readRealOf(writer: { readonly kind: string }): (c: Cursor) => number {
  return writer.kind === 'float' ? readFloat : readDouble;
}

/** Reads a finite number by `read`, and any other number as null. */
export function finiteOrNull(writer: SchemaType, read: Read): Read {
  if (!isReal(writer)) return read;
  const readReal = readRealOf(writer);
  return (c) => {
    const start = c.at;
    if (!Number.isFinite(readReal(c))) return null;
    c.at = start;
    return read(c);
  };
}

/** The range that JSON and CSV have too: a store or a Date has no place for other times. */
function rangeOf(logical: Logical): readonly [min: number, max: number] {
  if (logical.kind === 'date') return [-TIME_MAX_MS / DAY_MS, TIME_MAX_MS / DAY_MS];
  if (!('unit' in logical)) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const ticks = { millis: 1, micros: 1e3, nanos: 1e6 }[logical.unit];
  if (logical.kind === 'time') return [0, DAY_MS * ticks - 1];
  const max = TIME_MAX_MS * ticks;
  return [-max, max];
}

function beyondTime(c: Cursor, reader: ScalarType, found: string): null {
  const { logical } = reader;
  const name = logical === null ? reader.kind : logicalName(logical);
  return misfit(c, 'invalid-time', `is beyond the range of ${name}: found ${found}`);
}

function readInt(c: Cursor): number | null {
  const value = readLong(c);
  if (value >= INT_MIN && value <= INT_MAX) return value;
  return misfit(c, 'too-large', `is beyond the 32 bits of an int: found ${longText(c, value)}`);
}

function readSafeLong(c: Cursor): number | null {
  const value = readLong(c);
  if (Number.isSafeInteger(value)) return value;
  return misfit(c, 'too-large', `is beyond ±(2^53 − 1): found ${longText(c, value)}`);
}

function readAnyLong(c: Cursor): ExactLong {
  const value = readLong(c);
  return Number.isSafeInteger(value) ? value : wholeLong(c);
}

/** The long whose halves are in the cursor. */
function wholeLong(c: Cursor): bigint {
  return (BigInt(c.high) << 32n) | BigInt(c.low);
}

/** NaN stands for a long that no number holds; its halves are in the cursor. */
function longText(c: Cursor, value: number): string {
  return Number.isNaN(value) ? String(wholeLong(c)) : String(value);
}

function readTicks(multiply: number, divide: number, reader: SingleType): Read | null {
  if ((reader.kind !== 'int' && reader.kind !== 'long') || reader.logical === null) return null;
  const [min, max] = rangeOf(reader.logical);
  return (c) => {
    readWholeLong(c);
    const value = convertedTicks(c.high, c.low, multiply, divide);
    const ticks = Number.isSafeInteger(value) ? value : wideTicks(wholeLong(c), BigInt(multiply), BigInt(divide));
    if (ticks >= min && ticks <= max && isLong(ticks)) return ticks;
    return beyondTime(c, reader, String(wholeLong(c)));
  };
}

function wideTicks(ticks: bigint, multiply: bigint, divide: bigint): bigint {
  const product = ticks * multiply;
  const rest = ((product % divide) + divide) % divide;
  return (product - rest) / divide;
}

function readReal(writer: SingleType, kind: 'float' | 'double'): Read | null {
  switch (writer.kind) {
    case 'int':
    case 'long':
      return writer.kind === 'int' ? readInt : readSafeLong;
    case 'float':
      return readFloat;
    case 'double':
      return kind === 'double' ? readDouble : null;
    default:
      return null;
  }
}

function readFloat(c: Cursor): number {
  const start = take(c, 4);
  return c.bytes.readFloatLE(start);
}

function readDouble(c: Cursor): number {
  const start = take(c, 8);
  return c.bytes.readDoubleLE(start);
}

function readString(writer: SingleType): Read | null {
  if (writer.kind === 'string') return readText;
  // The bytes of a decimal are no text.
  if (writer.kind === 'bytes' && writer.logical === null) return readText;
  if (writer.kind !== 'enum') return null;
  return readSymbolOf(writer.symbols.map((symbol) => symbol));
}

function readSymbol(writer: SingleType, reader: EnumType): Read | null {
  const symbols = new Set(reader.symbols);
  if (writer.kind === 'string') {
    return (c) => {
      const text = readText(c);
      if (c.failed || text === null) return null;
      return symbols.has(text) ? text : (reader.fallback ?? unknownSymbol(c, text));
    };
  }
  if (writer.kind !== 'enum') return null;
  const known = writer.symbols.map((symbol) => (symbols.has(symbol) ? symbol : reader.fallback));
  if (known.every((symbol) => symbol === null)) return null;
  return readSymbolOf(known, writer.symbols);
}

/** `known` has null for each symbol of the writer's that the reader lacks. */
function readSymbolOf(known: readonly (string | null)[], written: readonly string[] = []): Read {
  return (c) => {
    const index = readLong(c);
    const symbol = known[index];
    if (symbol === undefined) return misfit(c, 'wrong-type', `has symbol ${index} of an enum of ${known.length}`);
    return symbol ?? unknownSymbol(c, written[index] ?? '');
  };
}

function unknownSymbol(c: Cursor, text: string): null {
  return misfit(c, 'wrong-type', `must be a symbol of the schema's enum: found ${JSON.stringify(text.slice(0, 60))}`);
}

function readDecimal(how: DecimalConversion, writer: SingleType, reader: SingleType): Read | null {
  const size = reader.kind === 'fixed' ? reader.size : null;
  const convert = decimalConverter(how);
  return (c) => {
    const length = writer.kind === 'fixed' ? writer.size : readLength(c);
    const start = take(c, length);
    if (length > DECIMAL_BYTES_MAX) return misfit(c, 'too-large', `is a decimal of ${length} bytes`);
    const converted = convert(unscaledOf(c.bytes.subarray(start, start + length)));
    if (converted === null) {
      const wanted = `decimal(${how.precision}, ${how.scale})`;
      return misfit(c, 'too-large', `has digits that a ${wanted} has no place for`);
    }
    charge(c, DECIMAL_BYTES_MAX);
    return bytesOfUnscaled(converted, size) ?? misfit(c, 'too-large', `needs more than ${size} bytes`);
  };
}
