/**
 * Tables of the analytics store. Each configured window has a table of its results, and `window_parts` has those of
 * windows that are configured no more; the view `windows` has one row a window, key and start: the newest revision.
 * Tables of declared streams are in duckdb-streams.ts.
 */
import type { AvroField } from '../messages/avro.ts';
import type { DecimalForm } from '../messages/logical-types.ts';
import type { GivenKind } from '../messages/window-result.ts';
import { quotedText } from '../sql-quotes.ts';
import type { Column } from './duckdb-columns.ts';
import type { ColumnKind } from './duckdb-fill.ts';
import type { Table } from './table.ts';

/** Raise it whenever a writer changes, so that older files are rebuilt. A changed table does that by itself. */
export const DUCKDB_WRITERS_VERSION = 13;

/** The endings of the store's files. */
export const DUCKDB_SUFFIXES: readonly string[] = ['', '.wal'];

/** Columns of the table of an entry. Throws for one that this store can't hold. */
export function tableColumns({ name, key, columns }: Table): Column[] {
  // Rows are only appended, and none is looked for by a key.
  if (key !== null) throw new Error(`The table ${name} has a key, which no table of DuckDB may have`);
  return columns.map(({ name: column, kind, from, nullable, few }) => {
    const made = { name: column, from, kind: kind === 'json' ? 'text' : kind } as const;
    const own = few === undefined ? made : ({ ...made, kind: 'int', few } as const);
    return nullable === undefined ? own : { ...own, nullable };
  });
}

/** What the view has to know of an aggregate. */
export interface AggregateShape {
  readonly name: string;
  /** Whether it is the number of the group's events, which the table has already. */
  readonly isCount: boolean;
  /** What the aggregate gives. A list is kept as JSON. */
  readonly gives: GivenKind;
  /** Digits of a decimal; absent for another kind. */
  readonly decimal?: DecimalForm;
}

/** What the view has to know of a window. */
export interface WindowShape {
  readonly name: string;
  /** The kind of window. */
  readonly kind: string;
  readonly aggregates: readonly AggregateShape[];
  /** The values of a key of several, by name; absent for another key. */
  readonly parts?: readonly PartShape[];
  /** The columns of a view of SQL, in order; absent for a window by itself. */
  readonly columns?: readonly string[];
}

export interface PartShape {
  readonly name: string;
  readonly gives: 'text' | 'long' | 'boolean';
}

/** The table of a configured window. Each aggregate has a column, so that no row needs a text. */
export function windowTable({ name }: Pick<WindowShape, 'name'>): string {
  return `window_${name}`;
}

/** A value of a key, as the field of a result has it. */
export function partShape({ name, type }: AvroField): PartShape {
  const has = (kind: string): boolean => Array.isArray(type) && type.includes(kind);
  return { name, gives: has('string') ? 'text' : has('boolean') ? 'boolean' : 'long' };
}

const WINDOW_COLUMNS = [
  { name: 'key', kind: 'text', from: 'key', nullable: true },
  { name: 'start_at', kind: 'instant', from: 'start' },
  { name: 'end_at', kind: 'instant', from: 'end' },
  { name: 'revision', kind: 'int', from: 'revision' },
  { name: 'count', kind: 'long', from: 'count' },
  { name: 'partition', kind: 'int', from: '$partition' },
] as const satisfies readonly Column[];

const KINDS: Readonly<Record<GivenKind, ColumnKind>> = {
  number: 'double',
  whole: 'long',
  decimal: 'decimal',
  instant: 'instant',
  date: 'date',
  text: 'text',
  truth: 'boolean',
  list: 'text',
};

/**
 * Columns of a window's table: the common ones, the values of a key of several, then the aggregates in order. The
 * number of events has no column, because the view has it from `count`.
 */
export function windowColumns({ aggregates, parts = [] }: WindowShape): Column[] {
  const ofKey = parts.map(({ name, gives }): Column => {
    return { name: `key_${name}`, kind: gives, from: `parts.${name}`, nullable: true };
  });
  const kept = aggregates.filter(({ isCount }) => !isCount);
  const own = kept.map(({ name, gives, decimal }): Column => {
    const form = decimal === undefined ? {} : { decimal };
    return { name: `agg_${name}`, kind: KINDS[gives], from: `aggregates.${name}`, nullable: true, ...form };
  });
  return [...WINDOW_COLUMNS, ...ofKey, ...own];
}

/**
 * The view `windows` over the tables of these windows and the results of other windows. Names come from a validated
 * file.
 */
