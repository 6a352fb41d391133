/** The client of S3 against a server that checks signatures, conditions and checksums, on good days and bad ones. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backUp } from '../../src/backup/backup.ts';
import { MANIFEST_FILE } from '../../src/backup/manifest.ts';
import { restore } from '../../src/backup/restore.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { openPlace } from '../../src/places/open-place.ts';
import { openS3, type S3Place } from '../../src/s3/s3-address.ts';
import { scratchDirectory } from '../journal/scratch.ts';
import { FAULTS, faultyS3 } from './faulty-s3.ts';
import { S3_ENV } from './one-s3.ts';

const MIB = 1024 * 1024;
let addresses = 0;
const newAddress = (): string => `s3://millrace/test-${process.pid}-${addresses++}`;
const open = (address = newAddress(), changes: object = {}): S3Place => openS3(address, { ...S3_ENV, ...changes });

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('on a good day', () => {
  it.each([0, 1, 8 * MIB, 8 * MIB + 1, 20 * MIB + 17])(
    'gives back %i bytes as they were, in one part or several',
    async (bytes) => {
      const { store, prefix } = open();
      const content = randomBytes(bytes);
      const key = `${prefix}a key with + & (odd) ünïcode=%`;
      await store.upload(key, inChunks(content, 777_777), bytes);
      expect((await all(store.read(key))).equals(content)).toBe(true);
      const listed: unknown[] = [];
      for await (const object of store.list(prefix)) listed.push(object);
      expect(listed).toEqual([{ key, bytes }]);
      await store.remove(key);
      await store.remove(key);
      expect(await store.get(key)).toBeNull();
    },
  );

  it('writes on condition: as the first, over the version that was read, and never over another', async () => {
    const { store, prefix } = open();
    const key = `${prefix}manifest`;
    const put = (text: string, condition: Parameters<typeof store.put>[2]) =>
      store.put(key, Buffer.from(text), condition);
    const first = await put('one', { ifAbsent: true });
    await expect(put('two', { ifAbsent: true })).rejects.toMatchObject({ isConflict: true });
    const second = await put('two', { ifMatch: first });
    await expect(put('three', { ifMatch: first })).rejects.toMatchObject({ isConflict: true });
    expect((await store.get(key))?.body.toString()).toBe('two');
    expect((await store.get(key))?.etag).toBe(second);
  });

  it('lists more than fits into one answer', async () => {
    const { store, prefix } = open();
    const keys = Array.from({ length: 1003 }, (_, i) => `${prefix}${String(i).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from('x'), null)));
    }
    const listed: string[] = [];
    for await (const { key } of store.list(prefix)) listed.push(key);
    expect(listed).toEqual(keys);
  });

  it('says what is wrong: the bucket, the key, the secret', async () => {
    const get = (place: S3Place) => place.store.get(`${place.prefix}x`);
    await expect(get(open('s3://no-such-bucket/x'))).rejects.toThrow(/there is no bucket no-such-bucket/);
    await expect(get(open(undefined, { AWS_SECRET_ACCESS_KEY: 'wrong' }))).rejects.toThrow(/finds the signature wrong/);
    await expect(get(open(undefined, { AWS_ACCESS_KEY_ID: 'nobody' }))).rejects.toThrow(/does not know the access key/);
  });
});

async function directory(
  seed: number,
): Promise<{ readonly dataDir: string; readonly ends: ReadonlyMap<string, number> }> {
  const dataDir = scratchDirectory();
  const journal = await openJournal(join(dataDir, 'journal'), { durability: 'os', segmentBytes: 200_000 });
  const log = await journal.openLog('a-0');
  const noise = createHash('sha512').update(String(seed)).digest();
  for (let i = 0; i < 20; i++) await log.append(1, 1, [Buffer.alloc(40_000, noise), Buffer.from(String(i))]);
  await journal.close();
  mkdirSync(join(dataDir, 'schemas'));
  writeFileSync(join(dataDir, 'schemas', 'x.avsc'), '{}');
  return { dataDir, ends: new Map([['a-0', 20]]) };
}

function contentOf(dataDir: string): ReadonlyMap<string, string> {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/LOCK|\.index$/.test(entry.name),
  );
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(dataDir.length), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

describe('on a bad day', () => {
  it.each(FAULTS)(
    'a backup and a restoring survive %s at the first request of each kind for each object',
    async (fault) => {
      const seen = new Set<string>();
      const proxy = await faultyS3(S3_ENV.AWS_ENDPOINT_URL, ({ method, url }) => {
        const request = `${method} ${url}`;
        if (seen.has(request)) return null;
        seen.add(request);
        return fault;
      });
      const env = { ...S3_ENV, AWS_ENDPOINT_URL: proxy.url };
      const { dataDir, ends } = await directory(1);
      const address = newAddress();
      const made = await backUp(openPlace(address, env, MANIFEST_FILE), { dataDir, ends, nowMs: 0, onBytes() {} });
      expect(made.copiedFiles).toBe(made.files);
      const restored = join(scratchDirectory(), 'restored');
      await restore(openPlace(address, env, MANIFEST_FILE), restored, () => {});
      expect(contentOf(restored)).toEqual(contentOf(dataDir));
      expect(proxy.faults()).toBeGreaterThan(2);
    },
  );

  it('any faults in any order lose nothing and double nothing, whatever object they meet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.constantFrom(...FAULTS), { freq: 2 }), { maxLength: 12 }),
        async (plan) => {
          let seen = 0;
          const proxy = await faultyS3(S3_ENV.AWS_ENDPOINT_URL, () => plan[seen++] ?? null);
          const address = newAddress();
          const { store, prefix } = openS3(address, { ...S3_ENV, AWS_ENDPOINT_URL: proxy.url });
          const content = randomBytes(17 * MIB);
          await store.upload(`${prefix}big`, inChunks(content, MIB), content.length);
          expect((await all(open(address).store.read(`${prefix}big`))).equals(content)).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('a read that is cut goes on where it was, and not on another version', async () => {
    let cuts = 0;
    const proxy = await faultyS3(S3_ENV.AWS_ENDPOINT_URL, ({ method }) =>
      method === 'GET' && cuts++ < 3 ? 'half an answer' : null,
    );
    const address = newAddress();
    const { store, prefix } = open(address);
    const content = randomBytes(4 * MIB);
    await store.put(`${prefix}x`, content, null);
    const faulty = openS3(address, { ...S3_ENV, AWS_ENDPOINT_URL: proxy.url });
    expect((await all(faulty.store.read(`${prefix}x`))).equals(content)).toBe(true);
    cuts = 2;
    const reading = faulty.store.read(`${prefix}x`);
    await reading.next();
    await store.put(`${prefix}x`, randomBytes(4 * MIB), null);
    await expect(all(reading)).rejects.toMatchObject({ isConflict: true });
  });

  it('a service that does not answer is waited for, and named', async () => {
    const place = open(undefined, { AWS_ENDPOINT_URL: 'http://127.0.0.1:19071' });
    const answered = place.store.get(`${place.prefix}x`).then(
      () => 'an answer',
      (error: Error) => error.message,
    );
    const first = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 1500, 'waiting'))]);
    expect(first).toBe('waiting');
  });
});
