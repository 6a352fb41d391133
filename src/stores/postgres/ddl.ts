/** The tables of a PostgreSQL store as SQL: names, exact types, and how a table goes from the columns that it has to others. */

import { createHash } from 'node:crypto';
import type { StoreColumn, StoreTable, StoreType } from '../../projections/store-tables.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { NAME_BYTES, type PgTableOptions, tableName, type Upsert, upsertOf } from './options.ts';

export interface PgColumn {
  readonly name: string;
  /** As format_type() says it. */
  readonly type: string;
  readonly column: StoreColumn;
}

export interface PgTable {
  readonly name: string;
  readonly of: StoreTable;
  /** Those of the key first. */
  readonly columns: readonly PgColumn[];
  readonly upsert: Upsert | null;
  /** The column whose months are partitions; null for none. */
  readonly partitionBy: PgColumn | null;
  readonly retentionMs: number | null;
  readonly enums: readonly { readonly name: string; readonly symbols: readonly string[] }[];
}

/** Where a row's event lies, beside the columns of its event. */
export const PLACE_COLUMNS = ['millrace_partition', 'millrace_offset'] as const;

/** Names that every table has for itself: ddl.html of PostgreSQL's manual, System Columns. */
const SYSTEM_COLUMNS = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);
const LABEL_BYTES = 63;

