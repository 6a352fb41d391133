/**
 * The schemas that a data directory was written with, one file a fingerprint. They are written before the first event
 * of their kind and never deleted, so a log of any age can be read.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SUFFIX = '.avsc';

function schemaDir(dataDir: string): string {
  return join(dataDir, 'schemas');
}

/** Makes the schema durable unless it is there already. */
export function saveSchemaFile(dataDir: string, fingerprint: string, schemaJson: string): void {
  const dir = schemaDir(dataDir);
  mkdirSync(dir, { recursive: true });
  const name = fingerprint + SUFFIX;
  if (readdirSync(dir).includes(name)) return;
  const temporary = join(dir, `${name}.tmp`);
  const file = openSync(temporary, 'w');
  writeSync(file, schemaJson);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, join(dir, name));
  const directory = openSync(dir, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** Every schema as [fingerprint, JSON]; none when the data directory is new. */
export function readSchemaFiles(dataDir: string): [fingerprint: string, schemaJson: string][] {
  let names: string[];
  try {
    names = readdirSync(schemaDir(dataDir));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => [name.slice(0, -SUFFIX.length), readFileSync(join(schemaDir(dataDir), name), 'utf8')]);
}
