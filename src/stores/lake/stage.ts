/** Rows that wait for their file, in memory: a transaction of the projector adds to them, or it does not. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { withColumns } from '../../messages/record-columns.ts';
import { LATE } from '../../messages/stream-events.ts';
import type { Tombstone } from '../../messages/streams.ts';
import { type Column, columnSql, createTableWriter, type TableWriter } from '../../projections/duckdb-columns.ts';
import { rowsOf } from '../../projections/duckdb-reading.ts';
import type { SectionEvents, Where } from '../../projections/store.ts';
import type { StoreTable } from '../../projections/store-tables.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { type LakeColumn, lakeColumn, PLACE_COLUMNS } from './columns.ts';
import { DELETED, deletionRows, marked, STAGED_MARK } from './deletions.ts';
import type { ManifestColumn } from './manifest.ts';
import type { LakeTableOptions } from './options.ts';

export type LakeTable = StoreTable & { readonly options: LakeTableOptions };

export interface Stage {
  readonly table: LakeTable;
  readonly columns: readonly LakeColumn[];
  /** Those that its files have, but for the events' places. */
  readonly layout: readonly ManifestColumn[];
  /** Of DuckDB. */
  readonly name: string;
  /** Which of its rows are meant, as SQL: late events of all windows come together. */
  readonly condition: string;
  /** What of `section.table` it takes. */
  readonly takes: string;
  /** What a row of a file has: the columns of its event, the mark of a deletion, and where the event lies. */
  rowSql(): string;
  append(section: SectionEvents, where: Where): void;
  /** Of a table whose rows have no key a tombstone is nothing. */
  bury(tombstones: readonly Tombstone[], where: Where): void;
  flush(): void;
  clear(): void;
  /** Forgets all rows; outside any transaction. */
  empty(): Promise<void>;
}

/** Late events have the window that they were late for in a column of their own. */
const LATE_FOR = 'millrace_window';

/** The log as a number: a long text in each row costs more than all its other columns. */
const PLACE: readonly Column[] = [
  { name: PLACE_COLUMNS[0], kind: 'int', from: '$partition' },
  { name: PLACE_COLUMNS[1], kind: 'long', from: '$offset' },
];

export async function createStage(connection: DuckDBConnection, table: LakeTable, index: number): Promise<Stage> {
  const columns = table.columns.map(lakeColumn);
  const name = `stage_${index}`;
  const late: Column[] = table.role === 'late' ? [{ name: LATE_FOR, kind: 'text', from: 'window' }] : [];
  const hasMark = table.role === 'stream';
  const mark = hasMark ? [STAGED_MARK] : [];
  const staged = [...columns.map((column) => column.staged), ...mark, ...PLACE, ...late];
  await connection.run(`CREATE TABLE ${name} (${staged.map((column) => columnSql(column)).join(', ')})`);
  const writer: TableWriter = await createTableWriter(connection, name, staged, null);
  const records = columns.map(({ record }) => record);
  const logs: string[] = [];
  const numberOf = (log: string): number => (logs.includes(log) ? logs.indexOf(log) : logs.push(log) - 1);
  const placed = (where: Where): Where => ({ ...where, partition: numberOf(where.log) });
  return {
    table,
    columns,
    layout: [
      ...columns.map(({ name: own, type }): ManifestColumn => ({ name: own, type })),
      ...(hasMark ? [DELETED] : []),
    ],
    name,
    condition: table.lateFor === undefined ? 'true' : `${quotedName(LATE_FOR)} = ${quotedText(table.lateFor)}`,
    takes: table.role === 'late' ? LATE : table.of,
    rowSql() {
      const [log, offset] = PLACE_COLUMNS;
      const cases = logs.map((each, i) => `WHEN ${i} THEN ${quotedText(each)}`).join(' ');
      const place = [`CASE ${quotedName(log)} ${cases} END AS ${quotedName(log)}`, quotedName(offset)];
      return [...columns.map(({ sql }) => sql), ...mark.map((column) => quotedName(column.name)), ...place].join(', ');
    },
    append(section, where) {
      const events = withColumns(section.columns(), records);
      writer.append(hasMark ? marked(events, false) : events, placed(where));
    },
    bury(tombstones, where) {
      if (!hasMark) return;
      writer.append(marked(deletionRows(tombstones, table.columns, table.key[0], table.time), true), placed(where));
    },
    flush: writer.flush,
    clear: writer.clear,
    async empty() {
      await connection.run(`DELETE FROM ${name}`);
    },
  };
}

/** Bytes that waiting rows take in memory, of all tables. */
export async function stagedBytes(connection: DuckDBConnection): Promise<number> {
  const [row] = await rowsOf(
    connection,
    "SELECT sum(memory_usage_bytes)::BIGINT AS bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'",
  );
  return Number(row?.bytes ?? 0);
}
