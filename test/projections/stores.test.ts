import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { transactionType } from '../../src/fraud/types.ts';
import { keepNative } from '../../src/journal/keep-native.ts';
import type { EventType } from '../../src/messages/codec.ts';
import type { LateEvent } from '../../src/messages/streams.ts';
import { lateEventType } from '../../src/messages/types.ts';
import type { EventRow, SectionEvents, Store } from '../../src/projections/store.ts';
import { createWorld, digests, fill, rowsOf, STORES, transaction, type World } from './projection-fixture.ts';

const WHERE = { log: 's-0', stream: 's', partition: 0, firstOffset: 0, committedAt: 0 };
const late = (change: Partial<LateEvent>): LateEvent => ({
  window: 'w',
  key: 'k',
  occurredAt: 0,
  latenessMs: 1,
  windows: 1,
  event: '{}',
  ...change,
});

function sectionOf<T extends EventRow>(type: EventType<T>, events: readonly T[]): SectionEvents {
  const block = type.encodeBlock(events);
  return {
    firstOffset: 0,
    typeName: type.name,
    window: null,
    columns: () => type.columns(block),
    objects: () => type.decodeBlock(block.bytes),
  };
}

/** A closed store with rows in it, and its file. */
async function filled(name: (typeof STORES)[number]): Promise<{ world: World; file: string; expected: unknown }> {
  const world = await createWorld();
  await fill(world, 6);
  const store = await world.open(name);
  await world.project([store]);
  const expected = await digests([store]);
  await store.close();
  return { world, file: world.file(name), expected };
}

async function isRebuilt({ world, expected }: Awaited<ReturnType<typeof filled>>, store: Store): Promise<void> {
  expect([...store.offsets()]).toEqual([]);
  expect(rowsOf(await store.digest())).toBe(0);
  await world.project([store]);
  expect(await digests([store])).toEqual(expected);
}

describe.each(STORES)('a %s file', (name) => {
  test('that is no database is replaced, and rebuilt from the journal', async () => {
    const state = await filled(name);
    writeFileSync(state.file, 'This is not a database at all.'.repeat(1000));
    await isRebuilt(state, await state.world.open(name));
  });

  test('that was cut in half is replaced, and rebuilt from the journal', async () => {
    const state = await filled(name);
    truncateSync(state.file, readFileSync(state.file).length >> 1);
    await isRebuilt(state, await state.world.open(name));
  });

  test.each([0, 1, 8, 18, 47, 100])(
    'with a flipped byte %i in its header still opens, and ends with the same rows',
    async (at) => {
      const state = await filled(name);
      const bytes = readFileSync(state.file);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      writeFileSync(state.file, bytes);
      const store = await state.world.open(name);
      await state.world.project([store]);
      expect(await digests([store])).toEqual(state.expected);
    },
  );

  test('that is whole is kept with its rows and offsets', async () => {
    const state = await filled(name);
    const store = await state.world.open(name);
    expect(Object.fromEntries(store.offsets())).toEqual({ 's-0': 18, 's-1': 18 });
    expect(await digests([store])).toEqual(state.expected);
  });
});

describe('a store of another version', () => {
  test('is replaced: SQLite by its user_version', async () => {
    const state = await filled('sqlite');
    const db = keepNative(new Database(state.file));
    db.exec('PRAGMA user_version = 1');
    db.close();
    await isRebuilt(state, await state.world.open('sqlite'));
  });

  test('is replaced: SQLite when a crash left it without one', async () => {
    const world = await createWorld();
    const db = keepNative(new Database(world.file('sqlite')));
    db.exec('CREATE TABLE offsets (log TEXT PRIMARY KEY, next INTEGER NOT NULL)');
    db.close();
    const store = await world.open('sqlite');
    expect(await store.query('SELECT count(*) AS n FROM alerts')).toEqual([{ n: 0 }]);
  });

  test('is replaced: DuckDB when the windows are configured differently', async () => {
    const state = await filled('duckdb');
    const shape = { name: 'totals', kind: 'tumbling', aggregates: [] };
    const store = await state.world.open('duckdb', { windows: [shape] });
    expect(rowsOf(await store.digest())).toBe(0);
    await store.close();
    const same = await state.world.open('duckdb', { windows: [shape] });
    await state.world.project([same]);
    expect(Object.fromEntries(same.offsets())).toEqual({ 's-0': 18, 's-1': 18 });
  });
});

