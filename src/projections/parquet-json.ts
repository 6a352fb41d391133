/**
 * A row of Parquet as JSON, as a dead letter keeps it: in the form in which the field's reader takes it, so that it can be
 * read again once what was wrong is right.
 */
import { isUtf8 } from 'node:buffer';
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimeNSValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { SchemaType } from '../messages/avro-schema.ts';
import { fieldOfTitle } from '../messages/titles.ts';
import { inUnit, textOfDecimal, ticksOf } from './parquet-columns.ts';

export type WriteJson = (value: DuckDBValue) => string;

/** The writer of values that go to a field of the type. */
export function jsonWriter(type: SchemaType): WriteJson {
  const write = filledWriter(type);
  return (value) => (value === null ? 'null' : write(value));
}

function filledWriter(type: SchemaType): WriteJson {
  switch (type.kind) {
    case 'union': {
      const branches = type.branches.filter(({ kind }) => kind !== 'null');
      const [only, other] = branches;
      // The value itself says which of several branches it is of.
      return only !== undefined && other === undefined ? filledWriter(only) : (value) => singleText(value, null);
    }
    case 'array': {
      const item = jsonWriter(type.items);
      return (value) => {
        const items = value instanceof DuckDBListValue || value instanceof DuckDBArrayValue ? value.items : [];
        return `[${items.map(item).join(',')}]`;
      };
    }
    case 'map': {
      const values = jsonWriter(type.values);
      return (value) => {
        const entries = value instanceof DuckDBMapValue ? value.entries : [];
        return `{${entries.map((entry) => `${textKey(entry.key)}:${values(entry.value)}`).join(',')}}`;
      };
    }
    case 'record': {
      const fields = new Map(type.fields.map((field) => [field.name, jsonWriter(field.type)]));
      return (value) => {
        const entries = value instanceof DuckDBStructValue ? Object.entries(value.entries) : [];
        const written = entries.map(([entry, own]) => {
          const name = fieldOfTitle(type.fields, entry)?.name ?? entry;
          return `${JSON.stringify(name)}:${fields.get(name)?.(own) ?? 'null'}`;
        });
        return `{${written.join(',')}}`;
      };
    }
    default:
      return (value) => singleText(value, type);
  }
}

type Single = Exclude<SchemaType, { readonly kind: 'union' | 'record' | 'array' | 'map' }>;

function singleText(value: DuckDBValue, to: Single | null): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  const logical = to !== null && 'logical' in to ? (to.logical?.kind ?? null) : null;
  const ticks = ticksOf(value);
  if (ticks !== null) {
    if (to?.kind === 'long' && logical === null) return String(inUnit(ticks.ticks, ticks.aSecond, 1000));
    return instantText(ticks.ticks, ticks.aSecond, logical === 'local-timestamp');
  }
  if (value instanceof DuckDBDecimalValue)
    return logical === 'decimal' ? `"${textOfDecimal(value)}"` : textOfDecimal(value);
  if (value instanceof DuckDBDateValue) return dateText(value.days);
  if (value instanceof DuckDBTimeNSValue) return `"${clockText(value.nanos, 9)}"`;
  if (value instanceof DuckDBTimeValue || value instanceof DuckDBTimeTZValue) return `"${clockText(value.micros, 6)}"`;
  if (value instanceof DuckDBBlobValue) {
    // Avro's JSON writes a character for each byte.
    const isBytes = (to?.kind === 'bytes' || to?.kind === 'fixed') && logical === null;
    const bytes = Buffer.from(value.bytes);
    return JSON.stringify(bytes.toString(isBytes || !isUtf8(bytes) ? 'latin1' : 'utf8'));
  }
  return JSON.stringify(String(value));
}

function textKey(key: DuckDBValue): string {
  return JSON.stringify(key instanceof DuckDBBlobValue ? Buffer.from(key.bytes).toString('utf8') : String(key));
}

const DATE_MAX_MS = 8.64e15;
const DAY_MS = 86_400_000;

function instantText(ticks: bigint, aSecond: number, isLocal: boolean): string {
  const unit = BigInt(aSecond);
  const rest = ((ticks % unit) + unit) % unit;
  const ms = Number((ticks - rest) / unit) * 1000;
  if (Math.abs(ms) > DATE_MAX_MS) return ticks.toString();
  const places = String(aSecond).length - 1;
  const fraction = places === 0 ? '' : `.${rest.toString().padStart(places, '0')}`;
  return `"${new Date(ms).toISOString().slice(0, -5)}${fraction}${isLocal ? '' : 'Z'}"`;
}

function dateText(days: number): string {
  const ms = days * DAY_MS;
  return Math.abs(ms) > DATE_MAX_MS ? String(days) : `"${new Date(ms).toISOString().slice(0, -14)}"`;
}

function clockText(ticks: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const seconds = ticks / unit;
  const two = (n: bigint) => n.toString().padStart(2, '0');
  const fraction = (ticks % unit).toString().padStart(places, '0');
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${fraction}`;
}
