/** Segments that are kept elsewhere: nothing is lost wherever a process is killed, and what its place lacks is said. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { backUp } from '../../src/backup/backup.ts';
import { restore } from '../../src/backup/restore.ts';
import { type Fs, nodeFs } from '../../src/journal/fs.ts';
import { inspectJournal } from '../../src/journal/inspect.ts';
import { openReader } from '../../src/journal/open-reader.ts';
import { prunableSegments, pruneSegments } from '../../src/journal/prune.ts';
import { rewriteLog } from '../../src/journal/rewrite.ts';
import { nodeSyncFs } from '../../src/journal/sync-fs.ts';
import { bringBack, sendAway } from '../../src/journal/tier.ts';
import { verifyAway, verifyLog } from '../../src/journal/verify.ts';
import { COMMIT_FRAME, encodeCommit } from '../../src/messages/commit.ts';
import { folderPlace } from '../../src/places/folder-place.ts';
import type { Place } from '../../src/places/place.ts';
import { flipped, LOG, scratchDirectory, withLog } from './scratch.ts';
import { sendAll, tierIn } from './sent-away.ts';

const EVENTS = 24;
const IGNORE = (): void => {};
let dir: string;
let home: string;
let folder: string;
let whole: string[];

async function append(first: number, count: number): Promise<void> {
  await withLog(
    dir,
    async (log) => {
      for (let n = first; n < first + count; n++) {
        const bytes = Buffer.alloc(100, n + 1);
        const sections = [{ fingerprint: 'f'.repeat(16), role: 'input', count: 1, bytes }] as const;
        const commit = { stream: 's', partition: 0, source: 'x', next: n, committedAt: 1000 + n, sections };
        await log.append(COMMIT_FRAME, 1, encodeCommit(commit).parts);
      }
    },
    { segmentBytes: 900 },
  );
}

/** Commits of a journal, as text. */
async function commits(journalDir: string, toOffset = EVENTS): Promise<string[]> {
  const found: string[] = [];
  const reader = openReader({ kind: 'local', directory: journalDir });
  for await (const { offset, commit } of reader.commits(LOG, { fromOffset: await reader.startOf(LOG), toOffset })) {
    const bytes = commit.sections.map((section) => Buffer.from(section.bytes).toString('hex'));
    found.push(`${offset} ${commit.committedAt} ${bytes}`);
  }
  return found;
}

const files = (suffix: string): string[] =>
  readdirSync(home)
    .filter((name) => name.endsWith(suffix))
    .sort();
const stored = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.log.'))
    .sort();
const verified = () => verifyLog(nodeSyncFs, home, LOG, { witness: EVENTS, visit: IGNORE });
const time = async (): Promise<number> => 0;

beforeEach(async () => {
  dir = join(scratchDirectory(), 'journal');
  home = join(dir, LOG);
  folder = scratchDirectory();
  await append(0, EVENTS);
  whole = await commits(dir);
});

test('what was sent away is read back as it was, and the log goes on and is whole', async () => {
  const before = inspectJournal(dir);
  const sent = await sendAll(home, tierIn(folder));
  expect(sent.length).toBeGreaterThan(3);
  expect(files('.log')).toHaveLength(1);
  expect(await commits(dir)).toEqual(whole);
  expect(verified()).toMatchObject({ findings: [], away: sent.length, segments: sent.length + 1, nextOffset: EVENTS });
  expect(inspectJournal(dir)[0]).toMatchObject({ firstOffset: 0, away: sent.length, awayIn: [folder] });
  const [now] = inspectJournal(dir);
  expect((now?.bytes ?? 0) + (now?.awayBytes ?? 0)).toBe(before[0]?.bytes);
  await append(EVENTS, 4);
  expect(await commits(dir, EVENTS + 4)).toHaveLength(EVENTS + 4);
});

test('a process that is killed at any step has lost nothing, and the next pass goes on', async () => {
  const copy = (from: string): [string, Buffer][] =>
    readdirSync(from, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(from, name))]);
  const early = new AbortController();
  const { place } = tierIn(folder);
  const stoppedAtReading: Place = {
    ...place,
    read(name) {
      early.abort(new Error('killed'));
      return place.read(name);
    },
  };
  const stoppedAtRemoval: Fs = {
    ...nodeFs,
    unlink: (path) => (path.endsWith('.log') ? Promise.reject(new Error('killed')) : nodeFs.unlink(path)),
  };
  const acts = [
    // The bytes are there; they were not yet compared, nor noted.
    () => sendAway(nodeFs, home, 0, { ...tierIn(folder), signal: early.signal, place: stoppedAtReading }, time),
    // Noted and not yet removed.
    () => sendAway(stoppedAtRemoval, home, 0, tierIn(folder), time),
  ];
  for (const act of acts) {
    const here = copy(home);
    await expect(act()).rejects.toThrow('killed');
    for (const [name, bytes] of here) expect(readFileSync(join(home, name))).toEqual(bytes);
    expect(await commits(dir)).toEqual(whole);
    expect(verified().findings).toEqual([]);
  }
  const unwritable: Place = { ...place, write: () => Promise.reject(new Error('it is there already')) };
  await sendAway(nodeFs, home, 0, { ...tierIn(folder), place: unwritable }, time);
  expect(existsSync(join(home, files('.away')[0]?.replace('.away', '.log') ?? ''))).toBe(false);
  expect(await commits(dir)).toEqual(whole);
});

