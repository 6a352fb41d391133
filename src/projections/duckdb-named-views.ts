/**
 * Streams under their whole names, with the names of their schemas: what statements of views are of, so that the same text
 * runs in either place. `payments.transactions` is the view `transactions` of the schema `payments`.
 */
import type { RecordColumn } from '../messages/record-columns.ts';
import { quotedName } from '../sql-quotes.ts';
import type { StreamTable } from './stream-tables.ts';
import type { Table } from './table.ts';

/** A stream of a built-in type. A table of that type has its rows. */
export interface NamedStream {
  readonly name: string;
  /** Full name of its events' type. */
  readonly eventType: string;
}

/**
 * Statements that make the views. A name without a point is that of the stream's table, and a name with several has no
 * view.
 */
export function namedViewsSql(
  tables: readonly Table[],
  named: readonly NamedStream[],
  streams: readonly StreamTable[],
): string[] {
  const ofTypes = named.flatMap(({ name, eventType }) => {
    const table = tables.find((each) => each.eventType === eventType && each.store === 'duckdb');
    if (table === undefined) return [];
    const columns = table.columns.flatMap(({ name: column, from }) =>
      from.startsWith('$') ? [] : [{ column, path: from }],
    );
    return viewSql(name, table.name, columns);
  });
  const declared = streams.flatMap(({ name, columns }) =>
    viewSql(
      name,
      name,
      columns.map(({ path }: RecordColumn) => ({ column: path, path })),
    ),
  );
  return [...ofTypes, ...declared];
}

interface NamedColumn {
  readonly column: string;
  /** `field`, or `record.field`. */
  readonly path: string;
  /** The SQL that is made of the column; absent where the column itself is meant. */
  readonly sql?: string;
}

function viewSql(name: string, table: string, columns: readonly NamedColumn[]): string[] {
  const [schema = '', own, ...more] = name.split('.');
  if (own === undefined || more.length > 0) return [];
  const fields = fieldsSql(columns).map(([field, sql]) => `${sql} AS ${quotedName(field)}`);
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quotedName(schema)}`,
    `CREATE OR REPLACE VIEW ${quotedName(schema)}.${quotedName(own)} AS SELECT ${fields.join(', ')} FROM main.${quotedName(table)}`,
  ];
}

/** Fields with their SQL. The fields of a nested record are one STRUCT. */
export function fieldsSql(columns: readonly NamedColumn[]): [string, string][] {
  const fields = new Set(columns.map(({ path }) => path.split('.')[0] ?? ''));
  return [...fields].map((field) => {
    const own = columns.filter(({ path }) => path === field || path.startsWith(`${field}.`));
    const [only] = own;
    if (only !== undefined && only.path === field) return [field, only.sql ?? quotedName(only.column)];
    const inner = own.map((each) => ({ ...each, path: each.path.slice(field.length + 1) }));
    return [
      field,
      `struct_pack(${fieldsSql(inner)
        .map(([name, sql]) => `${quotedName(name)} := ${sql}`)
        .join(', ')})`,
    ];
  });
}
