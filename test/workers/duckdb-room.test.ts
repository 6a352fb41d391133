/** DuckDB's memory against what its transactions need, in the real process of the read models. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeFs } from '../../src/journal/fs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { journalOf } from '../../src/journal/open-reader.ts';
import { saveSchemaFiles } from '../../src/journal/schema-files.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { encodeCommit } from '../../src/messages/commit.ts';
import { tablesOf } from '../../src/projections/driver.ts';
import { duckdbDriver } from '../../src/projections/duckdb-driver.ts';
import { createDuckdbRoom } from '../../src/projections/duckdb-room.ts';
import { TABLES } from '../../src/tables.ts';
import { startStore } from '../../src/workers/store-process.ts';

const COMMIT_FRAME = 1;
const MB = 1024 ** 2;
const COLUMNS = 200;
const COMMITS = 10;
const ROWS = 2_000;

const schema: AvroRecord = {
  type: 'record',
  name: 'Wide',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ...Array.from({ length: COLUMNS }, (_, i) => ({ name: `v${i}`, type: 'long' as const })),
  ],
};
const shape = { name: 'wide', schema, key: 'id', timeField: 'at' };
const tables = { windows: [], streams: [shape] };

/** A journal of wide rows. */
async function wideJournal(): Promise<{ directory: string; events: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-room-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const journal = await openJournal(join(directory, 'journal'), { durability: 'os', segmentBytes: 64 * MB });
  const type = dynamicEventType(schema);
  await saveSchemaFiles(nodeFs, directory, [type]);
  const log = await journal.openLog('wide-0');
  for (let commit = 0; commit < COMMITS; commit++) {
    const events = Array.from({ length: ROWS }, (_, row) => {
      const id = commit * ROWS + row;
      const values = Array.from({ length: COLUMNS }, (_, i) => [`v${i}`, (id * 7919 + i * 104_729) % 1_000_003]);
      return { id, at: id, ...Object.fromEntries(values) };
    });
    const sections = [{ ...type.encodeBlock(events), role: 'input' as const }];
    const { parts, count } = encodeCommit({
      stream: 'wide',
      partition: 0,
      source: 'x',
      next: commit,
      committedAt: 0,
      sections,
    });
    await log.append(COMMIT_FRAME, count, parts);
  }
  await journal.close();
  return { directory, events: COMMITS * ROWS };
}

const OWN = tablesOf(duckdbDriver, TABLES);

test.each([
  ['as its columns need', undefined],
  ['too little, and is given more', 24 * MB],
])('a table of %s', { timeout: 120_000 }, async (_, memoryBytes) => {
  const { directory, events } = await wideJournal();
  const store = startStore(duckdbDriver);
  onTestFinished(() => store.close());
  const given = memoryBytes === undefined ? {} : { memoryBytes };
  await store.open({ kind: 'open', dataDir: directory, journal: journalOf(directory), tables, ...given });
  const ranges = [{ log: 'wide-0', toOffset: events }];
  for (;;) {
    const projected = await store.project({ kind: 'project', ranges, maxEvents: 5_000 });
    if (projected.caughtUp) break;
  }
  const sql = 'SELECT count(*) AS n, count(DISTINCT id) AS ids FROM wide';
  const [row] = await store.read({ kind: 'query', sql });
  expect(row).toEqual({ n: events, ids: events });
});

test('memory grows to a part of the machine, and the events of a transaction shrink, until nothing is left to give', () => {
  const room = createDuckdbRoom(OWN, { windows: [], streams: [] }, 1024 * MB, 64 * MB);
  expect([room.memoryBytes(), room.events(50_000)]).toEqual([64 * MB, 50_000]);
  expect(room.grow()).toBe(true);
  expect([room.memoryBytes(), room.events(50_000)]).toEqual([128 * MB, 12_500]);
  let grown = 0;
  while (room.grow()) grown += 1;
  expect(grown).toBeLessThan(10);
  expect([room.memoryBytes(), room.events(50_000)]).toEqual([256 * MB, 500]);
});

test('what a table of many columns is given grows with them', () => {
  const machine = 64 * 1024 * MB;
  const small = createDuckdbRoom(OWN, { windows: [], streams: [] }, machine).memoryBytes();
  const wide = createDuckdbRoom(OWN, tables, machine).memoryBytes();
  expect(wide - small).toBeGreaterThan(COLUMNS * 512 * 1024);
  expect(small).toBeLessThan(192 * MB);
});
