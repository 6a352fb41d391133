/** Columns of events in the binary form of PostgreSQL's COPY: a function for each column of a section, called row by row. */
import { type Column, type NumberColumn, numberAt, type TextColumn, textAt } from '../messages/columns.ts';
import { jsonOf } from '../messages/event-json.ts';
import { unscaledOf } from '../messages/logical-types.ts';
import { decimalText } from '../messages/number-text.ts';
import type { StoreType } from '../projections/store-tables.ts';
import {
  type CopyBytes,
  ensure,
  putBigLong,
  putBoolean,
  putBytes,
  putDate,
  putDouble,
  putFloat,
  putInt,
  putJson,
  putLong,
  putMicros,
  putMillis,
  putNull,
  putNumeric,
  putText,
  putTime,
  putUtf8,
  putUuid,
  refuse,
} from './copy-bytes.ts';

/** Writes the value of a row. */
export type PutRow = (row: number) => void;

/** `column` is absent where the events are older than it. */
export function putColumn(w: CopyBytes, type: StoreType, column: Column | undefined): PutRow {
  if (column === undefined) return () => putNull(w);
  const put = column.kind === 'number' ? putNumbers(w, type, column) : null;
  const { nulls } = column;
  if (put !== null) return nulls === null ? put : (row) => (nulls[row] === 1 ? putNull(w) : put(row));
  if (column.kind === 'text' && (type.kind === 'text' || type.kind === 'enum')) return putTexts(w, column);
  return (row) => putValue(w, type, nulls?.[row] === 1 ? null : valueAt(column, type, row));
}

function putTexts(w: CopyBytes, { bytes, starts, ends, nulls }: TextColumn): PutRow {
  return (row) => (nulls?.[row] === 1 ? putNull(w) : putUtf8(w, bytes, starts[row]!, ends[row]!));
}

/** Null for a type whose values are no numbers. */
function putNumbers(w: CopyBytes, type: StoreType, column: NumberColumn): PutRow | null {
  const { values, exact } = column;
  if (exact !== null) {
    if (type.kind === 'long') return (row) => putBigLong(w, exact[row]!);
    return isNumeric(type) ? (row) => putValue(w, type, numberAt(column, row)) : null;
  }
  switch (type.kind) {
    case 'int':
      return (row) => putInt(w, values[row]!);
    case 'long':
      // A number that was not finite is null.
      return (row) => (Number.isNaN(values[row]) ? putNull(w) : putLong(w, values[row]!));
    case 'float':
      return (row) => putFloat(w, values[row]!);
    case 'double':
      return (row) => putDouble(w, values[row]!);
    case 'boolean':
      return (row) => putBoolean(w, values[row] === 1);
    case 'date':
      return (row) => putDate(w, values[row]!);
    case 'timestamp':
    case 'local-timestamp':
      if (type.unit === 'millis') return (row) => putMillis(w, values[row]!);
      return (row) => putValue(w, type, values[row]!);
    case 'time':
      return (row) => putTime(w, type.unit === 'millis' ? values[row]! * 1000 : values[row]!);
    default:
      return null;
  }
}

function isNumeric({ kind }: StoreType): boolean {
  return ['int', 'long', 'float', 'double', 'date', 'timestamp', 'local-timestamp', 'time'].includes(kind);
}

function valueAt(column: Column, type: StoreType, row: number): unknown {
  if (column.kind === 'boxed') return column.at(row);
  if (column.kind === 'text') return textAt(column, row);
  const value = numberAt(column, row);
  return type.kind === 'boolean' ? value === 1 : value;
}

/** A value as decoding gives it; of a list each item. */
function putValue(w: CopyBytes, type: StoreType, value: unknown): void {
  if (value === null || value === undefined) putNull(w);
  else if (!putKnown(w, type, value)) {
    refuse(w, `a value that is no ${type.kind}: the events are of another schema`);
    putNull(w);
  }
}

/** Whether the value is one of this type. */
function putKnown(w: CopyBytes, type: StoreType, value: unknown): boolean {
  const { kind } = type;
  if (kind === 'json') putJson(w, jsonOf(value));
  else if (kind === 'list' && Array.isArray(value)) putList(w, type.items, value);
  else if (kind === 'decimal' && Buffer.isBuffer(value)) putNumeric(w, decimalText(unscaledOf(value), type.scale));
  else if (kind === 'bytes' && value instanceof Uint8Array) putBytes(w, value);
  else if (kind === 'boolean' && typeof value === 'boolean') putBoolean(w, value);
  else if (kind === 'uuid' && typeof value === 'string') putUuid(w, value);
  else if ((kind === 'text' || kind === 'enum') && typeof value === 'string') putText(w, value);
  else if (isNumeric(type) && (typeof value === 'number' || typeof value === 'bigint')) putNumber(w, type, value);
  else return false;
  return true;
}

function putNumber(w: CopyBytes, type: StoreType, value: number | bigint): void {
  const number = Number(value);
  if (Number.isNaN(number)) putNull(w);
  else if (type.kind === 'int') putInt(w, number);
  else if (type.kind === 'float') putFloat(w, number);
  else if (type.kind === 'double') putDouble(w, number);
  else if (type.kind === 'date') putDate(w, number);
  else if (type.kind === 'time') putTime(w, type.unit === 'millis' ? number * 1000 : number);
  else if ('unit' in type) putMicros(w, microsOf(value, type.unit));
  else if (typeof value === 'bigint') putBigLong(w, value);
  else putLong(w, value);
}

/** Finer digits are cut towards the past. */
function microsOf(value: number | bigint, unit: 'millis' | 'micros' | 'nanos'): bigint {
  const whole = typeof value === 'bigint' ? value : BigInt(Math.floor(value));
  if (unit === 'millis') return whole * 1000n;
  if (unit === 'micros') return whole;
  return (whole - (((whole % 1000n) + 1000n) % 1000n)) / 1000n;
}

/** array_recv: dimensions, whether there are nulls, the type of the items, then length and lower bound. */
function putList(w: CopyBytes, items: StoreType, values: readonly unknown[]): void {
  ensure(w, 24);
  const start = w.at;
  const { view } = w;
  const dimensions = values.length === 0 ? 0 : 1;
  view.setInt32(start + 4, dimensions);
  view.setInt32(start + 8, values.some((value) => value === null) ? 1 : 0);
  view.setInt32(start + 12, oidOf(items));
  view.setInt32(start + 16, values.length);
  view.setInt32(start + 20, 1);
  w.at = start + (dimensions === 0 ? 16 : 24);
  for (const value of values) putValue(w, items, value);
  w.view.setInt32(start, w.at - start - 4);
}

/** Of the built-in types, by pg_type.dat; items of an enum are texts. */
function oidOf(type: StoreType): number {
  switch (type.kind) {
    case 'int':
      return 23;
    case 'long':
      return 20;
    case 'float':
      return 700;
    case 'double':
      return 701;
    case 'boolean':
      return 16;
    case 'date':
      return 1082;
    case 'uuid':
      return 2950;
    case 'bytes':
      return 17;
    case 'json':
      return 3802;
    case 'decimal':
      return 1700;
    case 'timestamp':
      return 1184;
    case 'local-timestamp':
      return 1114;
    case 'time':
      return 1083;
    default:
      return 25;
  }
}
