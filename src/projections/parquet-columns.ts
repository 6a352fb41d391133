/**
 * The table of what a column of Parquet, as DuckDB types it, becomes in a field: converted exactly, by the type of both, or
 * refused in words for the whole file. A value that has no exact form in the field is a misfit of its row.
 *
 * A converter brings a value to what the field's reader of JSON takes, so that ranges, nulls and texts are checked once, in
 * one place, for every format.
 */
import { isUtf8 } from 'node:buffer';
import {
  DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUUIDValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { RecordType, SchemaType } from '../messages/avro-schema.ts';
import type { Logical, TimeUnit } from '../messages/logical-types.ts';
import { decimalText } from '../messages/number-text.ts';
import { at, FAILED, fail, type Report } from '../messages/refusal.ts';
import { fieldOfTitle } from '../messages/titles.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from '../messages/well-formed.ts';

/** Converts a value that is not null. Gives FAILED after `fail`. */
export type Convert = (value: DuckDBValue) => unknown;

/** The conversion of a column to a field; null when no value of the column has an exact form in the field. */
export function converter(from: DuckDBType, to: SchemaType, report: Report): Convert | null {
  if (from.typeId === DuckDBTypeId.SQLNULL) return () => null;
  switch (to.kind) {
    case 'union':
      return unionConverter(from, to.branches, report);
    case 'record':
      return from instanceof DuckDBStructType ? structConverter(from, to, report) : null;
    case 'array':
      if (from instanceof DuckDBListType || from instanceof DuckDBArrayType) {
        return listConverter(converter(from.valueType, to.items, report), report);
      }
      return null;
    case 'map':
      return from instanceof DuckDBMapType ? mapConverter(from, to.values, report) : null;
    default:
      return singleConverter(from.typeId, to, report);
  }
}

type Single = Exclude<SchemaType, { readonly kind: 'union' | 'record' | 'array' | 'map' }>;

function singleConverter(from: DuckDBTypeId, to: Single, report: Report): Convert | null {
  const logical = 'logical' in to ? to.logical : null;
  const isText = TEXTS.has(from);
  switch (logical?.kind) {
    case 'timestamp':
      if (from === DuckDBTypeId.TIMESTAMP_TZ) return ticksConverter(logical.unit);
      return clockConverter(from, logical) ?? (isText ? textConverter(report) : null);
    case 'local-timestamp':
      return clockConverter(from, logical) ?? (isText ? textConverter(report) : null);
    case 'date':
      if (from === DuckDBTypeId.DATE) return daysOf;
      return isText ? textConverter(report) : numberConverter(from, NUMBERS);
    case 'time':
      if (TIMES.has(from)) return timeConverter(logical.unit, report);
      return isText ? textConverter(report) : numberConverter(from, NUMBERS);
    case 'uuid':
      return isText || from === DuckDBTypeId.UUID ? textConverter(report) : null;
    case 'decimal':
      return isText ? textConverter(report) : numberConverter(from, DECIMALS);
    default:
  }
  switch (to.kind) {
    case 'boolean':
      return from === DuckDBTypeId.BOOLEAN ? same : null;
    case 'int':
      return numberConverter(from, DECIMALS, wholeOfDecimal);
    case 'long':
      // A plain long has no unit of its own: it is in milliseconds, as everywhere here.
      if (from === DuckDBTypeId.TIMESTAMP_TZ || CLOCKS.has(from)) return ticksConverter('millis');
      return numberConverter(from, DECIMALS, wholeOfDecimal);
    case 'float':
    case 'double':
      return numberConverter(from, DECIMALS, (value) => Number(textOfDecimal(value)));
    case 'string':
    case 'enum':
      return isText || from === DuckDBTypeId.UUID ? textConverter(report) : null;
    case 'bytes':
    case 'fixed':
      return from === DuckDBTypeId.BLOB ? bytesOf : null;
    default:
      return null;
  }
}

/** Types whose values are texts, or bytes that may be texts: writers leave the annotation of texts out. */
const TEXTS: ReadonlySet<DuckDBTypeId> = new Set([DuckDBTypeId.VARCHAR, DuckDBTypeId.ENUM, DuckDBTypeId.BLOB]);
const CLOCKS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
]);
const TIMES: ReadonlySet<DuckDBTypeId> = new Set([DuckDBTypeId.TIME, DuckDBTypeId.TIME_NS, DuckDBTypeId.TIME_TZ]);
const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
]);
const DECIMALS: ReadonlySet<DuckDBTypeId> = new Set([...NUMBERS, DuckDBTypeId.DECIMAL]);

const same: Convert = (value) => value;

/** Converts numbers. One that a number can't hold exactly stays a BigInt, which readers refuse with its digits. */
function numberConverter(
  from: DuckDBTypeId,
  taken: ReadonlySet<DuckDBTypeId>,
  ofDecimal: (value: DuckDBDecimalValue) => unknown = textOfDecimal,
): Convert | null {
  if (!taken.has(from)) return null;
  return (value) => {
    if (typeof value === 'bigint') return plainNumber(value);
    return value instanceof DuckDBDecimalValue ? ofDecimal(value) : value;
  };
}

function plainNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function textOfDecimal({ value, scale }: DuckDBDecimalValue): string {
  return decimalText(value, scale);
}

function wholeOfDecimal(decimal: DuckDBDecimalValue): number | bigint {
  const unit = 10n ** BigInt(decimal.scale);
  // The reader of a whole number refuses a value with a fraction, and says so.
  return decimal.value % unit === 0n ? plainNumber(decimal.value / unit) : Number(textOfDecimal(decimal));
}

