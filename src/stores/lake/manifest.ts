/**
 * The manifest of a lake: the files of each table, their columns, and the offset that they reach in each log of the
 * journal. It is replaced as a whole, so rows and offsets change together, and a reader of the manifest sees whole
 * commits.
 */
import { createHash } from 'node:crypto';
import { isMap } from '../../messages/json-map.ts';

export const LAKE_MANIFEST = 'millrace-lake.json';
const VERSION = 1;

export interface LakeFile {
  /** Below the lake, with slashes. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** The folder without its table: `day=2026-11-30/`, or nothing. */
  readonly partition: string;
  /** Which list of columns it has, by its place in `layouts`. */
  readonly layout: number;
  /** Earliest and latest event time, ISO 8601; null where the table has none. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface ReplacedFile {
  readonly path: string;
  /** Epoch ms. */
  readonly atMs: number;
}

export interface ManifestColumn {
  readonly name: string;
  /** DuckDB's. */
  readonly type: string;
}

export interface ManifestTable {
  /** Every list of columns that files have, the newest last. */
  readonly layouts: readonly (readonly ManifestColumn[])[];
  readonly partitionBy: readonly string[];
  /** Next offset by log. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly files: readonly LakeFile[];
}

export interface LakeManifest {
  /** The data directory that it is filled from. */
  readonly owner: number;
  /** Of the last commit; the next one's files are named by the next. */
  readonly sequence: number;
  /** What only this commit has: by it a process knows its own, when an answer was lost. */
  readonly commit: string;
  readonly tables: Readonly<Record<string, ManifestTable>>;
  /** No table has them any more; they go once they have waited. */
  readonly replaced: readonly ReplacedFile[];
}

export function printManifest(manifest: LakeManifest): string {
  const content = { version: VERSION, ...manifest };
  return JSON.stringify({ ...content, checksum: checksumOf(content) });
}

/** Throws, in words for people, when it is damaged or of a later version. `where` it was read from. */
export function parseManifest(text: string, where: string): LakeManifest {
  const damaged = new Error(
    `${where} is damaged: it is not what was written. Its files are untouched; fill the lake anew from the journal with ` +
      '`millrace replay --projection` and the name of the store.',
  );
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (!isMap(read) || typeof read.version !== 'number') throw damaged;
  if (read.version > VERSION) {
    throw new Error(`${where} was written by a later version of Millrace (${read.version}; this one knows ${VERSION})`);
  }
  const { checksum, ...content } = read;
  if (checksum !== checksumOf(content) || !isManifest(content)) throw damaged;
  const { owner, sequence, commit, tables, replaced } = content;
  return { owner, sequence, commit, tables, replaced };
}

function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** What has the right checksum was written by this code; this tells it from another program's file. */
function isManifest(value: object): value is LakeManifest {
  return 'owner' in value && 'sequence' in value && 'tables' in value && 'replaced' in value && isMap(value.tables);
}
