/** Files in a folder. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { hasCode } from '../error-code.ts';
import { AbsentError, OvertakenError, type Place } from './place.ts';

const READ_BYTES = 1024 * 1024;
const TEMPORARY = '.part';

export function folderPlace(folder: string, manifestName: string): Place {
  const manifest = join(folder, manifestName);
  const manifestText = (): Promise<string | null> => readFile(manifest, 'utf8').catch(nullIfAbsent);
  return {
    name: folder,
    async readManifest() {
      const text = await manifestText();
      return text === null ? null : { text, version: text };
    },
    async writeManifest(text, replaces) {
      if ((await manifestText()) !== replaces) {
        throw new OvertakenError(`${manifest} was replaced meanwhile by another process`);
      }
      await writeWhole(manifest, [Buffer.from(text)]);
      return text;
    },
    write: (stored, content) => writeWhole(join(folder, stored), content),
    adopt: (path, stored) => moveWhole(path, join(folder, stored)),
    localPath: (stored) => join(folder, stored),
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
        .filter((name) => name !== manifestName);
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
  await renameDurably(path + TEMPORARY, path);
}

/** Makes a file durable, and then moves it to its place; from another disk it is copied. */
async function moveWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const file = await open(from, 'r');
  await file.datasync().finally(() => file.close());
  try {
    await renameDurably(from, to);
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error;
    await writeWhole(to, createReadStream(from, { highWaterMark: READ_BYTES }));
    await rm(from);
  }
}

async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  const directory = await open(dirname(to), 'r');
  await directory.sync().finally(() => directory.close());
}

function nullIfAbsent(error: unknown): null {
  if (hasCode(error, 'ENOENT')) return null;
  throw error;
}