/** A name that is too long is cut, and ends with what its whole was. */
export function columnName(name: string): string {
  if (SYSTEM_COLUMNS.has(name)) return `${name}_`;
  if (Buffer.byteLength(name, 'utf8') <= NAME_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let cut = name;
  while (Buffer.byteLength(cut, 'utf8') > NAME_BYTES - 9) cut = cut.slice(0, -1);
  return `${cut}_${hash}`;
}

/** Throws when the table can't be had. */
export function pgTable(of: StoreTable & { readonly options: PgTableOptions }): PgTable {
  const name = tableName(of.of, of.options);
  const upsert = upsertOf(of, of.options);
  const enums: { name: string; symbols: readonly string[] }[] = [];
  const all = of.columns.map((column): PgColumn => {
    const type = sqlType(column.type);
    const own = columnName(column.name);
    if (type !== null) return { name: own, type, column };
    const symbols = column.type.kind === 'enum' ? column.type.symbols : [];
    const enumName = columnName(`${name}_${own}`);
    enums.push({ name: enumName, symbols });
    return { name: own, type: /^[a-z_][a-z0-9_]*$/.test(enumName) ? enumName : quotedName(enumName), column };
  });
  const inKey = ({ column }: PgColumn): boolean => upsert?.key.includes(column.name) === true;
  const columns = [...all.filter(inKey), ...all.filter((column) => !inKey(column))];
  const partitionBy =
    of.options.partition === null ? null : (all.find(({ column }) => column.name === of.time) ?? null);
  if (of.options.partition !== null && (partitionBy === null || !isTime(partitionBy.column.type))) {
    throw new Error(`${of.of} has no column with a time to be partitioned by`);
  }
  if (partitionBy !== null && upsert !== null && !inKey(partitionBy)) {
    throw new Error(
      `${of.of} is upserted by ${upsert.key.join(', ')}, and a key of partitions has their time in it: ` +
        `write \`key: [${[...upsert.key, of.time].join(', ')}]\`, or \`mode: append\``,
    );
  }
  return { name, of, columns, upsert, partitionBy, retentionMs: of.options.retentionMs, enums };
}

function isTime({ kind }: StoreType): boolean {
  return kind === 'timestamp' || kind === 'local-timestamp';
}

/** As format_type() says it; null for an enum, whose type is the table's own. */
function sqlType(type: StoreType): string | null {
  switch (type.kind) {
    case 'int':
      return 'integer';
    case 'long':
      return 'bigint';
    case 'float':
      return 'real';
    case 'double':
      return 'double precision';
    case 'json':
      return 'jsonb';
    case 'bytes':
      return 'bytea';
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`;
    case 'timestamp':
      return 'timestamp with time zone';
    case 'local-timestamp':
      return 'timestamp without time zone';
    case 'time':
      return 'time without time zone';
    case 'enum':
      return type.symbols.every((symbol) => Buffer.byteLength(symbol, 'utf8') <= LABEL_BYTES) ? null : 'text';
    case 'list':
      return `${sqlType(type.items) ?? 'text'}[]`;
    default:
      return type.kind;
  }
}

/** Statements that make it. */
export function createSql(table: PgTable): string[] {
  const { name, columns, upsert, partitionBy, enums } = table;
  const own = columns.map(({ name: column, type }) => `${quotedName(column)} ${type}`);
  const places = [`${PLACE_COLUMNS[0]} integer NOT NULL`, `${PLACE_COLUMNS[1]} bigint NOT NULL`];
  const by = partitionBy === null ? '' : ` PARTITION BY RANGE (${quotedName(partitionBy.name)})`;
  return [
    ...enums.map(
      ({ name: type, symbols }) => `CREATE TYPE ${quotedName(type)} AS ENUM (${symbols.map(quotedText).join(', ')})`,
    ),
    `CREATE TABLE ${quotedName(name)} (${[...own, ...places].join(', ')})${by}`,
    ...(upsert === null
      ? []
      : [
          `CREATE UNIQUE INDEX ON ${quotedName(name)} (${keyOf(table).join(', ')})${isNullable(table) ? ' NULLS NOT DISTINCT' : ''}`,
        ]),
    ...(partitionBy === null
      ? []
      : [`CREATE INDEX ON ${quotedName(name)} USING brin (${quotedName(partitionBy.name)})`]),
  ];
}

/** The columns of the key, quoted. */
export function keyOf({ columns, upsert }: PgTable): string[] {
  return columns.filter(({ column }) => upsert?.key.includes(column.name)).map(({ name }) => quotedName(name));
}

/** A key may be null, such as that of a window over all events: PostgreSQL 15 can hold two nulls for the same. */
function isNullable({ columns, upsert }: PgTable): boolean {
  return columns.some(({ column }) => upsert?.key.includes(column.name) === true && column.isNullable);
}

/** What decides the rows and is no column: with another, the rows that are there are others. */
export function layoutOf({ of, upsert, partitionBy }: PgTable): string {
  return JSON.stringify({ of: of.of, key: upsert?.key ?? null, partitionBy: partitionBy?.name ?? null });
}

/** From a type to others that hold each of its values. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  integer: ['bigint', 'double precision'],
  real: ['double precision'],
};

/** Statements that bring a table with these columns to today's. Throws, in words for people, when that would lose something. */
export function alterSql({ name, columns, enums }: PgTable, has: ReadonlyMap<string, string>): string[] {
  const statements: string[] = [];
  for (const { name: column, type, column: of } of columns) {
    const now = has.get(column);
    if (now === type) continue;
    const alter = `ALTER TABLE ${quotedName(name)}`;
    if (now === undefined) {
      const standard = defaultSql(of);
      statements.push(
        `${alter} ADD COLUMN ${quotedName(column)} ${type}${standard === null ? '' : ` DEFAULT ${standard}`}`,
      );
      // Rows that are there keep it: their events have it too. Later ones bring their own.
      if (standard !== null) statements.push(`${alter} ALTER COLUMN ${quotedName(column)} DROP DEFAULT`);
    } else if (isWider(now, type) || (type === 'text' && enums.length >= 0 && isEnum(now))) {
      statements.push(`${alter} ALTER COLUMN ${quotedName(column)} TYPE ${type} USING ${quotedName(column)}::${type}`);
    } else {
      throw new Error(
        `the column ${column} of the table ${name} is ${now}, and its events need ${type}: name another table ` +
          '(`table: other`), or rebuild this one from the journal with `millrace replay --projection` and the name of the store',
      );
    }
  }
  return statements;
}

const BUILT_IN = /^(integer|bigint|real|double|boolean|date|text|uuid|bytea|jsonb|numeric|time)/;

function isEnum(type: string): boolean {
  return !BUILT_IN.test(type) && !type.endsWith('[]');
}

function isWider(from: string, to: string): boolean {
  if (WIDER[from]?.includes(to) === true) return true;
  const [before, after] = [from, to].map((type) => /^numeric\((\d+),(\d+)\)$/.exec(type));
  if (before == null || after == null) return false;
  const [, precision, scale] = before.map(Number);
  const [, wider, finer] = after.map(Number);
  return finer! >= scale! && wider! - finer! >= precision! - scale!;
}

/** Null for a value that no literal says, and for null. */
function defaultSql({ type, default: standard }: StoreColumn): string | null {
  if (typeof standard === 'number' && ['int', 'long', 'float', 'double'].includes(type.kind)) return String(standard);
  if (typeof standard === 'boolean') return String(standard);
  if (typeof standard === 'string' && (type.kind === 'text' || type.kind === 'enum')) return quotedText(standard);
  return null;
}