const daysOf: Convert = (value) => (value instanceof DuckDBDateValue ? value.days : null);

const bytesOf: Convert = (value) => (value instanceof DuckDBBlobValue ? Buffer.from(value.bytes) : null);

function textConverter(report: Report): Convert {
  return (value) => {
    if (typeof value === 'string') return value;
    if (!(value instanceof DuckDBBlobValue)) return value instanceof DuckDBUUIDValue ? value.toString() : null;
    const { buffer, byteOffset, byteLength } = value.bytes;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    return isUtf8(bytes) ? bytes.toString('utf8') : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
  };
}

const TICKS_A_SECOND: Readonly<Record<TimeUnit, number>> = { millis: 1e3, micros: 1e6, nanos: 1e9 };

function clockConverter(from: DuckDBTypeId, { unit }: Extract<Logical, { unit: TimeUnit }>): Convert | null {
  return CLOCKS.has(from) ? ticksConverter(unit) : numberConverter(from, NUMBERS);
}

/** Converts between units of time. The result is floored, before 1970 as well, as the digits of an ISO text are cut. */
function ticksConverter(unit: TimeUnit): Convert {
  const to = TICKS_A_SECOND[unit];
  return (value) => {
    const found = ticksOf(value);
    return found === null ? null : inUnit(found.ticks, found.aSecond, to);
  };
}

export function ticksOf(value: DuckDBValue): { readonly ticks: bigint; readonly aSecond: number } | null {
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue) {
    return { ticks: value.micros, aSecond: 1e6 };
  }
  if (value instanceof DuckDBTimestampNanosecondsValue) return { ticks: value.nanos, aSecond: 1e9 };
  if (value instanceof DuckDBTimestampMillisecondsValue) return { ticks: value.millis, aSecond: 1e3 };
  return value instanceof DuckDBTimestampSecondsValue ? { ticks: value.seconds, aSecond: 1 } : null;
}

export function inUnit(ticks: bigint, from: number, to: number): number | bigint {
  if (to >= from) return plainNumber(ticks * BigInt(to / from));
  const divisor = from / to;
  const number = Number(ticks);
  if (Number.isSafeInteger(number)) {
    const rest = number % divisor;
    return (number - rest) / divisor - (rest < 0 ? 1 : 0);
  }
  const rest = ticks % BigInt(divisor);
  return plainNumber((ticks - rest) / BigInt(divisor) - (rest < 0n ? 1n : 0n));
}

function timeConverter(unit: TimeUnit, report: Report): Convert {
  const to = TICKS_A_SECOND[unit];
  return (value) => {
    if (value instanceof DuckDBTimeNSValue) return inUnit(value.nanos, 1e9, to);
    if (value instanceof DuckDBTimeTZValue && value.offset !== 0) {
      return fail(report, 'invalid-time', 'must be a time of a day without a zone, or in UTC');
    }
    return value instanceof DuckDBTimeValue || value instanceof DuckDBTimeTZValue
      ? inUnit(value.micros, 1e6, to)
      : null;
  };
}

/** The only branch that such a value can be of; null when there is none, or more than one. */
function unionConverter(from: DuckDBType, branches: readonly SchemaType[], report: Report): Convert | null {
  const [one, other] = branches.flatMap((branch) => {
    const convert = branch.kind === 'null' ? null : converter(from, branch, report);
    return convert === null ? [] : [convert];
  });
  return one !== undefined && other === undefined ? one : null;
}

function listConverter(item: Convert | null, report: Report): Convert | null {
  if (item === null) return null;
  return (value) => {
    const items = value instanceof DuckDBListValue || value instanceof DuckDBArrayValue ? value.items : [];
    const converted: unknown[] = [];
    for (const [i, own] of items.entries()) {
      const result = own === null ? null : item(own);
      if (result === FAILED) return at(`[${i}]`, report, FAILED);
      converted.push(result);
    }
    return converted;
  };
}

function mapConverter(from: DuckDBMapType, values: SchemaType, report: Report): Convert | null {
  const convert = converter(from.valueType, values, report);
  if (convert === null || !TEXTS.has(from.keyType.typeId)) return null;
  const textOf = textConverter(report);
  return (value) => {
    const converted: [string, unknown][] = [];
    for (const { key, value: own } of value instanceof DuckDBMapValue ? value.entries : []) {
      const name = textOf(key);
      if (typeof name !== 'string') return FAILED;
      const result = own === null ? null : convert(own);
      if (result === FAILED) return at(name, report, FAILED);
      converted.push([name, result]);
    }
    return Object.fromEntries(converted);
  };
}

function structConverter(from: DuckDBStructType, to: RecordType, report: Report): Convert | null {
  const entries: { readonly entry: string; readonly name: string; readonly convert: Convert }[] = [];
  for (const [i, entry] of from.entryNames.entries()) {
    const field = fieldOfTitle(to.fields, entry);
    const type = from.entryTypes[i];
    const convert = field === null || type === undefined ? null : converter(type, field.type, report);
    if (field === null || convert === null) return null;
    entries.push({ entry, name: field.name, convert });
  }
  const names = new Set(entries.map(({ name }) => name));
  if (names.size < entries.length || to.fields.some(({ name, hasDefault }) => !hasDefault && !names.has(name)))
    return null;
  return (value) => {
    const record: Record<string, unknown> = {};
    if (!(value instanceof DuckDBStructValue)) return null;
    for (const { entry, name, convert } of entries) {
      const own = value.entries[entry] ?? null;
      const result = own === null ? null : convert(own);
      if (result === FAILED) return at(name, report, FAILED);
      record[name] = result;
    }
    return record;
  };
}
