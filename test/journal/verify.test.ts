/** verify says of every damage where it is; repair keeps all that is whole and says what is not; prune takes no more. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readFrames, startOfLog } from '../../src/journal/frame-reader.ts';
import { nodeFs } from '../../src/journal/fs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { prunableSegments, pruneSegments } from '../../src/journal/prune.ts';
import { type LostRange, repairedSegment, replaceSegment } from '../../src/journal/repair.ts';
import { segmentBases, segmentName } from '../../src/journal/segment.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { nodeSyncFs } from '../../src/journal/sync-fs.ts';
import { verifyLog } from '../../src/journal/verify.ts';

const KIND = 1;
const EVENTS = 24;
const root = mkdtempSync(join(tmpdir(), 'millrace-verify-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A closed log of several small segments, its appends of one to three events each, and a snapshot. */
async function writeLog(journalDir: string): Promise<void> {
  const journal = await openJournal(journalDir, { durability: 'fsync', segmentBytes: 400 });
  const log = await journal.openLog('a-0');
  for (let offset = 0; offset < EVENTS; ) {
    const count = Math.min(1 + (offset % 3), EVENTS - offset);
    await log.append(KIND, count, [Buffer.from(`events from ${offset}, ${count} of them`)]);
    offset += count;
  }
  await snapshotStore(journalDir).save('a-0', 10, Buffer.from('state at 10'));
  await journal.close();
}
const original = join(root, 'original');
await writeLog(original);
const NAMES = readdirSync(join(original, 'a-0')).filter((name) => name !== 'snapshots');
const SEGMENTS = NAMES.filter((name) => name.endsWith('.log'));

let copies = 0;
function copyOfLog(): string {
  copies += 1;
  const journalDir = join(root, `copy-${copies}`);
  mkdirSync(join(journalDir, 'a-0', 'snapshots'), { recursive: true });
  for (const name of [
    ...NAMES,
    ...readdirSync(join(original, 'a-0', 'snapshots')).map((name) => `snapshots/${name}`),
  ]) {
    copyFileSync(join(original, 'a-0', name), join(journalDir, 'a-0', name));
  }
  return journalDir;
}

const verify = (journalDir: string, witness = 0) =>
  verifyLog(nodeSyncFs, join(journalDir, 'a-0'), 'a-0', { witness, visit() {} });

function flip(file: string, byte: number, bit: number): void {
  const bytes = readFileSync(file);
  bytes[byte] = bytes[byte]! ^ (1 << bit);
  writeFileSync(file, bytes);
}

/** Bodies of the frames by their offset; those that stand for lost events begin with `lost`. */
function bodies(journalDir: string, toOffset: number): Map<number, string> {
  const frames = readFrames(journalDir, 'a-0', { fromOffset: startOfLog(journalDir, 'a-0'), toOffset });
  return new Map([...frames].map(({ offset, body }) => [offset, Buffer.from(body).toString()]));
}

async function repair(journalDir: string): Promise<LostRange[]> {
  const directory = join(journalDir, 'a-0');
  const { findings } = verify(journalDir);
  const known = Math.max(...findings.map(({ toOffset }) => toOffset));
  const bases = segmentBases(readdirSync(directory));
  const lost: LostRange[] = [];
  for (const [i, base] of bases.entries()) {
    const path = join(directory, segmentName(base));
    if (!findings.some(({ file }) => file === path)) continue;
    const old = readFileSync(path);
    const next = bases[i + 1];
    const range = { base, limit: next ?? null, fillTo: next ?? known };
    const repaired = repairedSegment(old, range, 7, ({ offset, toOffset }) => ({
      kind: KIND,
      parts: [Buffer.from(`lost ${offset} to ${toOffset}`)],
    }));
    await replaceSegment(nodeFs, directory, base, old, repaired.bytes);
    lost.push(...repaired.lost);
  }
  return lost;
}

test('a log as it was written has nothing to find', () => {
  expect(SEGMENTS.length).toBeGreaterThan(3);
  expect(verify(original)).toMatchObject({
    segments: SEGMENTS.length,
    firstOffset: 0,
    nextOffset: EVENTS,
    tornBytes: 0,
    findings: [],
  });
});

test('any flipped bit of any file is found, with the file', () => {
  for (const name of [...NAMES, `snapshots/${readdirSync(join(original, 'a-0', 'snapshots'))[0]}`]) {
    const journalDir = copyOfLog();
    const file = join(journalDir, 'a-0', name);
    const { length } = readFileSync(file);
    for (let byte = 0; byte < length; byte++) {
      flip(file, byte, byte % 8);
      const { findings } = verify(journalDir);
      expect(
        findings.map((finding) => finding.file),
        `${name}, byte ${byte}`,
      ).toContain(file);
      flip(file, byte, byte % 8);
    }
    expect(verify(journalDir).findings).toEqual([]);
  }
});

