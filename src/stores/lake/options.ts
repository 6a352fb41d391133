/** How a lake is written in the pipeline file, and what it comes to. */
import type { OpenedStore } from '../adapter.ts';

export interface LakeSettings {
  /** A folder's path, or s3://bucket/prefix. */
  readonly path: string;
  /** A file is written once the rows that wait come to so many bytes of Parquet… */
  readonly targetBytes: number;
  /** …or once the oldest of them has waited so long. */
  readonly everyMs: number;
  /** Files that a compaction has replaced stay so long for who still reads them. */
  readonly keepReplacedMs: number;
}

/** What a row's folder is named by. */
export interface PartitionBy {
  readonly column: string;
  /** Null: the value itself. */
  readonly unit: TimeUnit | null;
}

export const TIME_UNITS = ['year', 'month', 'day', 'hour'] as const;
type TimeUnit = (typeof TIME_UNITS)[number];

export interface LakeTableOptions extends Readonly<Record<string, unknown>> {
  readonly partitionBy: readonly PartitionBy[];
}

export type OpenedLake = OpenedStore<LakeSettings, LakeTableOptions>;

/** `day(occurredAt)` or `country`; null when it is neither. */
export function parsePartitionBy(text: string): PartitionBy | null {
  const [, word, inner] = /^([a-z]+)\(\s*([^()]+?)\s*\)$/.exec(text) ?? [];
  if (word !== undefined && inner !== undefined) {
    const unit = TIME_UNITS.find((each) => each === word);
    return unit === undefined ? null : { column: inner, unit };
  }
  return /[()]/.test(text) || text.trim() === '' ? null : { column: text, unit: null };
}

export function printPartitionBy({ column, unit }: PartitionBy): string {
  return unit === null ? column : `${unit}(${column})`;
}

/** The name of the folder's key, as Hive writes it. */
export function partitionKey({ column, unit }: PartitionBy): string {
  return unit === null ? column : `${column}_${unit}`;
}