export function windowsViewSql(shapes: readonly WindowShape[]): string {
  const others = `SELECT window_name, key, start_at, end_at, revision, count, aggregates FROM window_parts
    QUALIFY row_number() OVER (PARTITION BY window_name, key, start_at, partition ORDER BY revision DESC) = 1`;
  const all = [others, ...shapes.map(windowSql)].join('\n    UNION ALL ');
  // A result without events takes back what a flush gave.
  return `CREATE OR REPLACE VIEW windows AS SELECT * FROM (${all}) WHERE count > 0`;
}

function windowSql(shape: WindowShape): string {
  const table = `(SELECT *, rowid AS place_row FROM "${windowTable(shape)}")`;
  return `SELECT ${quotedText(shape.name)}, key, start_at, end_at, revision, count, ${aggregatesSql(shape)}
    FROM (${newestSql(shape, table, table)})`;
}

/** A result's aggregates as JSON text. */
export function aggregatesSql({ aggregates }: WindowShape): string {
  const members = aggregates.map((aggregate) => `${quotedText(aggregate.name)}, ${resultSql(aggregate)}`).join(', ');
  return `json_object(${members})::VARCHAR`;
}

/**
 * Rows that no later result replaces. `among` has all rows that may replace one. Except for sessions it is the rows
 * themselves, if they hold a window's results whole. Both have the number of a row in its table as `place_row`.
 */
export function newestSql({ kind, name }: Pick<WindowShape, 'kind' | 'name'>, rows: string, among: string): string {
  switch (kind) {
    case 'count':
      // Each result has events of its own. A result that was not full when a flush gave it may have grown since, or
      // begin earlier.
      return `SELECT * FROM ${rows} AS one WHERE NOT EXISTS (SELECT 1 FROM ${rows} AS other
        WHERE other.key IS NOT DISTINCT FROM one.key AND other.partition = one.partition
          AND other.start_at = one.start_at AND other.revision > one.revision AND other.place_row > one.place_row
          AND (other.count > one.count
            OR (other.count = 0 AND one.count < (SELECT max(count) FROM "${windowTable({ name })}"))))`;
    case 'session':
      return `SELECT * FROM ${rows} AS one WHERE NOT EXISTS (SELECT 1 FROM ${among} AS other
        WHERE other.key IS NOT DISTINCT FROM one.key AND other.partition = one.partition
          AND other.start_at <= one.start_at AND other.end_at >= one.end_at
          AND (other.start_at < one.start_at OR other.end_at > one.end_at OR other.revision > one.revision))`;
    default:
      return `SELECT * FROM ${rows}
        QUALIFY row_number() OVER (PARTITION BY key, start_at, partition ORDER BY revision DESC) = 1`;
  }
}

function resultSql({ name, isCount, gives }: AggregateShape): string {
  if (isCount) return 'count';
  if (gives === 'instant') return `epoch_ms("agg_${name}")`;
  if (gives === 'date') return `("agg_${name}" - DATE '1970-01-01')`;
  return gives === 'list' ? `"agg_${name}"::JSON` : `"agg_${name}"`;
}

/**
 * The view of a statement, with its own name and columns, over the newest revision of each row. Null for a window by
 * itself.
 */
export function viewSql(shape: WindowShape): string | null {
  const { name, columns, aggregates } = shape;
  if (columns === undefined) return null;
  const listed = columns.map((column) => {
    const isCount = aggregates.some((aggregate) => aggregate.name === column && aggregate.isCount);
    return `${isCount ? 'count' : `"agg_${column}"`} AS "${column}"`;
  });
  const table = `(SELECT *, rowid AS place_row FROM "${windowTable(shape)}")`;
  return `CREATE OR REPLACE VIEW "${name}" AS SELECT ${listed.join(', ')}
    FROM (${newestSql(shape, table, table)}) WHERE count > 0`;
}

/** A window's results with a column for each aggregate: the newest revision of each, with times as times. */
export function windowRowsSql(shape: WindowShape, within = ''): string {
  const { aggregates, parts = [] } = shape;
  const ofKey = parts.map(({ name }) => `"key_${name}" AS "${name}"`);
  const own = aggregates.map(({ name, isCount }) => `${isCount ? 'count' : `"agg_${name}"`} AS "${name}"`);
  const listed = ['key', 'start_at AS "start"', 'end_at AS "end"', 'revision', ...ofKey, ...own];
  const table = `(SELECT *, rowid AS place_row FROM ${within}"${windowTable(shape)}")`;
  return `SELECT ${listed.join(', ')} FROM (${newestSql(shape, table, table)}) WHERE count > 0`;
}
