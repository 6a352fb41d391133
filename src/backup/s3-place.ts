/** A backup on S3. The manifest is replaced on condition, so that of two backups at once one stands and the other fails. */
import { openS3 } from '../s3/s3-address.ts';
import { S3Error } from '../s3/s3-error.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { AbsentError, type BackupPlace } from './place.ts';

export function s3Place(address: string, env: Readonly<Record<string, string | undefined>>): BackupPlace {
  const { store, prefix, name } = openS3(address, env);
  const manifest = prefix + MANIFEST_FILE;
  return {
    name,
    async readManifest() {
      const found = await store.get(manifest);
      return found === null ? null : { text: found.body.toString(), version: found.etag };
    },
    async writeManifest(text, replaces) {
      const condition = replaces === null ? ({ ifAbsent: true } as const) : { ifMatch: replaces };
      try {
        await store.put(manifest, Buffer.from(text), condition);
      } catch (error) {
        if (!(error instanceof S3Error && error.isConflict)) throw error;
        // The answer to a write that took place may have been lost, and the next attempt then finds it there.
        if ((await store.get(manifest))?.body.toString() === text) return;
        throw new Error(`Another backup was written to ${name} meanwhile. That one stands; run this one again.`);
      }
    },
    write: (stored, content, bytes) => store.upload(prefix + stored, content, bytes),
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
