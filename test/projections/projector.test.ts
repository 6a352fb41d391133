import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Turns } from '../../src/projections/projector.ts';
import type { Store } from '../../src/projections/store.ts';
import { createWorld, digests, fill, rowsOf, STORES, type World } from './projection-fixture.ts';

const openBoth = async (world: World): Promise<Store[]> => [await world.open('sqlite'), await world.open('duckdb')];

/** The store, but one of its calls fails, the first so many times. */
function failing(store: Store, call: 'begin' | 'project' | 'commit', after: number, times = 1): Store {
  let calls = 0;
  const fail = (): boolean => {
    calls += 1;
    return calls > after && calls <= after + times;
  };
  const refuse = (): never => {
    throw new Error(`${store.name} refuses to ${call}`);
  };
  return {
    ...store,
    begin: async () => (call === 'begin' && fail() ? refuse() : store.begin()),
    project: (...what) => (call === 'project' && fail() ? refuse() : store.project(...what)),
    commit: async (offsets) => (call === 'commit' && fail() ? refuse() : store.commit(offsets)),
  };
}

async function cleanDigests(world: World) {
  const stores = await openBoth(world);
  await world.project(stores);
  const all = await digests(stores);
  for (const store of stores) await store.close();
  for (const name of STORES) rmSync(world.file(name));
  return all;
}

describe('rows and the offset that they reach', () => {
  test.each(STORES)(
    'of %s become visible together, or neither does when it refuses a commit in the middle',
    async (name) => {
      const world = await createWorld();
      await fill(world, 8);
      const store = await world.open(name);
      const broken = failing(store, 'project', 5);
      await expect(world.project([broken])).rejects.toThrow(`${name} refuses to project`);
      expect([rowsOf(await store.digest()), store.offsets().size]).toEqual([0, 0]);
      await world.project([broken]);
      const all = await digests([store]);
      await store.close();
      rmSync(world.file(name));
      const clean = await world.open(name);
      await world.project([clean]);
      expect(await digests([clean])).toEqual(all);
    },
  );

  test.each(STORES)('are gone with a process that ends before %s commits', async (name) => {
    const world = await createWorld();
    await fill(world, 4);
    const store = await world.open(name);
    const dies: Store = { ...store, commit: () => store.close(), rollback: async () => {} };
    await world.project([dies]);
    const reopened = await world.open(name);
    expect(rowsOf(await reopened.digest())).toBe(0);
    expect([...reopened.offsets()]).toEqual([]);
    expect(await world.project([reopened])).toMatchObject({ events: 24 });
  });

  test.each(['begin', 'commit'] as const)(
    'survive a store that fails to %s: nothing is lost or doubled',
    async (call) => {
      const world = await createWorld();
      await fill(world, 6);
      const expected = await cleanDigests(world);
      for (const order of [STORES, [...STORES].reverse()]) {
        const stores: Store[] = [];
        for (const name of order) stores.push(await world.open(name));
        const broken = stores.map((store, i) => (i === 1 ? failing(store, call, 0) : store));
        await expect(world.project(broken)).rejects.toThrow(`refuses to ${call}`);
        await world.project(broken);
        const all = await digests(stores);
        expect(all).toEqual(expect.arrayContaining(expected));
        expect(all).toHaveLength(expected.length);
        for (const store of stores) await store.close();
        for (const name of STORES) rmSync(world.file(name));
      }
    },
  );
});

