/** A backup is the data directory as of one moment; damage of it is refused by name, and a second one copies what is new. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backUp } from '../../src/backup/backup.ts';
import { MANIFEST_FILE, parseManifest } from '../../src/backup/manifest.ts';
import { restore, verifyBackup } from '../../src/backup/restore.ts';
import { readFrames } from '../../src/journal/frame-reader.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { nodeSyncFs } from '../../src/journal/sync-fs.ts';
import { verifyLog } from '../../src/journal/verify.ts';
import { folderPlace as placeIn } from '../../src/places/folder-place.ts';
import { scratchDirectory } from '../journal/scratch.ts';

const KIND = 1;
const LOG = 'a-0';
const folderPlace = (folder: string) => placeIn(folder, MANIFEST_FILE);
const IGNORE = (): void => {};

/** Appends events in frames of one to three; returns the offsets where frames end. */
async function append(dataDir: string, events: number): Promise<number[]> {
  const journal = await openJournal(join(dataDir, 'journal'), { durability: 'fsync', segmentBytes: 500 });
  const log = await journal.openLog(LOG);
  const ends: number[] = [log.nextOffset()];
  const until = log.nextOffset() + events;
  for (let offset = log.nextOffset(); offset < until; offset = log.nextOffset()) {
    const count = Math.min(1 + (offset % 3), until - offset);
    await log.append(KIND, count, [Buffer.from(`events from ${offset}, ${count} of them`)]);
    ends.push(log.nextOffset());
  }
  await journal.close();
  return ends;
}

async function directoryOf(events: number): Promise<{ readonly dataDir: string; readonly ends: readonly number[] }> {
  const dataDir = scratchDirectory();
  const ends = await append(dataDir, events);
  await snapshotStore(join(dataDir, 'journal')).save(LOG, 10, Buffer.from('state at 10'));
  mkdirSync(join(dataDir, 'schemas'));
  writeFileSync(join(dataDir, 'schemas', 'abc.avsc'), '{"type":"record"}');
  writeFileSync(join(dataDir, 'tables.json'), '{"windows":[],"streams":[]}');
  writeFileSync(join(dataDir, 'analytics.duckdb'), 'made of the journal');
  return { dataDir, ends };
}

const backUpTo = (folder: string, dataDir: string, end: number) =>
  backUp(folderPlace(folder), { dataDir, ends: new Map([[LOG, end]]), nowMs: 0, onBytes: IGNORE });

function textsOf(dataDir: string, toOffset: number): string[] {
  const range = { fromOffset: 0, toOffset };
  const memory = { chunk: null };
  return [...readFrames(join(dataDir, 'journal'), LOG, range, nodeSyncFs, memory)].map(
    ({ offset, body }) => `${offset} ${Buffer.from(body).toString()}`,
  );
}

test('any moment of a log comes back as the log was then, and takes further events', async () => {
  const { dataDir, ends } = await directoryOf(16);
  const folder = join(scratchDirectory(), 'backup');
  for (const end of ends) {
    await backUpTo(folder, dataDir, end);
    const restored = join(scratchDirectory(), 'restored');
    await restore(folderPlace(folder), restored, IGNORE);
    expect(textsOf(restored, end)).toEqual(textsOf(dataDir, end));
    const verified = verifyLog(nodeSyncFs, join(restored, 'journal', LOG), LOG, { witness: end, visit: IGNORE });
    expect(verified.findings).toEqual([]);
    expect(verified.nextOffset).toBe(end);
    expect((await append(restored, 1)).at(-1)).toBe(end + 1);
    expect(readdirSync(restored).sort()).toEqual(['journal', 'schemas', 'tables.json']);
  }
});

test('a log whose events were all pruned keeps its next offset', async () => {
  const { dataDir, ends } = await directoryOf(24);
  const home = join(dataDir, 'journal', LOG);
  const segments = readdirSync(home).filter((name) => name.endsWith('.log'));
  for (const name of segments.slice(0, -1)) rmSync(join(home, name));
  const base = Number(segments.at(-1)?.slice(0, -4));
  expect(ends).toContain(base);
  const folder = join(scratchDirectory(), 'backup');
  const { logs } = await backUpTo(folder, dataDir, base);
  expect(logs).toEqual([{ log: LOG, firstOffset: base, nextOffset: base }]);
  const restored = join(scratchDirectory(), 'restored');
  await restore(folderPlace(folder), restored, IGNORE);
  expect((await append(restored, 1)).at(0)).toBe(base);
});

