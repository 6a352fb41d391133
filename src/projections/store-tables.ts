/**
 * Tables of the stores that a pipeline file declares: which events become the rows of each, its columns, and what tells rows
 * apart. All of it is plain data, made of the configuration and handed to the process of the store.
 */
import type { AvroRecord, AvroSchema } from '../messages/avro.ts';
import { type DecimalForm, decimalForm, logicalOf } from '../messages/logical-types.ts';
import { type RecordLeaf, recordLeaves } from '../messages/record-columns.ts';

/** A store that the pipeline file declares. The settings of its kind stand beside these. */
export interface DeclaredStore {
  readonly name: string;
  readonly kind: string;
  readonly tables: readonly StoreTable[];
}

/** The type of a column's values, as the schema has it. A store uses the exact type that it has for it. */
export type StoreType =
  | {
      readonly kind:
        | 'int'
        | 'long'
        | 'float'
        | 'double'
        | 'boolean'
        | 'date'
        | 'text'
        | 'uuid'
        | 'bytes'
        /** What no column can hold, as the text of its JSON. */
        | 'json';
    }
  /** `timestamp` is an instant, `local-timestamp` a wall clock's date and time, `time` a time of day; numbers in their unit. */
  | { readonly kind: 'timestamp' | 'local-timestamp' | 'time'; readonly unit: 'millis' | 'micros' | 'nanos' }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | ({ readonly kind: 'decimal' } & DecimalForm)
  | { readonly kind: 'list'; readonly items: StoreType };

export interface StoreColumn {
  readonly name: string;
  /** The place of the column's value in the events: a field, or `record.field` of a nested record. */
  readonly path: string;
  readonly type: StoreType;
  readonly isNullable: boolean;
  /** The value in events from before the field was there; absent for none. */
  readonly default?: unknown;
}

/** What the events of a table are. */
export type StoreRole = 'stream' | 'window' | 'join' | 'derived' | 'late' | 'dead-letters' | 'builtin';

export interface StoreTable {
  /** The name of the events in the pipeline file: `payments.transactions`, `clicks_per_user`, `clicks.dead-letters`. */
  readonly of: string;
  readonly role: StoreRole;
  readonly columns: readonly StoreColumn[];
  /** The columns by which an event replaces an earlier one; empty where each event stands by itself. */
  readonly key: readonly string[];
  /** The column with the event's time; null where it has none. */
  readonly time: string | null;
  /** The window or join that the events were late for; absent for other events. */
  readonly lateFor?: string;
  /** What the file says of the table, for the kind of store. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The columns of a record's fields. */
export function storeColumns(schema: AvroRecord): StoreColumn[] {
  const defaults = new Map(schema.fields.map((field) => [field.name, field.default]));
  return recordLeaves(schema).map((leaf): StoreColumn => {
    const { path, isNullable } = leaf;
    const standard = defaults.get(path);
    const column = { name: path, path, type: storeType(leaf), isNullable };
    return standard === undefined ? column : { ...column, default: standard };
  });
}

function storeType({ type, items }: Pick<RecordLeaf, 'type' | 'items'>): StoreType {
  if (type === null) return { kind: 'json' };
  const decimal = decimalForm(type);
  if (decimal !== null) return { kind: 'decimal', precision: decimal.precision, scale: decimal.scale };
  if (items !== undefined) {
    const inner = storeType(items);
    return inner.kind === 'json' ? { kind: 'json' } : { kind: 'list', items: inner };
  }
  const logical = logicalOf(underlyingOf(type));
  switch (logical?.kind) {
    case 'timestamp':
    case 'local-timestamp':
    case 'time':
      return { kind: logical.kind, unit: logical.unit };
    case 'date':
    case 'uuid':
      return { kind: logical.kind };
  }
  return plainType(type);
}

function underlyingOf(type: AvroSchema): Parameters<typeof logicalOf>[0] {
  if (typeof type !== 'object' || !('type' in type)) return { kind: String(type), size: 0, annotation: {} };
  const size = 'size' in type && typeof type.size === 'number' ? type.size : 0;
  return { kind: type.type, size, annotation: { ...type } };
}

function plainType(type: AvroSchema): StoreType {
  if (typeof type === 'object' && 'symbols' in type) return { kind: 'enum', symbols: type.symbols };
  const name: unknown = typeof type === 'object' && 'type' in type ? type.type : type;
  switch (name) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'boolean':
    case 'bytes':
      return { kind: name };
    case 'string':
      return { kind: 'text' };
    case 'fixed':
      return { kind: 'bytes' };
    default:
      return { kind: 'json' };
  }
}
