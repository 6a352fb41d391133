/** A real PostgreSQL as a source: rows by a column that rises, and changes from a slot, each once, whenever a process ends. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { deadLetterType, tombstoneType } from '../../src/messages/types.ts';
import type { SourceHost, SourceStream } from '../../src/sources/adapter.ts';
import { createPostgresSource } from '../../src/sources/postgres/postgres-source.ts';
import type { PostgresSourceSettings } from '../../src/sources/postgres/settings.ts';
import { checkTable } from '../../src/sources/postgres/table-checks.ts';
import type { Source } from '../../src/sources/source.ts';
import { millrace, startService } from '../integration/millrace.ts';
import { type Journaled, journaledPartitions, newJournal } from '../sources/journaled-partitions.ts';
import { place } from './postgres.ts';
import { onePostgres } from './postgres-script.ts';

const schema = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    {
      name: 'amount',
      type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }],
      default: null,
    },
    { name: 'tags', type: ['null', { type: 'array', items: ['null', 'string'] }], default: null },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const satisfies AvroRecord;
const PARTITIONS = 3;
const eventType = dynamicEventType(schema);
const stream: SourceStream = {
  name: 'orders',
  schema,
  key: 'id',
  eventTime: 'occurredAt',
  partitions: PARTITIONS,
  kafka: null,
  format: STANDARD_FORMAT,
};

let lines: string[] = [];
const host: SourceHost = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => setTimeout(Math.min(ms, 50), undefined, { signal }).catch(() => {}),
  readInput: () => {
    throw new Error('no file');
  },
  kafka: null,
  owner: () => 1,
  log: (line) => void lines.push(line),
};

let sql = (_: string): string[] => [];
let table = '';
let slot = '';

beforeEach(() => {
  const at = place();
  lines = [];
  table = `${at.schema}.orders`;
  slot = `slot_${at.schema}`;
  sql = at.sql;
  sql(`CREATE SCHEMA ${at.schema};
    CREATE TABLE ${table} (id bigint PRIMARY KEY, amount numeric(12,2), tags text[], note text, at timestamptz, n bigserial)`);
});

afterEach(() => {
  sql(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`);
  sql(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`);
});

function settings(own: Partial<PostgresSourceSettings>): PostgresSourceSettings {
  return {
    url: onePostgres('url'),
    ssl: null,
    table,
    query: null,
    increasing: null,
    everyMs: 20,
    columns: { occurredAt: 'at' },
    slot: null,
    publication: null,
    snapshot: 'initial',
    eventTime: 'field',
    ...own,
  };
}

/** Runs until it holds, or for so long; then the process ends, with some batches of those that wait committed. */
async function runOnce(
  source: Source,
  journaled: Journaled,
  ends: { readonly until?: () => boolean; readonly afterMs?: number; readonly committed?: number },
): Promise<void> {
  const partitions = journaledPartitions({ journaled, bound: 2, commitTurns: () => 1 });
  const abort = new AbortController();
  let failure: unknown = null;
  const run = source.run(partitions, abort.signal).catch((error: unknown) => {
    failure = error;
  });
  const endMs = performance.now() + (ends.afterMs ?? 40_000);
  while (failure === null && ends.until?.() !== true && performance.now() < endMs) {
    await setTimeout(2);
  }
  if (ends.committed !== undefined) partitions.crash(ends.committed);
  abort.abort();
  await run;
  if (ends.committed === undefined) await partitions.settled();
  if (failure !== null && ends.committed === undefined) throw failure;
  expect(partitions.wrongs).toEqual([]);
}

/** What the journal has: ids of events in their order, what is left by key, and dead letters. */
function read(journaled: Journaled) {
  const ids: number[] = [];
  const rows = new Map<number, Readonly<Record<string, unknown>>>();
  const letters: string[] = [];
  let deletions = 0;
  for (const batch of journaled.batches.flat()) {
    for (const { fingerprint, bytes } of batch.blocks) {
      if (fingerprint === eventType.fingerprint) {
        for (const event of eventType.decodeBlock(bytes)) {
          ids.push(Number(event.id));
          rows.set(Number(event.id), event);
        }
      }
      if (fingerprint === tombstoneType.fingerprint) {
        for (const { key } of tombstoneType.decodeBlock(bytes)) {
          deletions += 1;
          rows.delete(Number(key));
        }
      }
      if (fingerprint === deadLetterType.fingerprint) {
        letters.push(...deadLetterType.decodeBlock(bytes).map(({ reason, detail }) => `${reason}: ${detail}`));
      }
    }
  }
  return { ids, rows, letters, deletions };
}

