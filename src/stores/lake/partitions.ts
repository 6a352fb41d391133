/** The folders that rows are in: SQL that tells them, and their names as Hive writes them. */
import { quoted } from '../../projections/sql-names.ts';
import { type PartitionBy, partitionKey } from './options.ts';

/** What Hive, Spark and Trino write for null. */
const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__';
const FORMATS = { year: '%Y', month: '%Y-%m', day: '%Y-%m-%d', hour: '%Y-%m-%d-%H' } as const;

/** The text of a row's value in the folder's name; null for null. */
export function partitionSql({ column, unit }: PartitionBy): string {
  return unit === null ? `${quoted(column)}::VARCHAR` : `strftime(${quoted(column)}, '${FORMATS[unit]}')`;
}

/** `day=2026-11-30/country=DE/`; nothing where rows are in no folders. */
export function partitionPath(by: readonly PartitionBy[], values: readonly (string | null)[]): string {
  return by.map((each, i) => `${escaped(partitionKey(each))}=${folderOf(values[i] ?? null)}/`).join('');
}

function folderOf(value: string | null): string {
  return value === null || value === '' ? NULL_PARTITION : escaped(value);
}

/** As Hive's FileUtils.escapePathName has it, and a dot first, which would hide the folder. */
function escaped(text: string): string {
  return text.replace(/[\0-\x1f"#%'*/:=?\\\x7f{[\]^]|^\./g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** The folder of a table below the lake. */
export function tableFolder(of: string): string {
  return escaped(of);
}
