/**
 * Up to where logs had events removed. What was derived there, while these events were there, is not what is derived without
 * them; a replay compares from there on.
 */
import { join } from 'node:path';
import type { Fs } from '../journal/fs.ts';
import { replaceFile } from '../journal/replace-file.ts';
import type { SyncFs } from '../journal/sync-fs.ts';

const FILE = 'forgotten.json';

/** The offset up to which each log was changed; empty where nothing was forgotten. */
export function forgottenUpTo(dataDir: string, fs: SyncFs): ReadonlyMap<string, number> {
  if (!fs.list(dataDir).includes(FILE)) return new Map();
  const noted: unknown = JSON.parse(fs.read(join(dataDir, FILE)).toString('utf8'));
  if (typeof noted !== 'object' || noted === null)
    throw new Error(`${join(dataDir, FILE)} is damaged: restore it from a backup`);
  return new Map(Object.entries(noted).map(([log, offset]) => [log, Number(offset)]));
}

/** Notes up to where logs are about to be changed. Call it before they are. */
export async function noteForgotten(
  fs: Fs,
  syncFs: SyncFs,
  dataDir: string,
  ends: ReadonlyMap<string, number>,
): Promise<void> {
  const all = new Map([...forgottenUpTo(dataDir, syncFs), ...ends]);
  await replaceFile(fs, dataDir, FILE, [Buffer.from(JSON.stringify(Object.fromEntries(all)))]);
}