/** Numbers from 0 to 1 that are the same for the same seed (Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const rows = (from: number, to: number): string =>
  `INSERT INTO ${table} (id, amount, tags, note, at) SELECT i, i / 4.0, ARRAY['a', 'b"\\{', NULL], 'row ' || i, '2026-01-01T00:00:00.5+01'::timestamptz + i * interval '1 s'
   FROM generate_series(${from}, ${to}) i`;

test('rows of a table come once each, with their values exact, wherever a process ended', async () => {
  sql(rows(1, 9000));
  // Alike in the column by which they are read.
  sql(`UPDATE ${table} SET n = 5 WHERE id BETWEEN 100 AND 4000`);
  const journaled = newJournal(PARTITIONS);
  const random = seeded(11);
  for (let crash = 0; crash < 4; crash++) {
    const source = createPostgresSource(settings({ increasing: ['n'] }), stream, host);
    await runOnce(source, journaled, { afterMs: 40 + 120 * random(), committed: Math.floor(3 * random()) });
  }
  const source = createPostgresSource(settings({ increasing: ['n'] }), stream, host);
  await runOnce(source, journaled, { until: () => read(journaled).ids.length >= 9000 });
  const { ids, rows: found, letters } = read(journaled);
  expect(letters).toEqual([]);
  expect(ids.length).toBe(9000);
  expect(found.size).toBe(9000);
  expect(found.get(7)).toMatchObject({ id: 7, tags: ['a', 'b"\\{', null], note: 'row 7' });
  expect(found.get(7)?.occurredAt).toBe(Date.parse('2025-12-31T23:00:07.500Z'));
  expect(found.get(7)?.amount).toEqual(Buffer.from([0, 175]));
});

test('a row that is committed late, below one that was seen, is waited for', async () => {
  const statement = `BEGIN; ${rows(1, 1)}; SELECT pg_sleep(1.5); COMMIT`;
  const late = spawn('psql', ['-XAtq', onePostgres('url'), '-c', statement]);
  const closed = new Promise((resolve) => late.once('close', resolve));
  const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
  for (let tries = 0; tries < 100 && sql(sleeping)[0] === '0'; tries++);
  sql(rows(2, 2));
  const journaled = newJournal(PARTITIONS);
  const source = createPostgresSource(settings({ increasing: ['n'] }), stream, host);
  let early: number[] = [];
  await runOnce(source, journaled, {
    until() {
      const { ids } = read(journaled);
      if (late.exitCode === null) early = ids;
      return ids.length === 2;
    },
  });
  expect(early).toEqual([]);
  expect(read(journaled).ids.sort()).toEqual([1, 2]);
  await closed;
});

test('changes of a table come once each, wherever a process ended, and give the table again', async () => {
  sql(rows(1, 3000));
  const journaled = newJournal(PARTITIONS);
  const start = (): Source => createPostgresSource(settings({ slot }), stream, host);
  await runOnce(start(), journaled, {
    until: () => read(journaled).ids.length >= 3000 && journaled.positions.every((each) => each >= 3),
  });
  const random = seeded(7);
  let events = 3000;
  let deleted = 0;
  for (let crash = 0; crash < 8; crash++) {
    const first = 10_000 + 1000 * crash;
    const count = crash === 3 ? 6000 : 1 + Math.floor(400 * random());
    const low = 1 + 300 * crash;
    // Two transactions, one within the other in time; one of them is undone.
    sql(
      `BEGIN; ${rows(crash === 3 ? 100_000 : first, (crash === 3 ? 100_000 : first) + count - 1)}; UPDATE ${table} SET note = 'v${crash}' WHERE id BETWEEN ${low} AND ${low + 99};
       DELETE FROM ${table} WHERE id BETWEEN ${low + 100} AND ${low + 149}; UPDATE ${table} SET id = id + 1000000 WHERE id BETWEEN ${low + 150} AND ${low + 159}; COMMIT;
       BEGIN; DELETE FROM ${table}; ROLLBACK`,
    );
    events += count + 100 + 10;
    deleted += 50 + 10;
    await runOnce(start(), journaled, { afterMs: 20 + 300 * random(), committed: Math.floor(3 * random()) });
  }
  await runOnce(start(), journaled, {
    until: () => read(journaled).ids.length >= events && read(journaled).deletions >= deleted,
  });
  const found = read(journaled);
  expect(found.letters).toEqual([]);
  expect(found.ids.length).toBe(events);
  expect(found.deletions).toBe(deleted);
  const expected = sql(`SELECT id || ' ' || note FROM ${table} ORDER BY id`);
  const own = [...found.rows.values()]
    .sort((a, b) => Number(a.id) - Number(b.id))
    .map(({ id, note }) => `${id} ${note}`);
  expect(own).toEqual(expected);
});

/** How many events the journal has; without reading them. */
const eventsIn = ({ batches }: Journaled): number =>
  batches
    .flat()
    .flatMap(({ blocks }) => blocks)
    .reduce((sum, { fingerprint, count }) => sum + (fingerprint === eventType.fingerprint ? count : 0), 0);

