/** Where DuckDB finds the files of a lake: in their folder, or in copies of those that are on S3. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Place } from '../../places/place.ts';
import type { LakeFile } from './manifest.ts';

export interface LocalFiles {
  pathOf(path: string): string;
  /** Makes the copies that are not there. Throws when they would be too many bytes. */
  fetch(files: readonly LakeFile[]): Promise<void>;
  /** Drops copies of all other files. */
  keepOnly(paths: readonly string[]): Promise<void>;
}

/** Copies of a lake on S3 may take so much of the local disk. */
const MAX_BYTES = 8 * 1024 ** 3;

export function localFiles(place: Place, copies: string): LocalFiles {
  const nameOf = (path: string): string => path.replaceAll('%', '%25').replaceAll('/', '%2F');
  const pathOf = (path: string): string => place.localPath(path) ?? join(copies, nameOf(path));
  return {
    pathOf,
    async fetch(files) {
      const elsewhere = files.filter(({ path }) => place.localPath(path) === null);
      if (elsewhere.length === 0) return;
      const bytes = elsewhere.reduce((sum, file) => sum + file.bytes, 0);
      if (bytes > MAX_BYTES) {
        throw new Error(
          `The lake has ${bytes} bytes on S3, more than the ${MAX_BYTES} that are copied here to be read: read ${place.name} ` +
            'with an engine that reads S3 itself, such as DuckDB with its httpfs extension, Spark or Trino',
        );
      }
      await mkdir(copies, { recursive: true });
      for (const file of elsewhere) {
        const path = pathOf(file.path);
        const known = await stat(path).catch(() => null);
        if (known?.size === file.bytes) continue;
        await pipeline(Readable.from(place.read(file.path)), createWriteStream(`${path}.part`));
        await rename(`${path}.part`, path);
      }
    },
    async keepOnly(paths) {
      const wanted = new Set(paths.map(nameOf));
      for (const name of await readdir(copies).catch(() => [])) {
        if (!wanted.has(name)) await rm(join(copies, name), { force: true });
      }
    },
  };
}
