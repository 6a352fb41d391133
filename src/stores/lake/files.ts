/** Rows into files of Parquet: one for each folder that they are in. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Place } from '../../places/place.ts';
import { rowsOf } from '../../projections/duckdb-reading.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import type { LakeFile } from './manifest.ts';
import { groupSql, groupTexts, partitionPath, tableFolder, whereSql } from './partitions.ts';
import type { Stage } from './stage.ts';

export interface FileWriter {
  readonly connection: DuckDBConnection;
  readonly place: Place;
  /** Where files are made before they are moved to their place. */
  readonly making: string;
  /** In the names of its files, so that no two processes write the same one. */
  readonly token: string;
}

/** Writes all rows that wait; in the lake, no manifest names the files yet. */
export async function writeStage(
  writer: FileWriter,
  stage: Stage,
  sequence: number,
  layout: number,
): Promise<LakeFile[]> {
  const { connection } = writer;
  const { table, name, condition } = stage;
  const by = table.options.partitionBy;
  const time = table.time === null ? 'NULL' : quotedName(table.time);
  // What a time is only the selection says.
  const source = `(SELECT ${stage.rowSql()} FROM ${name} WHERE ${condition})`;
  const keys = by.map((each, i) => `${groupSql(each)} AS g${i}`);
  const texts = by.flatMap((each, i) => {
    const { folder, value } = groupTexts(each, `g${i}`);
    return [`${folder} AS f${i}`, `${value} AS v${i}`];
  });
  const counted = ['count(*) AS n', `min(${time})::VARCHAR AS first`, `max(${time})::VARCHAR AS last`];
  const groups = await rowsOf(
    connection,
    `SELECT ${[...texts, 'n', 'first', 'last'].join(', ')}
       FROM (SELECT ${[...keys, ...counted].join(', ')} FROM ${source} GROUP BY ALL HAVING count(*) > 0) ORDER BY ALL`,
  );
  const files: LakeFile[] = [];
  for (const [i, group] of groups.entries()) {
    const textOf = (name: string): string | null => (group[name] == null ? null : String(group[name]));
    const where = by.map((each, k) => whereSql(each, textOf(`v${k}`)));
    // One group needs no condition, and DuckDB keeps the order in which rows came: of each log, the journal's.
    const rows = `SELECT * FROM ${source}${groups.length === 1 ? '' : ` WHERE ${where.join(' AND ')}`}`;
    const partition = partitionPath(
      by,
      by.map((_, k) => textOf(`f${k}`)),
    );
    const path = `${tableFolder(table.of)}/${partition}${fileName(writer, sequence, i)}`;
    const bytes = await writeFile(writer, rows, path);
    const [from, to] = [instantOf(group.first), instantOf(group.last)];
    files.push({ path, rows: Number(group.n), bytes, partition, layout, from, to });
  }
  return files;
}

/** Runs a query into a file of the lake. Returns its bytes. */
export async function writeFile(
  { connection, place, making }: FileWriter,
  rows: string,
  path: string,
): Promise<number> {
  await mkdir(making, { recursive: true });
  const made = join(making, 'file.parquet');
  await rm(made, { force: true });
  await connection.run(`COPY (${rows}) TO ${quotedText(made)} (FORMAT parquet, COMPRESSION zstd)`);
  const { size } = await stat(made);
  await place.adopt(made, path, size);
  return size;
}

/** Names tell commits and processes apart. */
export function fileName({ token }: FileWriter, sequence: number, index: number): string {
  return `part-${String(sequence).padStart(8, '0')}-${String(index).padStart(4, '0')}-${token}.parquet`;
}

/** Whether a name is one of a lake's files. */
export function isLakeFile(path: string): boolean {
  return /(?:^|\/)part-\d{8,}-\d{4,}-[0-9a-f]{8}\.parquet$/.test(path);
}

/** DuckDB's text of a timestamp as ISO 8601. */
function instantOf(value: unknown): string | null {
  return typeof value === 'string' ? `${value.replace(' ', 'T')}Z` : null;
}
