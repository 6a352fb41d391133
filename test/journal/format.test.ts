/** The bytes on the disk: frames, segments, footers, snapshots, and what inspection says of them. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  frameBuffers,
  frameBytes,
  HEADER_BYTES,
  isBodyIntact,
  MAX_BODY_BYTES,
  readHeader,
} from '../../src/journal/frame.ts';
import { readFrames } from '../../src/journal/frame-reader.ts';
import { inspectJournal } from '../../src/journal/inspect.ts';
import { FOOTER_SEARCH_BYTES, readSeal } from '../../src/journal/segment.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import {
  bodies,
  crashed,
  damage,
  flipped,
  KIND,
  LOG,
  lastSegment,
  scratchDirectory,
  segments,
  text,
  withLog,
} from './scratch.ts';

const newDir = (): string => join(scratchDirectory(), 'journal');

/** CRC-32 as ISO 3309 and RFC 1952 define it, bit by bit. */
function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const frames = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  count: fc.integer({ min: 0, max: 0xffff_ffff }),
  offset: fc.maxSafeNat(),
  durableBytes: fc.maxSafeNat(),
  salt: fc.integer({ min: 0, max: 0xffff_ffff }),
  parts: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
});

test('a frame is its header with two CRC-32 of the specification, its parts, and zeros up to a multiple of 8', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  fc.assert(
    fc.property(frames, (frame) => {
      const bytes = Buffer.concat(frameBuffers(frame));
      const body = Buffer.concat(frame.parts);
      const header = readHeader(bytes, 0);
      const { parts: _, ...fields } = frame;
      expect(header).toMatchObject({ ...fields, bodyBytes: body.length });
      expect([bytes.length % 8, bytes.length - HEADER_BYTES - body.length < 8]).toEqual([0, true]);
      expect(bytes.readUInt32LE(36)).toBe(crc32(bytes.subarray(0, 36)));
      expect(bytes.readUInt32LE(40)).toBe(crc32(body, bytes.readUInt32LE(36)));
      expect(bytes.subarray(HEADER_BYTES, HEADER_BYTES + body.length).equals(body)).toBe(true);
    }),
  );
});

test('no single changed bit of a frame goes unnoticed', () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(7), (frame, at, bit) => {
      const bytes = Buffer.concat(frameBuffers(frame));
      const changed = flipped(bytes, at % bytes.length, bit);
      const header = readHeader(changed, 0);
      expect(header !== null && frameBytes(header) === bytes.length && isBodyIntact(changed, 0, header)).toBe(false);
    }),
  );
});

test('a header that names a body over the limit is none, whatever its checksum', () => {
  const bytes = Buffer.concat(frameBuffers({ kind: 1, count: 1, offset: 0, durableBytes: 0, salt: 0, parts: [] }));
  for (const length of [MAX_BODY_BYTES + 1, 0xffff_ffff]) {
    bytes.writeUInt32LE(length, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 36)), 36);
    expect(readHeader(bytes, 0)).toBeNull();
  }
});

test('a segment is named for its first offset and ends in a footer with the SHA-256 of what is before it', async () => {
  const dir = newDir();
  const append = (first: number): Promise<void> =>
    withLog(
      dir,
      async (log) => {
        for (let i = first; i < first + 4; i++)
          await log.append(KIND, 3, [text(`record ${i}`), text('.'.repeat(i * 10))]);
      },
      { segmentBytes: 250 },
    );
  // The second run goes on with a segment of the first, whose hash it must know.
  await append(0);
  await append(4);
  const paths = segments(dir);
  expect(paths.length).toBeGreaterThan(2);
  let nextOffset = 0;
  for (const path of paths.slice(0, -1)) {
    expect(path).toBe(join(dir, LOG, `${String(nextOffset).padStart(20, '0')}.log`));
    const bytes = readFileSync(path);
    const seal = readSeal(bytes.subarray(-FOOTER_SEARCH_BYTES));
    expect(seal?.firstOffset).toBe(nextOffset);
    const footer = bytes.lastIndexOf('MRJ1');
    expect(seal?.sha256).toBe(createHash('sha256').update(bytes.subarray(0, footer)).digest('hex'));
    nextOffset = seal?.nextOffset ?? Number.NaN;
  }
  expect([...readFrames(dir, LOG, { fromOffset: 0, toOffset: 24 })].map(({ offset }) => offset)).toEqual([
    0, 3, 6, 9, 12, 15, 18, 21,
  ]);
});