describe('projecting', () => {
  test('again changes nothing: what a store has, it skips', async () => {
    const world = await createWorld();
    await fill(world, 6);
    const stores = await openBoth(world);
    expect(await world.project(stores)).toMatchObject({
      events: 36,
      caughtUp: true,
      reached: { 's-0': 18, 's-1': 18 },
    });
    const before = await digests(stores);
    expect(await world.project(stores)).toEqual({ events: 0, caughtUp: true, reached: {} });
    expect(await digests(stores)).toEqual(before);
    expect(rowsOf(before)).toBeGreaterThan(30);
  });

  test('goes on from the stored offsets in a new process', async () => {
    const world = await createWorld();
    await fill(world, 3);
    const first = await openBoth(world);
    await world.project(first);
    for (const store of first) await store.close();
    await fill(world, 3, 3);
    const second = await openBoth(world);
    expect(await world.project(second)).toMatchObject({ events: 18 });
    const resumed = await digests(second);
    for (const store of second) await store.close();
    for (const name of STORES) rmSync(world.file(name));
    expect(await cleanDigests(world)).toEqual(resumed);
  });

  test.each(STORES)('anew into a deleted %s gives the same digest, and leaves the other store alone', async (name) => {
    const world = await createWorld();
    await fill(world, 7);
    const stores = await openBoth(world);
    await world.project(stores);
    const expected = await digests(stores);
    for (const store of stores) await store.close();
    rmSync(world.file(name));
    const reopened = await openBoth(world);
    expect(await world.project(reopened)).toMatchObject({ events: 42, caughtUp: true });
    expect(await digests(reopened)).toEqual(expected);
  });

  test.each([1, 7, 13, 1000])('in transactions of about %i events gives the same digest', async (maxEvents) => {
    const world = await createWorld();
    await fill(world, 9);
    const expected = await cleanDigests(world);
    const stores = await openBoth(world);
    let rounds = 0;
    while (!(await world.project(stores, maxEvents)).caughtUp) expect(rounds++).toBeLessThan(60);
    expect(await digests(stores)).toEqual(expected);
    expect(stores.map((store) => Object.fromEntries(store.offsets()))).toEqual(Array(2).fill({ 's-0': 30, 's-1': 24 }));
  });

  test('ends a transaction with the commit that has its bytes or its time, and gives the thread away before', async () => {
    const world = await createWorld();
    await fill(world, 9);
    const expected = await cleanDigests(world);
    const stores = await openBoth(world);
    expect(await world.project(stores, { maxEvents: 1000, maxBytes: 1 })).toMatchObject({ events: 6, caughtUp: false });
    let nowMs = 0;
    let given = 0;
    const turns: Turns = {
      nowMs: () => (nowMs += 10),
      give: async () => {
        given += 1;
      },
    };
    const some = await world.project(stores, { maxEvents: 1000, maxMs: 45 }, turns);
    expect(some).toMatchObject({ events: 12, caughtUp: false });
    expect(given).toBe(2);
    expect(await world.project(stores, { maxEvents: 1000, maxBytes: 1 << 20, maxMs: 1e9 }, turns)).toMatchObject({
      events: 36,
      caughtUp: true,
    });
    expect(await digests(stores)).toEqual(expected);
  });

  test('tells each alert, dead letter and transaction where it stands in the journal', async () => {
    const world = await createWorld();
    await fill(world, 3);
    const [sqlite, duckdb] = await openBoth(world);
    if (sqlite === undefined || duckdb === undefined) throw new Error('no stores');
    await world.project([sqlite, duckdb]);
    // Six events a commit: two transactions, a dead letter, an alert, a case's change, a window's result.
    expect(await sqlite.query('SELECT partition, log_offset FROM alerts ORDER BY transaction_id')).toEqual([
      { partition: 0, log_offset: 3 },
      { partition: 1, log_offset: 3 },
      { partition: 0, log_offset: 9 },
    ]);
    expect(await sqlite.query('SELECT log, log_offset, detail FROM dead_letters ORDER BY position')).toEqual([
      { log: 's-0', log_offset: 2, detail: 'Line 0 is no JSON' },
      { log: 's-1', log_offset: 2, detail: 'Line 1 is no JSON' },
      { log: 's-0', log_offset: 8, detail: 'Line 2 is no JSON' },
    ]);
    const places = 'SELECT transaction_id, partition, log_offset FROM transactions ORDER BY 1';
    expect((await duckdb.query(places)).map((row) => Object.values(row))).toEqual([
      [0, 0, 0],
      [1, 0, 1],
      [2, 1, 0],
      [3, 1, 1],
      [4, 0, 6],
      [5, 0, 7],
    ]);
  });
});