test('a place that gives back other bytes than it was given gets nothing', async () => {
  const { place } = tierIn(folder);
  const lossy = {
    ...place,
    async *read() {
      yield Buffer.from('other');
    },
  };
  const sending = sendAway(nodeFs, home, 0, { ...tierIn(folder), place: lossy }, time);
  await expect(sending).rejects.toThrow(/gives back .* with another SHA-256 .* It stays on this disk/);
  expect(files('.away')).toEqual([]);
});

test('a segment that is damaged is not sent, and its place stays as it was', async () => {
  const path = join(home, files('.log')[0] ?? '');
  writeFileSync(path, flipped(readFileSync(path), 200, 3));
  await expect(sendAway(nodeFs, home, 0, tierIn(folder), time)).rejects.toThrow(/is damaged: its SHA-256/);
  expect([files('.away'), stored()]).toEqual([[], []]);
});

test('what its place has no more, or has damaged, is named with its events, and verify finds it', async () => {
  await sendAll(home, tierIn(folder));
  const [first = '', second = ''] = stored();
  rmSync(join(folder, first));
  writeFileSync(join(folder, second), flipped(readFileSync(join(folder, second)), 200, 3));
  await expect(commits(dir)).rejects.toThrow(
    new RegExp(`Events 0 to \\d+ can't be read: the segment is kept in ${folder}, and there is no `),
  );
  const findings = await verifyAway(nodeSyncFs, home, LOG);
  expect(findings.map(({ what }) => what)).toEqual([
    expect.stringMatching(/there is no id/),
    expect.stringMatching(/its SHA-256 is another one/),
  ]);
  const [note = ''] = files('.away');
  writeFileSync(join(home, note), flipped(readFileSync(join(home, note)), 40, 3));
  expect(verified().findings).toMatchObject(
    [{ file: join(home, note), what: /note of where/ }].map(({ file }) => ({ file })),
  );
});

test('pruning removes a segment from its place, and recalling brings it back from there', async () => {
  const sent = await sendAll(home, tierIn(folder));
  await commits(dir);
  const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom: sent[2] ?? 0, committedAtMs: time };
  await pruneSegments(nodeFs, home, await prunableSegments(nodeFs, home, policy));
  expect(stored()).toHaveLength(sent.length - 2);
  expect(await commits(dir)).toEqual(whole.slice(sent[2]));
  for (const base of sent.slice(2)) expect(await bringBack(nodeFs, home, base)).toBeGreaterThan(0);
  expect([files('.away'), files('.fetched'), stored()]).toEqual([[], [], []]);
  expect(await commits(dir)).toEqual(whole.slice(sent[2]));
});

test('a segment that is written anew is here again and nowhere else, and goes away with its new bytes', async () => {
  const sent = await sendAll(home, tierIn(folder));
  await commits(dir);
  const first = stored()[0] ?? '';
  const newBody = (kind: number, offset: number, body: Buffer) =>
    kind === COMMIT_FRAME && offset === 0 ? [Buffer.from(body).fill(0, body.length - 50)] : null;
  expect(await rewriteLog(nodeFs, home, LOG, () => 7, newBody, false)).toBe(1);
  expect(stored()).toHaveLength(sent.length - 1);
  expect(files('.away')).toHaveLength(sent.length - 1);
  expect(files('.fetched')).not.toContain(files('.log')[0]?.replace('.log', '.fetched'));
  const forgotten = await commits(dir);
  expect(forgotten.slice(1)).toEqual(whole.slice(1));
  expect(forgotten[0]).not.toBe(whole[0]);
  await sendAll(home, tierIn(folder));
  expect(stored()).not.toContain(first);
  expect(await commits(dir)).toEqual(forgotten);
});

test('a backup has what is kept elsewhere, and the restored journal has all of it on its own disk', async () => {
  await sendAll(home, tierIn(folder));
  const place = folderPlace(join(scratchDirectory(), 'backup'), 'backup.json');
  const options = { dataDir: join(dir, '..'), ends: new Map([[LOG, EVENTS]]), nowMs: 0, onBytes: IGNORE };
  await backUp(place, options);
  renameSync(folder, `${folder}.gone`);
  // What is in the backup is not fetched again.
  for (const name of files('.fetched')) rmSync(join(home, name));
  expect(await backUp(place, options)).toMatchObject({ copiedBytes: 0 });
  renameSync(`${folder}.gone`, folder);
  const restored = join(scratchDirectory(), 'restored');
  await restore(place, restored, IGNORE);
  expect(await commits(join(restored, 'journal'))).toEqual(whole);
  expect(readdirSync(join(restored, 'journal', LOG)).filter((name) => name.endsWith('.away'))).toEqual([]);
});