test('reading any range gives the frames that touch it, across segments and from wherever the last reading stopped', async () => {
  const counts = [1, 4, 2, 1, 7, 3, 1, 5];
  const dir = newDir();
  await withLog(
    dir,
    async (log) => {
      for (const count of counts) await log.append(KIND, count, [text(`${count}`.repeat(60))]);
    },
    { segmentBytes: 200 },
  );
  const all: { offset: number; endOffset: number }[] = [];
  for (const count of counts) {
    const offset = all.at(-1)?.endOffset ?? 0;
    all.push({ offset, endOffset: offset + count });
  }
  const end = all.at(-1)?.endOffset ?? 0;
  fc.assert(
    fc.property(fc.nat(end), fc.nat(end), (fromOffset, toOffset) => {
      const read = [...readFrames(dir, LOG, { fromOffset, toOffset })];
      const touched = all.filter((frame) => frame.endOffset > fromOffset && frame.offset < toOffset);
      expect(read.map(({ offset, endOffset }) => ({ offset, endOffset }))).toEqual(
        fromOffset < toOffset ? touched : [],
      );
    }),
  );
  expect(() => bodies(dir, 0, end + 1)).toThrowError(/offset 24/);
});

test('bodies that were read stay as they were while more is read', async () => {
  const dir = newDir();
  const records = Array.from({ length: 40 }, (_, i) => String(i).padStart(100_000, '.'));
  await withLog(
    dir,
    async (log) => {
      await Promise.all(records.map((record) => log.append(KIND, 1, [text(record)])));
    },
    { segmentBytes: 1e7 },
  );
  const read = [...readFrames(dir, LOG, { fromOffset: 0, toOffset: 40 })];
  expect(read.map(({ body }) => Buffer.from(body).toString()).every((body, i) => body === records[i])).toBe(true);
});

test('a snapshot with any byte changed is passed over for the older one, and named', async () => {
  const dir = newDir();
  const damaged: string[] = [];
  const store = snapshotStore(dir, { onDamaged: (file) => damaged.push(file) });
  await store.save(LOG, 1, text('older'));
  await store.save(LOG, 2, text('newer'));
  const path = join(dir, LOG, 'snapshots', '00000000000000000002.snap');
  const whole = readFileSync(path);
  for (let byte = 0; byte < whole.length; byte++) {
    writeFileSync(path, flipped(whole, byte, byte % 8));
    expect((await store.latest(LOG))?.offset, `byte ${byte}`).toBe(1);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    expect((await store.latest(LOG))?.offset, `cut at ${length}`).toBe(1);
  }
  expect(new Set(damaged)).toEqual(new Set([path]));
  expect(damaged).toHaveLength(2 * whole.length);
});

test('inspection says what is there, as recovery would see it, and changes nothing', async () => {
  const dir = newDir();
  const killed = await withLog(
    dir,
    async (log) => {
      for (let i = 0; i < 3; i++) await log.append(KIND, 2, [text('x'.repeat(200))]);
      const copy = crashed(dir);
      await snapshotStore(dir).save(LOG, 4, text('state'));
      return copy;
    },
    { segmentBytes: 300 },
  );
  const [report] = inspectJournal(dir);
  expect(report).toMatchObject({
    log: LOG,
    segments: 2,
    firstOffset: 0,
    nextOffset: 6,
    tail: 'none',
    sealed: false,
    snapshots: [4],
    tornCopies: 0,
  });
  expect(report?.bytes).toBe(segments(dir).reduce((sum, path) => sum + readFileSync(path).length, 0));
  for (const directory of [dir, killed]) damage(lastSegment(directory), (bytes) => bytes.subarray(0, bytes.length - 1));
  // The closed one has a HEAD that names what is cut; the killed one was cut in the group that nobody vouches for.
  expect(inspectJournal(dir)[0]).toMatchObject({ nextOffset: 4, tail: 'corrupt' });
  expect(inspectJournal(killed)[0]).toMatchObject({ nextOffset: 4, tail: 'torn' });
  await withLog(killed, () => {});
  expect(inspectJournal(killed)[0]).toMatchObject({ nextOffset: 4, tail: 'none', tornCopies: 1 });
  expect(inspectJournal(join(dir, 'nowhere'))).toEqual([]);
});
