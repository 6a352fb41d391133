/** What every store promises, whatever it is made of: SQLite, DuckDB, and one in memory that knows nothing but entries. */
import { describe, expect, test } from 'vitest';
import { type StoreDriver, tablesOf } from '../../src/projections/driver.ts';
import { STORE_DRIVERS } from '../../src/projections/drivers.ts';
import type { Store } from '../../src/projections/store.ts';
import type { Table } from '../../src/projections/table.ts';
import { TABLES } from '../../src/tables.ts';
import { memoryDriver } from './memory-store.ts';
import { createWorld, fill, rowsOf, type World } from './projection-fixture.ts';

/** Events of `fill`: six a commit. */
const COMMITS = 9;
const EVENTS = 6 * COMMITS;

const tablesHeldBy = (driver: StoreDriver): Table[] =>
  driver.name === 'memory'
    ? TABLES.filter(({ view }) => view === undefined).map((table) => ({ ...table, store: 'memory' }))
    : tablesOf(driver, TABLES);

function openIn(world: World, driver: StoreDriver, tables = tablesHeldBy(driver)): Promise<Store> {
  return driver.open({ dataDir: world.directory, tables, shapes: { windows: [], streams: [] }, owner: 0, room: null });
}

function remove({ directory: dataDir }: World, driver: StoreDriver): Promise<void> {
  return driver.erase({ dataDir, shapes: { windows: [], streams: [] }, owner: 0 });
}

async function catchUp(world: World, store: Store, maxEvents: number): Promise<void> {
  for (let rounds = 0; rounds < 100; rounds++) if ((await world.project([store], maxEvents)).caughtUp) return;
  throw new Error('The store never has all of the journal');
}

async function filledWorld(): Promise<World> {
  const world = await createWorld();
  await fill(world, COMMITS);
  return world;
}

describe.each([...STORE_DRIVERS, memoryDriver()].map((driver) => [driver.name, driver] as const))(
  'the %s store',
  (_, driver) => {
    test('holds each of its tables, and rows of what it was given', async () => {
      const tables = tablesHeldBy(driver);
      expect(tables.map((table) => driver.cannotHold(table))).toEqual(tables.map(() => null));
      const world = await filledWorld();
      const store = await openIn(world, driver);
      expect(await world.project([store])).toMatchObject({ events: EVENTS, caughtUp: true });
      const digest = await store.digest();
      expect(digest.map(({ table }) => table)).toEqual(tables.map(({ name }) => name));
      expect(rowsOf(digest)).toBeGreaterThan(COMMITS);
      await store.close();
    });

    test.each([1, 13, 1000])('has the same digest in transactions of about %i events', async (maxEvents) => {
      const world = await filledWorld();
      const whole = await openIn(world, driver);
      await catchUp(world, whole, Number.POSITIVE_INFINITY);
      const expected = await whole.digest();
      await whole.close();
      await remove(world, driver);
      const store = await openIn(world, driver);
      await catchUp(world, store, maxEvents);
      expect(await store.digest()).toEqual(expected);
      await store.close();
    });

    test('keeps rows and offsets over its closing, and reads nothing twice', async () => {
      const world = await filledWorld();
      const before = await openIn(world, driver);
      await world.project([before]);
      const expected = await before.digest();
      const offsets = Object.fromEntries(before.offsets());
      await before.close();
      expect(Object.fromEntries(await driver.offsets(world.directory, null))).toEqual(offsets);
      const after = await openIn(world, driver);
      expect(Object.fromEntries(after.offsets())).toEqual(offsets);
      expect(await world.project([after])).toMatchObject({ events: 0 });
      expect(await after.digest()).toEqual(expected);
      await after.close();
    });

    test('has neither rows nor offsets of a transaction that a crash cut off before its commit', async () => {
      const world = await filledWorld();
      const store = await openIn(world, driver);
      const dies: Store = { ...store, commit: () => store.close(), rollback: async () => {} };
      await world.project([dies]);
      const next = await openIn(world, driver);
      expect([rowsOf(await next.digest()), next.offsets().size]).toEqual([0, 0]);
      expect(await world.project([next])).toMatchObject({ events: EVENTS });
      await next.close();
    });

    test('forgets what it was given before a rollback', async () => {
      const world = await filledWorld();
      const store = await openIn(world, driver);
      let sections = 0;
      const refuses: Store = {
        ...store,
        project(...what) {
          sections += 1;
          if (sections === 9) throw new Error('It refuses');
          return store.project(...what);
        },
      };
      await expect(world.project([refuses])).rejects.toThrow('It refuses');
      expect([rowsOf(await store.digest()), store.offsets().size]).toEqual([0, 0]);
      await world.project([store]);
      const all = await store.digest();
      await store.close();
      await remove(world, driver);
      const clean = await openIn(world, driver);
      await world.project([clean]);
      expect(await clean.digest()).toEqual(all);
      await clean.close();
    });

    test('begins anew when a table has another column, or there is one more', async () => {
      const world = await filledWorld();
      const tables = tablesHeldBy(driver);
      const [first] = tables.filter(({ view }) => view === undefined);
      if (first === undefined) throw new Error('It has no tables');
      const old = await openIn(world, driver);
      await world.project([old]);
      await old.close();
      const more = [...tables, { ...first, name: 'one_more', label: 'One more', indexes: [] }];
      const store = await openIn(world, driver, more);
      expect(store.offsets().size).toBe(0);
      await world.project([store]);
      const digest = await store.digest();
      const rows = (name: string) => digest.find(({ table }) => table === name)?.rows;
      expect(rows('one_more')).toBe(rows(first.name));
      await store.close();
      const back = await openIn(world, driver);
      expect(back.offsets().size).toBe(0);
      await back.close();
    });
  },
);

test('a slow store is waited for, section by section, and has the same rows', async () => {
  const world = await filledWorld();
  const quick = await openIn(world, memoryDriver());
  await world.project([quick]);
  const expected = await quick.digest();
  await remove(world, memoryDriver());
  const slow = await openIn(world, memoryDriver(1));
  await world.project([slow]);
  expect(await slow.digest()).toEqual(expected);
});

test('the entries of all tables have names of their own, and columns that they name', () => {
  const names = TABLES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, columns, key, indexes = [], read, updates, view } of TABLES) {
    const own = new Set(columns.map((column) => column.name));
    const named = [
      ...(key ?? []),
      ...indexes.flatMap((index) => index.columns),
      ...(read?.columns.map((column) => (typeof column === 'string' ? column : column.of)) ?? []),
      ...(read === undefined ? [] : [read.newest]),
      ...(view?.columns ?? []),
      ...Object.values(updates?.by ?? {}).flat(),
    ];
    expect([name, named.filter((column) => !own.has(column))]).toEqual([name, []]);
  }
});