const newestOf = ({ batches, positions }: Journaled): Journaled => ({
  batches: batches.map((own) => own.slice(-2)),
  positions,
});

/** Ends what the source has open at the server, the copy and the slot's stream alike. */
const cut = (): void => {
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace source%'");
};

/** Starts again and again, with the connection cut and the process ended in the middle of the copy. */
async function interrupted(journaled: Journaled, seed: number, between: (turn: number) => void): Promise<void> {
  const random = seeded(seed);
  for (let turn = 0; turn < 6; turn++) {
    const source = createPostgresSource(settings({ slot }), stream, host);
    // So many commits beyond what was there, that each turn ends within the copy.
    let end = journaled.batches.flat().length + 1 + Math.floor(3 * random());
    let isCut = turn % 2 === 0;
    const until = (): boolean => {
      if (journaled.batches.flat().length < end) return false;
      if (isCut) return true;
      cut();
      isCut = true;
      end += 2;
      return false;
    };
    await runOnce(source, journaled, { until, afterMs: 120_000, committed: Math.floor(3 * random()) });
    between(turn);
  }
}

test('a first copy that is interrupted goes on where it was: each row once, whatever ended', async () => {
  sql(rows(1, 40_000));
  const journaled = newJournal(PARTITIONS);
  await interrupted(journaled, 5, () => {});
  expect(eventsIn(journaled)).toBeLessThan(40_000);
  await runOnce(createPostgresSource(settings({ slot }), stream, host), journaled, {
    until: () => eventsIn(journaled) >= 40_000,
    afterMs: 120_000,
  });
  // The next process has nothing to add.
  await runOnce(createPostgresSource(settings({ slot }), stream, host), journaled, { afterMs: 500 });
  const { ids, letters } = read(journaled);
  expect(letters).toEqual([]);
  expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 40_000 }, (_, i) => i + 1));
});

test('rows that change while their copy is interrupted are as they are in the table, and no other row comes twice', async () => {
  sql(rows(1, 40_000));
  const journaled = newJournal(PARTITIONS);
  await interrupted(journaled, 3, (turn) => {
    // Of rows that were copied and of such that were not, and new ones at the end.
    const low = 3000 * turn;
    sql(
      `BEGIN; UPDATE ${table} SET note = 'v${turn}' WHERE id BETWEEN ${low + 1} AND ${low + 20}; DELETE FROM ${table} WHERE id BETWEEN ${low + 21} AND ${low + 30};
       ${rows(100_000 + 10 * turn, 100_004 + 10 * turn)}; COMMIT`,
    );
  });
  const last = 'the end';
  sql(`UPDATE ${table} SET note = '${last}' WHERE id = 1`);
  await runOnce(createPostgresSource(settings({ slot }), stream, host), journaled, {
    until: () => read(newestOf(journaled)).rows.get(1)?.note === last,
    afterMs: 120_000,
  });
  const found = read(journaled);
  expect(found.letters).toEqual([]);
  const own = [...found.rows.values()]
    .sort((a, b) => Number(a.id) - Number(b.id))
    .map(({ id, note }) => `${id} ${note}`);
  expect(own).toEqual(sql(`SELECT id || ' ' || note FROM ${table} ORDER BY id`));
  const times = new Map<number, number>();
  for (const id of found.ids) times.set(id, (times.get(id) ?? 0) + 1);
  const twice = [...times].filter(([id, n]) => n > 1 && id < 100_000).map(([id]) => id);
  expect(twice.filter((id) => id % 3000 > 20 || id % 3000 === 0)).toEqual([]);
});

