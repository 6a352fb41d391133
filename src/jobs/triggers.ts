/**
 * Runs that files and publications of tables start. The run's own event names the file or publication that made it, so
 * that each has one run, whatever ends the process: a file is known once its run is durable, and not before.
 */
import type { TablePublished } from '../messages/table-facts.ts';

/** A file as it was found. */
export interface ArrivedFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const BY_FILE = /^file:\d+:[\d.]+:(.*)$/s;
const BY_TABLE = /^table:\d+:.*:(\w+)$/s;

/** What made a run, of a file as it is: another size or time is another version, which has a run of its own. */
export function fileTrigger({ path, bytes, modifiedMs }: ArrivedFile): string {
  return `file:${bytes}:${modifiedMs}:${path}`;
}

/** What made a run, of a table as it was published. */
export function tableTrigger({ table, runId, publishedAt }: TablePublished): string {
  return `table:${publishedAt}:${runId}:${table}`;
}

/** Of which runs are told apart by what made them: the path of a file, `table:NAME`; else null. */
export function triggerSubject(trigger: string): string | null {
  const [, path] = BY_FILE.exec(trigger) ?? [];
  if (path !== undefined) return path;
  const [, table] = BY_TABLE.exec(trigger) ?? [];
  return table === undefined ? null : tableSubject(table);
}

export function tableSubject(table: string): string {
  return `table:${table}`;
}

/** Those that are as they were at the look before: one that is still being written is not. */
export function settledFiles(before: readonly ArrivedFile[], now: readonly ArrivedFile[]): ArrivedFile[] {
  const known = new Set(before.map(fileTrigger));
  return now.filter((file) => known.has(fileTrigger(file)));
}

/** Of the name of a file: `*` is any text, `?` one character. */
export function namePattern(text: string): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
