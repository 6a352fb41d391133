/** A backup in a folder. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isErrno } from '../journal/fs.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { AbsentError, type BackupPlace } from './place.ts';

const READ_BYTES = 1024 * 1024;
const TEMPORARY = '.part';

export function folderPlace(folder: string): BackupPlace {
  const manifest = join(folder, MANIFEST_FILE);
  const manifestText = (): Promise<string | null> => readFile(manifest, 'utf8').catch(nullIfAbsent);
  return {
    name: folder,
    async readManifest() {
      const text = await manifestText();
      return text === null ? null : { text, version: text };
    },
    async writeManifest(text, replaces) {
      if ((await manifestText()) !== replaces) {
        throw new Error(`Another backup was written to ${folder} meanwhile. That one stands; run this one again.`);
      }
      await writeWhole(manifest, [Buffer.from(text)]);
    },
    write: (stored, content) => writeWhole(join(folder, stored), content),
    async *read(stored) {
      const path = join(folder, stored);
      const file = await stat(path).catch(nullIfAbsent);
      if (file === null) throw new AbsentError(path);
      yield* createReadStream(path, { highWaterMark: READ_BYTES });
    },
    async list() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(nullIfAbsent);
      return (entries ?? [])
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((name) => name !== MANIFEST_FILE);
    },
    remove: (stored) => rm(join(folder, stored), { force: true }),
  };
}

/** Writes a file beside its place, syncs it and renames it. */
export async function writeWhole(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path + TEMPORARY, 'w');
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.datasync();
  } catch (error) {
    await file.close();
    await rm(path + TEMPORARY, { force: true });
    throw error;
  }
  await file.close();
  await rename(path + TEMPORARY, path);
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}

function nullIfAbsent(error: unknown): null {
  if (isErrno(error, 'ENOENT')) return null;
  throw error;
}
