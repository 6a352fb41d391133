/** The columns of a lake's table: how events come to them, and what Parquet has. */
import { DECIMAL_DIGITS, type RecordColumn } from '../../messages/record-columns.ts';
import type { Column } from '../../projections/duckdb-columns.ts';
import type { StoreColumn, StoreType } from '../../projections/store-tables.ts';
import { quotedName } from '../../sql-quotes.ts';

export interface LakeColumn {
  readonly name: string;
  /** DuckDB's type in the file. */
  readonly type: string;
  /** Of the table where rows wait for their file. */
  readonly staged: Column;
  /** What the events are asked for. */
  readonly record: RecordColumn;
  /** Makes of the waiting value what the file has. */
  readonly sql: string;
}

/** Where a row's event lies in the journal, beside the columns of its event. */
export const PLACE_COLUMNS = ['millrace_log', 'millrace_offset'] as const;

type Form = Pick<RecordColumn, 'kind'> & { readonly type: string; readonly sql?: (column: string) => string };

export function lakeColumn({ name, path, type }: StoreColumn): LakeColumn {
  const form = formOf(type);
  const decimal = type.kind === 'decimal' ? { decimal: { precision: type.precision, scale: type.scale } } : {};
  const record: RecordColumn = { path, kind: form.kind, isNullable: true, ...decimal };
  // A decimal with more digits than a column may have comes as text.
  const isText = form.kind === 'json' || (form.kind === 'decimal' && form.type === 'VARCHAR');
  const own = quotedName(name);
  return {
    name,
    type: form.type,
    staged: {
      name,
      from: path,
      nullable: true,
      kind: isText ? 'text' : stagedKind(form.kind),
      ...(isText ? {} : decimal),
    },
    record,
    sql: `${form.sql?.(own) ?? own} AS ${own}`,
  };
}

function stagedKind(kind: RecordColumn['kind']): Column['kind'] {
  return kind === 'json' ? 'text' : kind;
}

function formOf(type: StoreType): Form {
  switch (type.kind) {
    case 'int':
      return { kind: 'int', type: 'INTEGER' };
    case 'long':
      return { kind: 'long', type: 'BIGINT' };
    case 'float':
    case 'double':
      return { kind: 'double', type: 'DOUBLE' };
    case 'boolean':
      return { kind: 'boolean', type: 'BOOLEAN' };
    case 'date':
      return { kind: 'date', type: 'DATE' };
    case 'text':
    case 'uuid':
    case 'enum':
      return { kind: 'text', type: 'VARCHAR' };
    case 'bytes':
      return { kind: 'bytes', type: 'BLOB' };
    case 'json':
    case 'list':
      return { kind: 'json', type: 'VARCHAR' };
    case 'decimal':
      return type.precision > DECIMAL_DIGITS
        ? { kind: 'decimal', type: 'VARCHAR' }
        : { kind: 'decimal', type: `DECIMAL(${type.precision},${type.scale})` };
    case 'timestamp':
    case 'local-timestamp':
      return timestampForm(type.kind, type.unit);
    case 'time':
      return { kind: type.unit === 'millis' ? 'int' : 'long', ...timeForm(type.unit) };
  }
}

function timestampForm(kind: 'timestamp' | 'local-timestamp', unit: 'millis' | 'micros' | 'nanos'): Form {
  if (unit === 'millis') {
    if (kind === 'timestamp') return { kind: 'instant', type: 'TIMESTAMP' };
    return { kind: 'long', type: 'TIMESTAMP', sql: (column) => `make_timestamp(${column} * 1000)` };
  }
  const [type, make] = unit === 'micros' ? ['TIMESTAMP', 'make_timestamp'] : ['TIMESTAMP_NS', 'make_timestamp_ns'];
  return { kind: 'long', type, sql: (column) => `${make}(${column})` };
}

/** A time of day in nanoseconds stays a number: DuckDB's own would cut it. */
function timeForm(unit: 'millis' | 'micros' | 'nanos'): Pick<Form, 'type' | 'sql'> {
  if (unit === 'nanos') return { type: 'BIGINT' };
  const make = unit === 'millis' ? 'to_milliseconds' : 'to_microseconds';
  return { type: 'TIME', sql: (column) => `TIME '00:00:00' + ${make}(${column})` };
}