test('a DuckDB file that another process has open is refused, not replaced', async () => {
  const { world, file } = await filled('duckdb');
  const script = `import('@duckdb/node-api').then(async ({ DuckDBInstance }) => {
    const instance = await DuckDBInstance.create(process.argv[1]);
    const connection = await instance.connect();
    console.log('open');
    process.stdin.on('data', () => { connection.closeSync(); instance.closeSync(); process.exit(0); });
  })`;
  const other = spawn(process.execPath, ['-e', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  await expect(world.open('duckdb')).rejects.toThrow(/lock/);
  other.stdin.write('\n');
  await once(other, 'exit');
  const store = await world.open('duckdb');
  expect(rowsOf(await store.digest())).toBeGreaterThan(0);
});

describe('what was rolled back', () => {
  test('leaves no trace in the rows that come after it', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb');
    await store.begin();
    const text = 'a text that is longer than what a string_t holds in place';
    store.project([sectionOf(lateEventType, [late({ key: null, event: text }), late({ key: text })])], WHERE);
    await store.rollback();
    await store.begin();
    store.project([sectionOf(lateEventType, [late({ key: 'a', event: 'b' }), late({ key: 'c', event: 'd' })])], WHERE);
    await store.commit(new Map());
    expect(await store.query('SELECT key, event FROM late_events ORDER BY key')).toEqual([
      { key: 'a', event: 'b' },
      { key: 'c', event: 'd' },
    ]);
  });

  test('may be more than what DuckDB buffers', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb');
    await store.begin();
    const many = Array.from({ length: 300_000 }, (_, i) => transaction(i));
    store.project([sectionOf(transactionType, many)], WHERE);
    await store.rollback();
    expect(await store.query('SELECT count(*) AS n FROM transactions')).toEqual([{ n: 0 }]);
  });

  test.each(STORES)('may be rolled back twice in %s', async (name) => {
    const store = await (await createWorld()).open(name);
    await store.begin();
    await store.rollback();
    await store.rollback();
    await store.begin();
    await store.commit(new Map([['s-0', 1]]));
    expect([...store.offsets()]).toEqual([['s-0', 1]]);
  });
});

test('a row of DuckDB holds what the event held, whatever its texts and numbers are', async () => {
  const store = await (await createWorld()).open('duckdb');
  const texts = [
    '',
    'a',
    'twelve bytes',
    'thirteen byte',
    'é'.repeat(6),
    'é'.repeat(7),
    '🙂🙂🙂',
    '🙂🙂🙂🙂',
    'x\u0000y',
    "'; --",
  ];
  const longs = [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32 - 1, -(2 ** 32), 2 ** 53 - 2, -(2 ** 53) + 2];
  const events = Array.from({ length: 5000 }, (_, i) =>
    late({
      window: String(i),
      key: i % 3 === 0 ? null : (texts[i % texts.length] ?? ''),
      event: texts[(i * 7) % texts.length] ?? '',
      latenessMs: longs[i % longs.length] ?? 0,
      occurredAt: [0, -1, 1_522_540_831_000, -8.64e12, 4_102_444_800_001][i % 5] ?? 0,
    }),
  );
  await store.begin();
  store.project([sectionOf(lateEventType, events)], WHERE);
  await store.commit(new Map());
  const rows = await store.query(
    `SELECT window_name AS "window", key, epoch_ms(occurred_at) AS "occurredAt", lateness_ms AS "latenessMs", windows_lost AS "windows", event
     FROM late_events ORDER BY window_name::INT`,
  );
  expect(rows).toEqual(events);
});