test('a segment that is missing or swapped with another is found, and so is a tail that a witness knows of', () => {
  for (const [i, name] of SEGMENTS.slice(1).entries()) {
    const journalDir = copyOfLog();
    rmSync(join(journalDir, 'a-0', name));
    expect(verify(journalDir).findings.length, name).toBeGreaterThan(0);
    copyFileSync(join(original, 'a-0', SEGMENTS[i]!), join(journalDir, 'a-0', name));
    expect(verify(journalDir).findings.length, name).toBeGreaterThan(0);
  }
  expect(verify(original, EVENTS + 1).findings).toMatchObject([{ offset: EVENTS, toOffset: EVENTS + 1 }]);
});

describe('a repaired log', () => {
  test('is whole again after any one damage to its segments, and has lost no event outside what it says', async () => {
    const expected = bodies(original, EVENTS);
    const damage = fc.record({
      segment: fc.nat(SEGMENTS.length - 1),
      at: fc.nat(2000),
      length: fc.integer({ min: 1, max: 300 }),
      fill: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ segment, at, length, fill }) => {
        const journalDir = copyOfLog();
        const file = join(journalDir, 'a-0', SEGMENTS[segment]!);
        const before = readFileSync(file);
        const bytes = Buffer.from(before);
        bytes.fill(fill, at % bytes.length, Math.min(bytes.length, (at % bytes.length) + length));
        writeFileSync(file, bytes);
        const isDamaged = verify(journalDir).findings.length > 0;
        expect(isDamaged).toBe(!bytes.equals(before));
        if (!isDamaged) return;
        const lost = await repair(journalDir);
        expect(verify(journalDir)).toMatchObject({ findings: [], nextOffset: EVENTS });
        expect(readFileSync(`${file}.removed`)).toEqual(bytes);
        const after = bodies(journalDir, EVENTS);
        for (const [offset, body] of expected) {
          const isLost = lost.some((range) => offset >= range.offset && offset < range.toOffset);
          if (!isLost) expect(after.get(offset)).toBe(body);
        }
        for (const { offset, toOffset } of lost) expect(after.get(offset)).toBe(`lost ${offset} to ${toOffset}`);
        const journal = await openJournal(journalDir, { durability: 'fsync', segmentBytes: 400 });
        expect(await (await journal.openLog('a-0')).append(KIND, 1, [Buffer.from('goes on')])).toBe(EVENTS);
        await journal.close();
      }),
      { numRuns: 150 },
    );
  });

  test('has what is left when a whole segment is gone', async () => {
    const journalDir = copyOfLog();
    const [, second = '', third = ''] = SEGMENTS;
    rmSync(join(journalDir, 'a-0', second));
    expect(await repair(journalDir)).toEqual([
      { offset: Number(second.slice(0, 20)), toOffset: Number(third.slice(0, 20)) },
    ]);
    expect(verify(journalDir).findings).toEqual([]);
  });
});

describe('pruning', () => {
  const policy = {
    beforeMs: Number.NEGATIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    committedAtMs: async (base: number) => base,
  };

  test('takes whole segments from the front, never one that is needed, never the last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(EVENTS + 5),
        fc.option(fc.nat(EVENTS + 5)),
        fc.option(fc.nat(4000)),
        async (neededFrom, age, size) => {
          const journalDir = copyOfLog();
          const directory = join(journalDir, 'a-0');
          const full = policy;
          const limits = { ...full, neededFrom, beforeMs: age ?? full.beforeMs, maxBytes: size ?? full.maxBytes };
          const gone = await prunableSegments(nodeFs, directory, limits);
          await pruneSegments(nodeFs, directory, gone);
          const first = startOfLog(journalDir, 'a-0');
          expect(first).toBe(gone.at(-1)?.nextOffset ?? 0);
          expect(first).toBeLessThanOrEqual(neededFrom);
          if (age === null && size === null) expect(gone).toEqual([]);
          const left = segmentBases(readdirSync(directory));
          expect(left.length).toBeGreaterThan(0);
          expect(verify(journalDir)).toMatchObject({ findings: [], firstOffset: first, nextOffset: EVENTS });
          const journal = await openJournal(journalDir, { durability: 'fsync', segmentBytes: 400 });
          expect((await journal.openLog('a-0')).nextOffset()).toBe(EVENTS);
          await journal.close();
          const kept = [...bodies(original, EVENTS)].filter(([offset]) => offset >= first);
          expect([...bodies(journalDir, EVENTS)]).toEqual(kept);
        },
      ),
      { numRuns: 60 },
    );
  });
});