test('what the slot keeps goes once it is durable, on a quiet table too', async () => {
  const journaled = newJournal(PARTITIONS);
  const source = createPostgresSource(settings({ slot }), stream, host);
  sql(`CREATE TABLE ${table}_other (a text)`);
  const confirmed = (): number => {
    const [bytes = '0'] = sql(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) FROM pg_replication_slots WHERE slot_name = '${slot}'`,
    );
    return Number(bytes);
  };
  await runOnce(source, journaled, { until: () => journaled.positions.every((each) => each >= 1) });
  sql(`INSERT INTO ${table}_other SELECT repeat('x', 1000) FROM generate_series(1, 3000)`);
  expect(confirmed()).toBeGreaterThan(3_000_000);
  sql(rows(1, 5));
  await runOnce(createPostgresSource(settings({ slot }), stream, host), journaled, {
    until: () => read(journaled).ids.length === 5,
  });
  expect(confirmed()).toBeLessThan(100_000);
});

test('a slot that is gone is said, and a large value that was not sent is a dead letter with what to do', async () => {
  sql(`ALTER TABLE ${table} ALTER note SET STORAGE EXTERNAL`);
  sql(`INSERT INTO ${table} VALUES (1, 1, NULL, repeat('long ', 2000), now())`);
  const journaled = newJournal(PARTITIONS);
  const start = (): Source => createPostgresSource(settings({ slot }), stream, host);
  await runOnce(start(), journaled, {
    until: () => read(journaled).ids.length === 1 && journaled.positions.every((each) => each >= 2),
  });
  sql(`UPDATE ${table} SET amount = 2`);
  await runOnce(start(), journaled, { until: () => read(journaled).letters.length === 1 });
  expect(read(journaled).letters[0]).toMatch(/^value-not-sent: note is large .* REPLICA IDENTITY FULL/);
  sql(`ALTER TABLE ${table} REPLICA IDENTITY FULL`);
  sql(`UPDATE ${table} SET amount = 3`);
  await runOnce(start(), journaled, { until: () => read(journaled).ids.length === 2 });
  expect(String(read(journaled).rows.get(1)?.note)).toHaveLength(10_000);
  sql(
    `SELECT pg_terminate_backend(active_pid), pg_sleep(0.2) FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`,
  );
  sql(`SELECT pg_drop_replication_slot('${slot}')`);
  await expect(runOnce(start(), journaled, {})).rejects.toThrow(
    /the replication slot .* is not there any more.*Name another slot/s,
  );
});

test('what the server lacks is said before a service starts, with what to write', async () => {
  const problem = async (own: Partial<PostgresSourceSettings>): Promise<string> => {
    const found = await checkTable(settings(own), stream);
    return found === null ? '' : `${found.kind}: ${found.message}`;
  };
  expect(await problem({ slot })).toBe('');
  expect(await problem({ increasing: ['n'] })).toBe('');
  expect(await problem({ table: 'nowhere', slot })).toMatch(/^configuration: .*nowhere/);
  expect(await problem({ increasing: ['m'] })).toMatch(/^configuration: has no column m to read by; known: id, amount/);
  expect(await problem({ slot, columns: {} })).toMatch(
    /has no column occurredAt for the field occurredAt.*columns: \{ occurredAt: column \}/,
  );
  expect(await problem({ slot, url: 'postgres://millrace@127.0.0.1:1/x' })).toMatch(/^down: PostgreSQL at 127.0.0.1:1/);
  sql(`ALTER TABLE ${table} DROP CONSTRAINT orders_pkey`);
  expect(await problem({ slot })).toMatch(/has no primary key.*snapshot: never/);
  expect(await problem({ slot, snapshot: 'never' })).toMatch(/would not say its id.*REPLICA IDENTITY FULL/);
});

test('a service that is killed goes on at the change where it was', async () => {
  const at = place();
  writeFileSync(`${at.directory}/orders.avsc`, JSON.stringify(schema));
  writeFileSync(
    at.config,
    `name: test\nstreams:\n  orders:\n    schema: ./orders.avsc\n    key: id\n    eventTime: occurredAt\n    partitions: 2\n` +
      `    source: { postgres: { url: "${onePostgres('url')}", table: ${table}, columns: { occurredAt: at }, slot: ${slot} } }\n`,
  );
  sql(rows(1, 500));
  const words = ['--config', at.config, '--data', at.data];
  const count = async (store: 'sqlite' | 'duckdb'): Promise<string> =>
    (await millrace(['query', '--store', store, '--data', at.data, '--json', 'SELECT count(*) AS n FROM orders']))
      .stdout;
  // The copy of what was there is whole before anything changes: what comes of one that is interrupted is another test's.
  const copying = await startService(words);
  for (let tries = 0; tries < 30 && !(await count('duckdb')).includes(':500}'); tries++);
  copying.child.kill('SIGTERM');
  await copying.ended;
  for (let kill = 0; kill < 2; kill++) {
    const service = await startService(words);
    sql(`BEGIN; ${rows(1000 + 3000 * kill, 3999 + 3000 * kill)}; DELETE FROM ${table} WHERE id = ${kill + 1}; COMMIT`);
    service.child.kill('SIGKILL');
    await service.ended;
  }
  const service = await startService(words);
  for (let tries = 0; tries < 30 && !(await count('sqlite')).includes('6498'); tries++);
  // A row a key, without the two that were deleted; and each insert as an event, once.
  expect(await count('sqlite')).toContain('6498');
  expect(await count('duckdb')).toContain('6500');
  service.child.kill('SIGTERM');
  await service.ended;
  // Each event and each deletion is in the journal once.
  const { stdout } = await millrace(['journal', 'verify', '--data', at.data]);
  expect(stdout).not.toMatch(/damage/i);
});
