/** A torn tail is evidence: wherever the power goes while it is set aside, it is whole in the segment or in its copy. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { frameBuffers } from '../../src/journal/frame.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { recoverLog } from '../../src/journal/recovery.ts';
import { segmentName } from '../../src/journal/segment.ts';
import { type Choose, keepNothing, seededChoice } from './choices.ts';
import { type CrashFs, crashFs, type Operation } from './crash-fs.ts';
import { KIND, LOG, text } from './scratch.ts';

const JOURNAL = '/data/journal';
const DIRECTORY = join(JOURNAL, LOG);
const SEGMENT = join(DIRECTORY, segmentName(0));
const TAIL = Buffer.concat(
  frameBuffers({ kind: KIND, count: 1, offset: 1, durableBytes: 0, salt: 1, parts: [text('torn'.repeat(200))] }),
).subarray(0, 700);

/** A disk with one acknowledged event and, behind it, a tail that is torn. */
async function tornDisk(): Promise<CrashFs> {
  const fs = crashFs();
  const options = { durability: 'fsync' as const, segmentBytes: 4096, salt: () => 1, lock: () => () => {} };
  const journal = await openJournal(JOURNAL, { ...options, fs });
  const log = await journal.openLog(LOG);
  await log.append(KIND, 1, [text('acknowledged')]);
  const file = await fs.openForAppend(SEGMENT);
  await file.write([TAIL], log.sizeBytes());
  await file.datasync();
  return fs;
}

/** What a power cut leaves, just before each operation of a start and after the last. */
async function cutsOfStart(choose: Choose): Promise<{ at: string; left: CrashFs }[]> {
  const found = await tornDisk();
  const cuts: { at: string; left: CrashFs }[] = [];
  const cut = (at: string): void => {
    cuts.push({ at, left: starting.crash(choose) });
  };
  const onOperation = ({ kind, path }: Operation): void => cut(`${kind} ${path}`);
  const starting: CrashFs = crashFs({ disk: found.image(), onOperation });
  const { torn } = await recoverLog(starting, DIRECTORY, LOG, 1);
  expect(torn?.bytes).toBe(TAIL.length);
  cut('the end');
  return cuts;
}

async function holds(fs: CrashFs): Promise<boolean> {
  const files = (await fs.list(DIRECTORY)).filter((name) => /\.log$|\.torn$/.test(name));
  const contents = await Promise.all(files.map((name) => fs.read(join(DIRECTORY, name))));
  return contents.some((bytes) => bytes.includes(TAIL));
}

describe('a power cut at any operation of a start that sets a torn tail aside', () => {
  const ways = Object.entries({ nothing: keepNothing, 'seed 1': seededChoice(1), 'seed 2': seededChoice(2) });

  test.each(ways)('loses none of it, when of what was not synced it keeps %s', async (_, choose) => {
    const cuts = await cutsOfStart(choose);
    const lost: string[] = [];
    for (const { at, left } of cuts) if (!(await holds(left))) lost.push(at);
    expect(lost).toEqual([]);
    expect(cuts.length).toBeGreaterThan(5);
  });
});