test('a second backup to the same place copies what is new, and drops what it has no use for', async () => {
  const { dataDir } = await directoryOf(24);
  const folder = join(scratchDirectory(), 'backup');
  const first = await backUpTo(folder, dataDir, 24);
  expect(first.copiedFiles).toBe(first.files);
  expect(await backUpTo(folder, dataDir, 24)).toMatchObject({ files: first.files, copiedFiles: 0 });
  await append(dataDir, 30);
  const third = await backUpTo(folder, dataDir, 54);
  expect(third.copiedFiles).toBeGreaterThan(1);
  expect(third.copiedFiles).toBeLessThan(third.files - 3);
  const { files } = parseManifest(readFileSync(join(folder, 'backup.json'), 'utf8'), folder);
  expect([...(await folderPlace(folder).list())].sort()).toEqual(files.map(({ stored }) => stored).sort());
});

test('a backup that another one has overtaken does not take its place', async () => {
  const { dataDir } = await directoryOf(12);
  const place = folderPlace(join(scratchDirectory(), 'backup'));
  const options = { dataDir, ends: new Map([[LOG, 12]]), nowMs: 0, onBytes: IGNORE };
  await backUp(place, options);
  const overtaken = backUp(
    {
      ...place,
      async list() {
        await backUp(place, { ...options, nowMs: 1 });
        return place.list();
      },
    },
    { ...options, nowMs: 2 },
  );
  await expect(overtaken).rejects.toThrow(/Another backup was written/);
  expect((await verifyBackup(place, IGNORE)).takenAt).toBe(new Date(1).toISOString());
});

describe('damage', () => {
  const ways: Readonly<Record<string, (file: string) => void>> = {
    'a flipped bit': (file) => {
      const bytes = readFileSync(file);
      const at = bytes.length >> 1;
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(file, bytes);
    },
    'a cut': (file) => truncateSync(file, readFileSync(file).length - 1),
    'a byte too many': (file) => appendFileSync(file, 'x'),
    absence: (file) => rmSync(file),
  };

  test.each(Object.keys(ways))(
    '%s of any file is refused by its name, and nothing is left of the restoring',
    async (way) => {
      const { dataDir } = await directoryOf(24);
      const folder = join(scratchDirectory(), 'backup');
      await backUpTo(folder, dataDir, 24);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBeGreaterThan(6);
      for (const { parentPath, name } of files) {
        const file = join(parentPath, name);
        const content = readFileSync(file);
        ways[way]?.(file);
        const home = scratchDirectory();
        const words = way === 'absence' && name === 'backup.json' ? 'There is no backup' : name;
        await expect(restore(folderPlace(folder), join(home, 'new'), IGNORE)).rejects.toThrow(words);
        await expect(verifyBackup(folderPlace(folder), IGNORE)).rejects.toThrow(words);
        expect(readdirSync(home)).toEqual([]);
        writeFileSync(file, content);
      }
    },
  );

  test('of a sealed segment or of the last frames makes no backup, and names the segment', async () => {
    for (const which of [0, -1]) {
      const { dataDir } = await directoryOf(24);
      const home = join(dataDir, 'journal', LOG);
      const name =
        readdirSync(home)
          .filter((each) => each.endsWith('.log'))
          .at(which) ?? '';
      ways['a flipped bit']?.(join(home, name));
      await expect(backUpTo(join(scratchDirectory(), 'backup'), dataDir, 24)).rejects.toThrow(name);
    }
  });
});

test('a manifest that names a place outside, or of a later version, is refused', () => {
  const manifest = (changes: object): string => {
    const file = { path: 'tables.json', stored: 'tables.json.1', bytes: 1, sha256: '00' };
    return JSON.stringify({ version: 1, takenAt: '', logs: [], files: [{ ...file, ...changes }] });
  };
  expect(() => parseManifest(manifest({ path: '../tables.json' }), 'here')).toThrow(/here is damaged/);
  expect(() => parseManifest('{"version":2}', 'here')).toThrow(/later version/);
});

test('a folder of other files is no place for a backup, and a directory with files none for a restoring', async () => {
  const { dataDir } = await directoryOf(6);
  const folder = scratchDirectory();
  writeFileSync(join(folder, 'thesis.txt'), 'mine');
  await expect(backUpTo(folder, dataDir, 6)).rejects.toThrow(/is no backup/);
  const backup = join(scratchDirectory(), 'backup');
  await backUpTo(backup, dataDir, 6);
  await expect(restore(folderPlace(backup), folder, IGNORE)).rejects.toThrow(/is not empty/);
  expect(readdirSync(folder)).toEqual(['thesis.txt']);
});
