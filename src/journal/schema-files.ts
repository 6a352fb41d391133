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

/** Writes the schemas whose file is missing or damaged, and makes them durable. */
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
    if (names.has(name) && isWhole(await fs.read(join(dir, name)))) continue;
    names.add(name);
    await replaceFile(fs, dir, name, [Buffer.from(json)]);
  }
}

/**
 * Every schema as [fingerprint, JSON]; none when the data directory is new. Throws for a damaged file, unless
 * `isRewritten` says of its fingerprint that the file is going to be written anew.
 */
export function readSchemaFiles(
  dataDir: string,
  fs: SyncFs = nodeSyncFs,
  isRewritten: (fingerprint: string) => boolean = () => false,
): [fingerprint: string, schemaJson: string][] {
  return readSchemaTexts(dataDir, fs).filter(([fingerprint, json]) => {
    if (isWhole(Buffer.from(json))) return true;
    if (isRewritten(fingerprint)) return false;
    throw new Error(
      `${join(schemaDir(dataDir), fingerprint + SUFFIX)} is cut off or damaged, and events of the journal may be written by ` +
        'this schema. Restore the file from a backup, or copy it from another data directory of the same pipeline: a schema ' +
        'of this name is the same everywhere. If the pipeline file still has it, `millrace start` writes it anew.',
    );
  });
}

function isWhole(json: Buffer): boolean {
  try {
    const schema: unknown = JSON.parse(json.toString('utf8'));
    return typeof schema === 'object' && schema !== null;
  } catch {
    return false;
  }
}

/** The schema files as they are, damaged or not. */
export function readSchemaTexts(dataDir: string, fs: SyncFs = nodeSyncFs): [fingerprint: string, schemaJson: string][] {
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
