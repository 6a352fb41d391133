/**
 * Tombstones in a lake: a row that has the key, the time and a mark, and of all other columns nothing. Files are only added
 * to, so what a tombstone deletes stays in them; by the mark a reader leaves it out.
 */
import { type Columns, type Column as EventColumn, type NumberColumn, textColumn } from '../../messages/columns.ts';
import { bytesOfUnscaled } from '../../messages/logical-types.ts';
import type { Tombstone } from '../../messages/streams.ts';
import type { Column } from '../../projections/duckdb-columns.ts';
import type { StoreColumn } from '../../projections/store-tables.ts';
import type { ManifestColumn } from './manifest.ts';

/** Of a stream's files: true in the row of a tombstone, false in that of an event. */
export const DELETED: ManifestColumn = { name: 'millrace_deleted', type: 'BOOLEAN' };

const MARK = '$deleted';
export const STAGED_MARK: Column = { name: DELETED.name, kind: 'boolean', from: MARK };

/** The same events with the mark. */
export function marked(events: Columns, isDeletion: boolean): Columns {
  const mark = numbers(new Float64Array(events.count).fill(isDeletion ? 1 : 0));
  return { ...events, column: (path) => (path === MARK ? mark : events.column(path)) };
}

/** Tombstones as events of the table's columns. */
export function deletionRows(
  tombstones: readonly Tombstone[],
  columns: readonly StoreColumn[],
  key: string | undefined,
  time: string | null,
): Columns {
  const count = tombstones.length;
  const byPath = new Map(columns.map((column) => [column.path, column]));
  return {
    count,
    column(path) {
      const column = byPath.get(path);
      if (column === undefined) return undefined;
      if (column.name === key) return keyColumn(tombstones, column);
      return column.name === time ? timeColumn(tombstones, column) : nothing(count, column);
    },
    numbers() {
      throw new Error('Tombstones have no numbers but those of their columns');
    },
    event: () => ({}),
    binary: () => null,
    places: null,
  };
}

function numbers(values: Float64Array, exact: BigInt64Array | null = null): NumberColumn {
  return { kind: 'number', values, exact, nulls: null };
}

/** A key is a text, a whole number, or the text of a truth, a fraction or a decimal (src/streams/field-key.ts). */
function keyColumn(tombstones: readonly Tombstone[], { type }: StoreColumn): EventColumn {
  const keys = tombstones.map(({ key }) => key);
  switch (type.kind) {
    case 'boolean':
      return numbers(Float64Array.from(keys, (key) => (key === 'true' ? 1 : 0)));
    case 'int':
    case 'long':
      return numbers(Float64Array.from(keys, Number), BigInt64Array.from(keys, BigInt));
    case 'float':
    case 'double':
      return numbers(Float64Array.from(keys, Number));
    case 'decimal': {
      const { precision, scale } = type;
      const at = (row: number): Buffer | null => bytesOfUnscaled(unscaledText(String(keys[row]), scale), null);
      return { kind: 'boxed', at, decimal: { precision, scale }, nulls: null };
    }
    default:
      return textColumn(
        keys.map((key) => Buffer.from(String(key), 'utf8')),
        null,
      );
  }
}

function unscaledText(text: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

const TICKS_PER_MS = { millis: 1, micros: 1000, nanos: 1_000_000 } as const;

function timeColumn(tombstones: readonly Tombstone[], { type }: StoreColumn): EventColumn {
  const isTimestamp = type.kind === 'timestamp' || type.kind === 'local-timestamp';
  const ticks = isTimestamp ? TICKS_PER_MS[type.unit] : 1;
  const times = tombstones.map(({ occurredAt }) => occurredAt);
  return numbers(
    Float64Array.from(times, (ms) => ms * ticks),
    BigInt64Array.from(times, (ms) => BigInt(Math.round(ms)) * BigInt(ticks)),
  );
}

function nothing(count: number, { type }: StoreColumn): EventColumn {
  const nulls = new Uint8Array(count).fill(1);
  if (type.kind === 'decimal') return { kind: 'boxed', at: () => null, decimal: type, nulls };
  return { ...numbers(new Float64Array(count)), nulls };
}
