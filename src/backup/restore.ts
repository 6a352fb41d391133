/** Makes a data directory of a backup. Read models are not in it: the next start, or any command, makes them of the journal. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hasCode } from '../error-code.ts';
import { writeWhole } from '../places/folder-place.ts';
import { AbsentError, type Place } from '../places/place.ts';
import { DamagedError, twice } from './damaged.ts';
import { eachOf } from './each-of.ts';
import { type BackedUpLog, type BackupFile, type BackupManifest, MANIFEST_FILE } from './manifest.ts';
import { readManifest } from './read-manifest.ts';

export interface Restored {
  /** When the backup was taken, ISO 8601. */
  readonly takenAt: string;
  readonly logs: readonly BackedUpLog[];
  readonly files: number;
  readonly bytes: number;
}

const FILES_AT_ONCE = 4;

/**
 * Every byte is compared with the manifest's checksums first; then the directory appears as a whole. Throws, naming the
 * file, when one is damaged or missing: then there is nothing of it.
 */
export async function restore(place: Place, dataDir: string, onBytes: (bytes: number) => void): Promise<Restored> {
  await requireNew(dataDir);
  const manifest = await manifestOf(place);
  const target = resolve(dataDir);
  await mkdir(dirname(target), { recursive: true });
  const making = join(dirname(target), `${basename(target)}.restoring-${process.pid}`);
  await rm(making, { recursive: true, force: true });
  await mkdir(making);
  try {
    for (const { log } of manifest.logs) await mkdir(join(making, 'journal', log), { recursive: true });
    await eachOf(manifest.files, FILES_AT_ONCE, (file) =>
      twice(() => writeWhole(join(making, file.path), compared(place, file, onBytes))),
    );
    await rmdir(target).catch(ignoreAbsent);
    await rename(making, target);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
  return summaryOf(manifest);
}

/** Compares all of a backup with its checksums and writes nothing. Throws as `restore` does. */
export async function verifyBackup(place: Place, onBytes: (bytes: number) => void): Promise<Restored> {
  const manifest = await manifestOf(place);
  await eachOf(manifest.files, FILES_AT_ONCE, (file) =>
    twice(async () => {
      for await (const _ of compared(place, file, onBytes));
    }),
  );
  return summaryOf(manifest);
}

function summaryOf({ takenAt, logs, files }: BackupManifest): Restored {
  return { takenAt, logs, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function manifestOf(place: Place): Promise<BackupManifest> {
  const found = await readManifest(place);
  if (found === null) throw new Error(`There is no backup in ${place.name}: it has no ${MANIFEST_FILE}`);
  return found.manifest;
}

async function requireNew(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  if (names.length > 0)
    throw new Error(`${dataDir} is not empty. A backup is restored into a new directory: see --data`);
}

async function* compared(
  place: Place,
  { path, stored, bytes, sha256 }: BackupFile,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let read = 0;
  try {
    for await (const chunk of place.read(stored)) {
      read += chunk.length;
      if (read > bytes) break;
      hash.update(chunk);
      onBytes(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof AbsentError)) throw error;
    throw damaged(place, stored, path, 'it is missing');
  }
  if (read !== bytes) {
    throw damaged(place, stored, path, `it has ${read > bytes ? 'more' : `only ${read}`} of ${bytes} bytes`);
  }
  if (hash.digest('hex') !== sha256) throw damaged(place, stored, path, 'its SHA-256 is not what the manifest says');
}

function damaged(place: Place, stored: string, path: string, what: string): DamagedError {
  return new DamagedError(
    `The backup is damaged: ${place.name}/${stored}, which is ${path}: ${what}. Nothing was restored.`,
  );
}

function ignoreAbsent(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error;
}
