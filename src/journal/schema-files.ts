/**
 * The schemas that a data directory was written with, one file a fingerprint. They are written before the first event
 * of their kind and never deleted, so a log of any age can be read.
 */
import { join } from 'node:path';
import type { Fs } from './fs.ts';
import { replaceFile } from './replace-file.ts';
import { nodeSyncFs, type SyncFs } from './sync-fs.ts';

const SUFFIX = '.avsc';

function schemaDir(dataDir: string): string {
  return join(dataDir, 'schemas');
}

/** Makes the schemas durable that are not there yet. */
export async function saveSchemaFiles(
  fs: Fs,
  dataDir: string,
  schemas: readonly { readonly fingerprint: string; readonly json: string }[],
): Promise<void> {
  const dir = schemaDir(dataDir);
  await fs.makeDirectory(dir);
  await fs.syncDirectory(dataDir);
  const names = new Set(await fs.list(dir));
  for (const { fingerprint, json } of schemas) {
    const name = fingerprint + SUFFIX;
    if (names.has(name)) continue;
    names.add(name);
    await replaceFile(fs, dir, name, [Buffer.from(json)]);
  }
}

/** Every schema as [fingerprint, JSON]; none when the data directory is new. */
export function readSchemaFiles(dataDir: string, fs: SyncFs = nodeSyncFs): [fingerprint: string, schemaJson: string][] {
  let names: string[];
  try {
    names = fs.list(schemaDir(dataDir));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => [name.slice(0, -SUFFIX.length), fs.read(join(schemaDir(dataDir), name)).toString('utf8')]);
}
