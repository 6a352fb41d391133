/** The folders of rows: SQL that computes a row's folder, and the folder's name as Hive writes it. */

import { quotedName, quotedText } from '../../sql-quotes.ts';
import { type PartitionBy, partitionKey } from './options.ts';

/** What Hive, Spark and Trino write for null. */
const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__';
const FORMATS = { year: '%Y', month: '%Y-%m', day: '%Y-%m-%d', hour: '%Y-%m-%d-%H' } as const;

/** What rows of one folder have the same of. */
export function groupSql({ column, unit }: PartitionBy): string {
  return unit === null ? quotedName(column) : `date_trunc('${unit}', ${quotedName(column)})`;
}

/** A group as its folder's name has it, and as the text that `whereSql` takes. */
export function groupTexts({ unit }: PartitionBy, group: string): { readonly folder: string; readonly value: string } {
  return {
    folder: unit === null ? `${group}::VARCHAR` : `strftime(${group}, '${FORMATS[unit]}')`,
    value: `${group}::VARCHAR`,
  };
}

/** Rows of a group. Of a time by its bounds, which leave out whole runs of rows unread. */
export function whereSql({ column, unit }: PartitionBy, value: string | null): string {
  const own = quotedName(column);
  if (value === null) return `${own} IS NULL`;
  if (unit === null) return `${own}::VARCHAR = ${quotedText(value)}`;
  const begin = `TIMESTAMP ${quotedText(value)}`;
  return `${own} >= ${begin} AND ${own} < ${begin} + INTERVAL 1 ${unit}`;
}

/** `day=2026-11-30/country=DE/`; nothing where rows are in no folders. */
export function partitionPath(by: readonly PartitionBy[], values: readonly (string | null)[]): string {
  return by.map((each, i) => `${escaped(partitionKey(each))}=${folderOf(values[i] ?? null)}/`).join('');
}

function folderOf(value: string | null): string {
  return value === null || value === '' ? NULL_PARTITION : escaped(value);
}

const ESCAPED = new Set('"#%\'*/:=?\\{[]^');

/** As Hive's FileUtils.escapePathName has it, and a dot first, which would hide the folder. */
function escaped(text: string): string {
  return [...text]
    .map((char, i) => {
      const code = char.charCodeAt(0);
      const isPlain = code >= 0x20 && code !== 0x7f && !ESCAPED.has(char) && !(char === '.' && i === 0);
      return isPlain ? char : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** The folder of a table below the lake. */
export function tableFolder(of: string): string {
  return escaped(of);
}
