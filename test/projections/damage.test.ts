/** Store files that were damaged while they were closed: found, or without effect, and right after a rebuild. */
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keepNative } from '../../src/journal/keep-native.ts';
import { createWorld, digests, fill, STORES, type World } from './projection-fixture.ts';

const SIGNAL = new AbortController().signal;
type Name = (typeof STORES)[number];

/** A closed store of some pages, and what its digest is. */
async function filled(name: Name): Promise<{ world: World; file: string; expected: unknown }> {
  const world = await createWorld();
  await fill(world, 200);
  const store = await world.open(name);
  while (!(await world.project([store], 100)).caughtUp);
  const expected = await digests([store]);
  await store.close();
  const file = world.file(name);
  for (const each of world.files(name)) if (existsSync(each)) copyFileSync(each, `${each}.kept`);
  return { world, file, expected };
}

function restore(name: Name, world: World): void {
  for (const each of world.files(name)) {
    rmSync(each, { force: true });
    if (existsSync(`${each}.kept`)) copyFileSync(`${each}.kept`, each);
  }
}

/** As a service does it: what is found when it is looked through is made anew. Resolves with whether it was kept. */
async function expectRight(name: Name, { world, expected }: Awaited<ReturnType<typeof filled>>): Promise<boolean> {
  let store = await world.open(name);
  const why = await store.verify(SIGNAL);
  const isKept = why === null && store.offsets().size > 0;
  if (why !== null) {
    await store.close().catch(() => {});
    for (const each of world.files(name)) rmSync(each, { force: true });
    store = await world.open(name);
    expect(store.offsets().size).toBe(0);
  }
  await world.project([store]);
  expect(await digests([store])).toEqual(expected);
  expect(await store.verify(SIGNAL)).toBe(null);
  await store.close();
  return isKept;
}

describe.each(STORES)('a %s file', (name) => {
  test('that is whole is kept', async () => {
    const state = await filled(name);
    expect(await expectRight(name, state)).toBe(true);
    expect(await expectRight(name, state)).toBe(true);
  });

  test('with any byte flipped, a part zeroed or cut off ends with the right rows', { timeout: 240_000 }, async () => {
    const state = await filled(name);
    const bytes = readFileSync(state.file);
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const damage = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('flip' as const), place }) },
      fc.record({ kind: fc.constantFrom('zero' as const, 'cut' as const), place }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async ({ kind, place: part }) => {
        restore(name, state.world);
        const at = Math.floor(part * bytes.length);
        const changed = Buffer.from(bytes);
        if (kind === 'flip') changed[at] = (changed[at] ?? 0) ^ 0x10;
        if (kind === 'zero') changed.fill(0, at & ~4095, (at & ~4095) + 4096);
        writeFileSync(state.file, changed);
        if (kind === 'cut') truncateSync(state.file, at);
        const isKept = await expectRight(name, state);
        // SQLite's pages have sums of ours, each byte of them.
        if (name === 'sqlite' && !changed.equals(bytes)) expect(isKept).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  test('whose write-ahead log is garbage, after a crash, ends with the right rows', async () => {
    const state = await filled(name);
    const suffix = name === 'sqlite' ? '-wal' : '.wal';
    writeFileSync(state.file + suffix, Buffer.alloc(20_000, 'garbage'));
    await expectRight(name, state);
  });
});

test('a SQLite file with a value that another program changed is made anew', async () => {
  const state = await filled('sqlite');
  const db = keepNative(new Database(state.file));
  db.exec("UPDATE alerts SET severity = 'none'");
  db.close();
  expect(await expectRight('sqlite', state)).toBe(false);
});

test('a SQLite file is kept that a process left in the middle, with a log that was not moved', async () => {
  const { world, expected } = await filled('sqlite');
  const store = await world.open('sqlite');
  await fill(world, 10, 200);
  await world.project([store]);
  const now = await digests([store]);
  // As after a kill: the files as they are, the log with them.
  const copy = await createWorld();
  for (const [i, each] of world.files('sqlite').entries()) {
    if (existsSync(each)) copyFileSync(each, copy.files('sqlite')[i] ?? '');
  }
  const other = await copy.open('sqlite');
  expect(await other.verify(SIGNAL)).toBe(null);
  expect(await digests([other])).toEqual(now);
  expect(now).not.toEqual(expected);
  onTestFinished(() => store.close());
});
