/** The names of types, as in CAST(x AS DECIMAL(10, 2)). */

import { nearestWord } from '../nearest-word.ts';
import { type Cursor, cursorOver } from './cursor.ts';
import type { CastTarget } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { named } from './tokens.ts';
import { MAX_PRECISION, type SqlType, type StructField } from './type.ts';

const SIMPLE: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ...['bigint', 'int8', 'long', 'integer', 'int', 'int4', 'signed', 'smallint', 'int2', 'short', 'tinyint', 'int1'].map(
    (name) => [name, { kind: 'bigint' }] as const,
  ),
  ...['utinyint', 'uint8', 'usmallint', 'uint16', 'uinteger', 'uint32'].map(
    (name) => [name, { kind: 'bigint' }] as const,
  ),
  ...['double', 'float8', 'float', 'float4', 'real'].map((name) => [name, { kind: 'double' }] as const),
  ...['varchar', 'text', 'string', 'char', 'bpchar', 'nvarchar'].map((name) => [name, { kind: 'varchar' }] as const),
  ...['boolean', 'bool', 'logical'].map((name) => [name, { kind: 'boolean' }] as const),
  ...['blob', 'bytea', 'binary', 'varbinary'].map((name) => [name, { kind: 'blob' }] as const),
  ['date', { kind: 'date' }],
  ...['timestamp', 'datetime', 'timestamp_us', 'timestamp_ms', 'timestamp_s'].map(
    (name) => [name, { kind: 'timestamp' }] as const,
  ),
  ['timestamptz', { kind: 'timestamptz' }],
  ['interval', { kind: 'interval' }],
]);

const RANGES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ...['integer', 'int', 'int4', 'signed'].map((name) => [name, [-(2 ** 31), 2 ** 31 - 1]] as const),
  ...['smallint', 'int2', 'short'].map((name) => [name, [-(2 ** 15), 2 ** 15 - 1]] as const),
  ...['tinyint', 'int1'].map((name) => [name, [-128, 127]] as const),
  ...['utinyint', 'uint8'].map((name) => [name, [0, 255]] as const),
  ...['usmallint', 'uint16'].map((name) => [name, [0, 2 ** 16 - 1]] as const),
  ...['uinteger', 'uint32'].map((name) => [name, [0, 2 ** 32 - 1]] as const),
]);

const SINGLE: readonly string[] = ['float', 'float4', 'real'];
const DECIMALS: readonly string[] = ['decimal', 'numeric', 'dec'];

/** Throws an ExpressionError when there is no such type. */
export function castTarget(cursor: Cursor): CastTarget {
  const { text, kind } = cursor.peek();
  const name = kind === 'word' ? text.toLowerCase() : '';
  const type = typeAt(cursor);
  if (type.kind === 'list') return { type };
  const range = RANGES.get(name);
  return {
    type,
    ...(range === undefined ? {} : { range: { name: text.toUpperCase(), min: range[0], max: range[1] } }),
    ...(SINGLE.includes(name) ? { isSingle: true as const } : {}),
  };
}

/** A type that stands by itself. Throws an ExpressionError. */
export function parseType(text: string): SqlType {
  const cursor = cursorOver(text);
  const type = typeAt(cursor);
  const behind = cursor.take();
  if (behind.kind !== 'end') throw new ExpressionError(`there is more behind the type: ${named(behind)}`, behind.at);
  return type;
}

function typeAt(cursor: Cursor): SqlType {
  return cursor.nested(() => {
    let type = elementType(cursor);
    while (cursor.is('[') && cursor.is(']', 1)) {
      cursor.take();
      cursor.take();
      type = { kind: 'list', of: type };
    }
    return type;
  });
}

function elementType(cursor: Cursor): SqlType {
  const token = cursor.take();
  const { kind, text, at } = token;
  if (kind !== 'word') throw new ExpressionError(`a type is missing before ${named(token)}`, at);
  const name = text.toLowerCase();
  if (DECIMALS.includes(name)) return decimalAt(cursor, at);
  if (name === 'struct') return structAt(cursor);
  if (name === 'map') return mapAt(cursor);
  const type = SIMPLE.get(name);
  if (type === undefined) {
    const near = nearestWord(name, [...SIMPLE.keys(), ...DECIMALS, 'struct', 'map']);
    const known =
      'BIGINT, DOUBLE, DECIMAL, VARCHAR, BOOLEAN, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, BLOB, STRUCT, MAP and lists';
    throw new ExpressionError(
      `there is no type ${text}; ${near === undefined ? `known: ${known}` : `did you mean ${near.toUpperCase()}?`}`,
      at,
    );
  }
  if (name === 'double') cursor.accept('precision');
  if (type.kind === 'varchar' && cursor.accept('(')) {
    wholeNumber(cursor);
    cursor.expect(')');
  }
  return type.kind === 'timestamp' && withTimeZone(cursor) ? { kind: 'timestamptz' } : type;
}

/** Takes WITH TIME ZONE, or WITHOUT. */
function withTimeZone(cursor: Cursor): boolean {
  const word = ['with', 'without'].find((each) => cursor.is(each) && cursor.is('time', 1) && cursor.is('zone', 2));
  if (word === undefined) return false;
  for (let taken = 0; taken < 3; taken++) cursor.take();
  return word === 'with';
}

function decimalAt(cursor: Cursor, at: number): SqlType {
  if (!cursor.accept('(')) return { kind: 'decimal', precision: 18, scale: 3 };
  const precision = wholeNumber(cursor);
  const scale = cursor.accept(',') ? wholeNumber(cursor) : 0;
  cursor.expect(')');
  if (precision < 1 || precision > MAX_PRECISION || scale > precision) {
    throw new ExpressionError(`a DECIMAL has 1 to ${MAX_PRECISION} digits, and at most as many behind the point`, at);
  }
  return { kind: 'decimal', precision, scale };
}

function wholeNumber(cursor: Cursor): number {
  const { kind, text, at } = cursor.take();
  if (kind !== 'number' || !/^\d{1,9}$/.test(text)) throw new ExpressionError('a whole number is missing', at);
  return Number(text);
}

function structAt(cursor: Cursor): SqlType {
  cursor.expect('(');
  const fields: StructField[] = [];
  do {
    const { kind, text, at } = cursor.take();
    if (kind !== 'word' && kind !== 'quoted') throw new ExpressionError("a field's name is missing", at);
    fields.push({ name: text, type: typeAt(cursor) });
  } while (cursor.accept(','));
  cursor.expect(')');
  return { kind: 'struct', fields };
}

function mapAt(cursor: Cursor): SqlType {
  cursor.expect('(');
  const { at } = cursor.peek();
  if (typeAt(cursor).kind !== 'varchar') throw new ExpressionError('the keys of a map are VARCHAR here', at);
  cursor.expect(',');
  const values = typeAt(cursor);
  cursor.expect(')');
  return { kind: 'map', values };
}