describe('a query', () => {
  const refuses = async (name: (typeof STORES)[number], sql: string): Promise<void> => {
    const { world, file, expected } = await filled(name);
    const store = await world.open(name);
    await expect(store.query(sql)).rejects.toThrow();
    expect(await digests([store])).toEqual(expected);
    expect(Object.fromEntries(store.offsets())).toEqual({ 's-0': 18, 's-1': 18 });
    await fill(world, 1, 6);
    await world.project([store]);
    await store.close();
    expect(readFileSync(file).length).toBeGreaterThan(0);
  };

  test.each([
    'DELETE FROM alerts',
    "INSERT INTO offsets VALUES ('x', 1) RETURNING *",
    'WITH x AS (SELECT 1) DELETE FROM alerts',
    "VACUUM INTO '/tmp/millrace-must-not-exist.db'",
    "ATTACH '/tmp/millrace-must-not-exist.db' AS z",
    'PRAGMA query_only = 0',
    'PRAGMA locking_mode = EXCLUSIVE',
    '/* */ -- x\n PRAGMA query_only = 0',
    'EXPLAIN PRAGMA locking_mode = EXCLUSIVE',
    'SELECT 1; DELETE FROM alerts',
    "SELECT load_extension('/tmp/x')",
    "SELECT readfile('/etc/passwd')",
    'CREATE TEMP TABLE t (a)',
    'BEGIN',
  ])('of SQLite that would write or leave the database is refused: %s', async (sql) => {
    await refuses('sqlite', sql);
  });

  test.each([
    'DELETE FROM transactions',
    'EXPLAIN ANALYZE DELETE FROM transactions',
    "EXPLAIN ANALYZE INSERT INTO offsets VALUES ('x', 1)",
    'SELECT 1; DELETE FROM transactions',
    "COPY transactions TO '/tmp/millrace-must-not-exist.csv'",
    "EXPLAIN ANALYZE COPY transactions TO '/tmp/millrace-must-not-exist.csv'",
    "ATTACH '/tmp/millrace-must-not-exist.duckdb'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    'SET enable_external_access = true',
    'INSTALL httpfs',
    'CALL force_checkpoint()',
    'BEGIN',
  ])('of DuckDB that would write or leave the database is refused: %s', async (sql) => {
    await refuses('duckdb', sql);
  });

  test.each([
    'SELECT 1 AS n',
    '  -- a comment\n/* another * one */ select 1 AS n',
    'WITH x AS (SELECT 1 AS n) SELECT n FROM x',
  ])('that reads is answered by either store: %s', async (sql) => {
    const world = await createWorld();
    for (const name of STORES) expect(await (await world.open(name)).query(sql)).toEqual([{ n: 1 }]);
  });

  test('that comes again and again in comments is answered at once', async () => {
    const store = await (await createWorld()).open('sqlite');
    const begin = performance.now();
    await expect(store.query(`${'/**/'.repeat(50_000)}x`)).rejects.toThrow();
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  test('of more rows than the limit gives as many as the limit', async () => {
    const world = await createWorld();
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n';
    for (const name of STORES) expect(await (await world.open(name)).query(endless)).toHaveLength(10_000);
    expect(await (await world.open('duckdb')).query('SELECT * FROM range(1000000000)')).toHaveLength(10_000);
  });

  test('sees whole transactions only', async () => {
    const store = await (await createWorld()).open('duckdb');
    await store.begin();
    store.project([sectionOf(transactionType, [transaction(1)])], WHERE);
    expect(await store.query('SELECT count(*) AS n FROM transactions')).toEqual([{ n: 0 }]);
    await store.commit(new Map());
    expect(await store.query('SELECT count(*) AS n FROM transactions')).toEqual([{ n: 1 }]);
  });
});
