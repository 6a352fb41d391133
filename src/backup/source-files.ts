/** Which files of a data directory a backup has: all that is not made anew from the journal. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatHead, HEAD_FILE } from '../journal/head.ts';
import { cutSegments, type SegmentCut } from '../journal/segment-cut.ts';
import { SNAPSHOT_DIRECTORY, snapshotName, snapshotOffsets } from '../journal/snapshot-files.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import type { BackedUpLog } from './manifest.ts';

/** Of the journal's directory in a data directory, as `journalOf` has it. */
const JOURNAL = 'journal';
/** Files at the top of a data directory that say what its logs were written by. */
const SMALL_FILES = ['derivations.json', 'tables.json', 'forgotten.json'];
/** Folders of files that are written once, or replaced as a whole. */
const FOLDERS = ['schemas', 'models', 'job-tables'];

export interface SourceFile {
  /** In the data directory, with slashes. */
  readonly path: string;
  /** How many bytes from its beginning are meant. */
  readonly bytes: number;
  /** Of a sealed segment: the SHA-256 of so many bytes, which its footer says; null for any other file. */
  readonly sealed: SegmentCut['sealed'];
  /** What it has, where that is no file's content. */
  readonly content: Buffer | null;
}

export interface SourceFiles {
  readonly logs: readonly BackedUpLog[];
  readonly files: readonly SourceFile[];
}

/** `ends` by log: all events below are durable, and the ends of all logs are of one moment. */
export function sourceFiles(dataDir: string, ends: ReadonlyMap<string, number>, fs: SyncFs): SourceFiles {
  const logs: BackedUpLog[] = [];
  const files: SourceFile[] = [];
  for (const [log, nextOffset] of ends) {
    const home = `${JOURNAL}/${log}`;
    const directory = join(dataDir, JOURNAL, log);
    const cuts = cutSegments(fs, directory, log, nextOffset);
    logs.push({ log, firstOffset: cuts[0]?.firstOffset ?? nextOffset, nextOffset });
    for (const { name, bytes, sealed } of cuts) files.push({ path: `${home}/${name}`, bytes, sealed, content: null });
    if (nextOffset > 0) files.push(made(`${home}/${HEAD_FILE}`, Buffer.from(formatHead(nextOffset))));
    const snapshots = snapshotOffsets(namesIn(join(directory, SNAPSHOT_DIRECTORY)));
    for (const offset of snapshots.filter((each) => each <= nextOffset)) {
      files.push(whole(dataDir, `${home}/${SNAPSHOT_DIRECTORY}/${snapshotName(offset)}`));
    }
  }
  for (const folder of FOLDERS) {
    for (const name of namesIn(join(dataDir, folder))) {
      if (!name.endsWith('.tmp')) files.push(whole(dataDir, `${folder}/${name}`));
    }
  }
  const top = namesIn(dataDir);
  for (const name of SMALL_FILES) {
    if (top.includes(name)) files.push(made(name, readFileSync(join(dataDir, name))));
  }
  return { logs, files };
}

/** A file that is not written to any more. */
function whole(dataDir: string, path: string): SourceFile {
  return { path, bytes: statSync(join(dataDir, path)).size, sealed: null, content: null };
}

function made(path: string, content: Buffer): SourceFile {
  return { path, bytes: content.length, sealed: null, content };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The name of a content in a backup: the path, and by what the content is known. */
export function storedName(path: string, sha256: string): string {
  return `${path}.${sha256.slice(0, 16)}`;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
