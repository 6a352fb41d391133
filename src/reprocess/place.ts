/**
 * Where results by another pipeline file lie beside the live ones: a data directory of their own below the live one, with a
 * note of what it was made by and how far it has come.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFs } from '../journal/fs.ts';
import { replaceFile } from '../journal/replace-file.ts';

const FOLDER = 'reprocessed';
const NOTE = 'reprocess.json';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** By log of a stream: two offsets that stand for each other, in the live log and in its own. */
export type Reached = Readonly<Record<string, { readonly live: number; readonly own: number }>>;

export interface ReprocessNote {
  /** The pipeline file, as an absolute path. */
  readonly configFile: string;
  /** Epoch ms: what was committed before has the live results; null: everything was derived anew. */
  readonly fromMs: number | null;
  /** Whether logs without their beginning were taken as they are; absent: they were not. */
  readonly fromEarliest?: boolean;
  readonly reached: Reached;
}

/** Throws for a name that can't be that of a folder. */
export function reprocessedDir(dataDir: string, name: string): string {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} can't be a name: letters, digits, ".", "_" and "-"`);
  return join(dataDir, FOLDER, name);
}

/** Null where nothing of this name was finished. */
export function readReprocessNote(dataDir: string, name: string): ReprocessNote | null {
  const file = join(reprocessedDir(dataDir, name), NOTE);
  if (!existsSync(file)) return null;
  const note: ReprocessNote = JSON.parse(readFileSync(file, 'utf8'));
  return note;
}

export function writeReprocessNote(dataDir: string, name: string, note: ReprocessNote): Promise<void> {
  return replaceFile(nodeFs, reprocessedDir(dataDir, name), NOTE, [Buffer.from(JSON.stringify(note))]);
}

/** Until it is written anew, what lies there is begun again: it may be interrupted between two logs. */
export async function forgetReached(dataDir: string, name: string): Promise<void> {
  await nodeFs.unlink(join(reprocessedDir(dataDir, name), NOTE));
}

export function reprocessedNames(dataDir: string): string[] {
  const folder = join(dataDir, FOLDER);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => NAME.test(name))
        .sort()
    : [];
}

/** Whether there was one. */
export function dropReprocessed(dataDir: string, name: string): boolean {
  const directory = reprocessedDir(dataDir, name);
  const isThere = existsSync(directory);
  rmSync(directory, { recursive: true, force: true });
  return isThere;
}
