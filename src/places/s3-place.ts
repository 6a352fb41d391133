/** Files on S3. The manifest is replaced on condition, so that of two writers at once one has written, and the other fails. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { openS3 } from '../s3/s3-address.ts';
import { S3Error } from '../s3/s3-error.ts';
import { AbsentError, OvertakenError, type Place } from './place.ts';

const READ_BYTES = 1024 * 1024;

export function s3Place(
  address: string,
  env: Readonly<Record<string, string | undefined>>,
  manifestName: string,
): Place {
  const { store, prefix, name } = openS3(address, env);
  const manifest = prefix + manifestName;
  return {
    name,
    async readManifest() {
      const found = await store.get(manifest);
      return found === null ? null : { text: found.body.toString(), version: found.etag };
    },
    async writeManifest(text, replaces) {
      const condition = replaces === null ? ({ ifAbsent: true } as const) : { ifMatch: replaces };
      try {
        return await store.put(manifest, Buffer.from(text), condition);
      } catch (error) {
        if (!(error instanceof S3Error && error.isConflict)) throw error;
        // The answer to a write that took place may have been lost, and the next attempt then finds it there.
        const found = await store.get(manifest);
        if (found?.body.toString() === text) return found.etag;
        throw new OvertakenError(`${name}/${manifestName} was replaced meanwhile by another process`);
      }
    },
    write: (stored, content, bytes) => store.upload(prefix + stored, content, bytes),
    async adopt(path, stored, bytes) {
      await store.upload(prefix + stored, createReadStream(path, { highWaterMark: READ_BYTES }), bytes);
      await rm(path);
    },
    localPath: () => null,
    async *read(stored) {
      try {
        yield* store.read(prefix + stored);
      } catch (error) {
        throw error instanceof S3Error && error.isAbsent ? new AbsentError(`${name}/${stored}`) : error;
      }
    },
    async list() {
      const names: string[] = [];
      for await (const { key } of store.list(prefix)) if (key !== manifest) names.push(key.slice(prefix.length));
      return names;
    },
    remove: (stored) => store.remove(prefix + stored),
  };
}
