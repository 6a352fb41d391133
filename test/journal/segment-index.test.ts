/** The index of a segment only says where to look: with it, without it, and with a wrong one, a reader sees the same. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFrames } from '../../src/journal/frame-reader.ts';
import { nodeFs } from '../../src/journal/fs.ts';
import { prunableSegments, pruneSegments } from '../../src/journal/prune.ts';
import { encodeIndex, readIndex } from '../../src/journal/segment-index.ts';
import { nodeSyncFs, type SyncFs } from '../../src/journal/sync-fs.ts';
import { KIND, LOG, scratchDirectory, withLog } from './scratch.ts';

const EVENTS_A_FRAME = 3;
const FRAMES = 60;
const OPTIONS = { segmentBytes: 512 * 1024 };
const END = EVENTS_A_FRAME * FRAMES;

/** Frames of 24 KiB, in segments of half a MiB, by two processes one after another. */
async function filled(): Promise<string> {
  const dir = join(scratchDirectory(), 'journal');
  for (const process of [0, 1]) {
    await withLog(
      dir,
      async (log) => {
        for (let i = 0; i < FRAMES / 2; i++) {
          await log.append(KIND, EVENTS_A_FRAME, [Buffer.alloc(24 * 1024, process * FRAMES + i)]);
        }
      },
      OPTIONS,
    );
  }
  return dir;
}

const files = (dir: string, suffix: string): string[] =>
  readdirSync(join(dir, LOG))
    .filter((name) => name.endsWith(suffix))
    .sort();

/** What is read from each offset on, by a reader that has never read before; and how many bytes it read for that. */
function readAll(dir: string): { frames: unknown[]; bytes: number } {
  let bytes = 0;
  const frames = Array.from({ length: END }, (_, fromOffset) => {
    const fs: SyncFs = {
      ...nodeSyncFs,
      open(path) {
        const file = nodeSyncFs.open(path);
        return {
          ...file,
          read(target, at, length, position) {
            const read = file.read(target, at, length, position);
            bytes += read;
            return read;
          },
        };
      },
    };
    const [first] = readFrames(dir, LOG, { fromOffset, toOffset: fromOffset + 1 }, fs);
    return first === undefined ? null : [first.offset, first.count, first.body[0]];
  });
  return { frames, bytes };
}

test('a sealed segment has an index of frames about every 64 KiB, and a reader that begins within it reads less', async () => {
  const dir = await filled();
  const segments = files(dir, '.log');
  expect(segments.length).toBeGreaterThan(2);
  expect(files(dir, '.index')).toEqual(segments.slice(0, -1).map((name) => name.replace('.log', '.index')));
  for (const name of segments.slice(0, -1)) {
    const path = join(dir, LOG, name);
    const entries = readIndex(nodeSyncFs, path);
    const bytes = entries.map(({ byte }) => byte);
    expect(entries.length).toBeGreaterThan(3);
    for (const [i, byte] of bytes.entries()) expect(byte - (bytes[i - 1] ?? 0)).toBeGreaterThanOrEqual(64 * 1024);
    for (const { offset } of entries) expect(offset % EVENTS_A_FRAME).toBe(0);
  }
  const indexed = readAll(dir);
  for (const name of files(dir, '.index')) rmSync(join(dir, LOG, name));
  const plain = readAll(dir);
  expect(indexed.frames).toEqual(plain.frames);
  expect(indexed.frames).not.toContain(null);
  expect(indexed.bytes).toBeLessThan(plain.bytes);
});

test('an index that is damaged, cut, stale or a lie is not believed', async () => {
  const dir = await filled();
  const expected = readAll(dir).frames;
  const [name = ''] = files(dir, '.index');
  const path = join(dir, LOG, name);
  const whole = readFileSync(path);
  const wrong = [
    ...Array.from(whole.keys(), (at) => Buffer.from(whole).fill((whole[at] ?? 0) ^ 0x40, at, at + 1)).filter(
      (_, at) => at % 7 === 0,
    ),
    whole.subarray(0, whole.length - 1),
    Buffer.alloc(0),
    // Whole, and of another segment.
    encodeIndex([
      { offset: 3, byte: 64 * 1024 },
      { offset: 6, byte: 10_000_000 },
    ]),
    // A place in the middle of a frame, and a frame of another offset.
    encodeIndex([{ offset: 0, byte: 8 }]),
    encodeIndex(
      readIndex(nodeSyncFs, path.replace('.index', '.log')).map(({ offset, byte }) => ({ offset: offset - 3, byte })),
    ),
  ];
  for (const bytes of wrong) {
    writeFileSync(path, bytes);
    expect(readAll(dir).frames).toEqual(expected);
  }
});

test('an index goes with its segment', async () => {
  const dir = await filled();
  const directory = join(dir, LOG);
  const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom: END, committedAtMs: async () => 0 };
  await pruneSegments(nodeFs, directory, await prunableSegments(nodeFs, directory, policy));
  expect(files(dir, '.log')).toHaveLength(1);
  expect(files(dir, '.index')).toEqual([]);
});
