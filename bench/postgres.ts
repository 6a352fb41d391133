/**
 * Rows of a journal into PostgreSQL: frames read and checked, commits decoded to columns, a binary COPY, offsets in the same
 * transaction. One process, as a store has it, beside the server that PG_URL names (`scripts/postgres start` gives one). Beside it, a
 * bare binary COPY of the same bytes, which were made before.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../dist/builtin-types.js';
import { transactionType } from '../dist/fraud/types.js';
import { journalOf, openPassingReader } from '../dist/journal/open-reader.js';
import { createRegistry } from '../dist/messages/registry.js';
import { copyRows } from '../dist/postgres/copy-rows.js';
import { openSession } from '../dist/postgres/session.js';
import { type ProjectedJournal, projectLogs } from '../dist/projections/projector.js';
import { storeColumns } from '../dist/projections/store-tables.js';
import { tableOptions } from '../dist/stores/postgres/options.js';
import { openPostgres } from '../dist/stores/postgres/store.js';
import { makeBatches } from './batches.ts';
import { writeJournal } from './lake.ts';

const STREAM = 'payments.transactions';
const TRANSACTION = { maxEvents: 2_000_000, maxBytes: 64 * 1024 ** 2 } as const;
const COPY_BYTES = 4 * 1024 ** 2;

export interface PostgresFigures {
  readonly what: string;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly nsCpuPerRow: number;
}

export async function runPostgres(events: number): Promise<PostgresFigures[]> {
  const url = process.env.PG_URL;
  if (url === undefined) throw new Error('PG_URL names no server: export PG_URL=$(scripts/postgres start)');
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-postgres-'));
  try {
    const ends = await writeJournal(directory, events);
    const figures = [await bareCopy(url, events)];
    for (const mode of ['append', 'upsert', 'upsert again'] as const) {
      figures.push(await filled(url, directory, ends, mode));
    }
    return figures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function bareCopy(url: string, events: number): Promise<PostgresFigures> {
  const columns = storeColumns(transactionType.schema);
  const rows = copyRows({ columns, keyed: 0, newerBy: null });
  const parts: Uint8Array[][] = [];
  const read = transactionType.columnReader();
  let count = 0;
  const cut = (): void => {
    const taken = rows.takeOut();
    parts.push(taken.parts(0, taken.count));
  };
  for (const { partition, block } of makeBatches(events, 2)) {
    rows.take(read(block), { log: 'bench', partition, firstOffset: count }, null);
    count += block.count;
    if (rows.bytes() > COPY_BYTES) cut();
  }
  cut();
  const session = await openSession({ url, ssl: null }, 'bench');
  const types = columns.map(({ name, type }) => `"${name}" ${type.kind === 'timestamp' ? 'timestamptz' : 'bigint'}`);
  await session.run('DROP SCHEMA IF EXISTS millrace_bench CASCADE; CREATE SCHEMA millrace_bench');
  await session.run(`CREATE TABLE millrace_bench.bare (${types.join(', ')}, p int, o bigint)`);
  const figures = await timed('bare binary COPY', count, async () => {
    await session.run('BEGIN');
    for (const part of parts) await session.copy('COPY millrace_bench.bare FROM STDIN (FORMAT binary)', part);
    await session.run('COMMIT');
  });
  await session.close();
  return figures;
}

async function filled(
  url: string,
  directory: string,
  ends: ReadonlyMap<string, number>,
  mode: 'append' | 'upsert' | 'upsert again',
): Promise<PostgresFigures> {
  const options = tableOptions.parse(
    mode === 'append' ? { table: 'appended' } : { table: 'upserted', mode: 'upsert', key: ['transactionId'] },
  );
  const table = { of: STREAM, role: 'stream', key: ['customerId'], time: 'occurredAt', options } as const;
  const own = { ...table, columns: storeColumns(transactionType.schema) };
  const store = { url, ssl: null, schema: 'millrace_bench', tables: [own] };
  const session = await openSession({ url, ssl: null }, 'bench');
  // The same rows once more, each in the place of its own.
  if (mode === 'upsert again') await session.run('DELETE FROM millrace_bench.millrace_offsets');
  await session.close();
  const opened = await openPostgres('bench', store, 1, join(directory, 'witness'));
  const journal: ProjectedJournal = {
    reader: openPassingReader(journalOf(directory)),
    registry: createRegistry(BUILTIN_TYPES),
    declared: new Map(),
    nameOf: (stream) => stream,
  };
  const ranges = [...ends].map(([log, toOffset]) => ({ log, toOffset }));
  const rows = [...ends.values()].reduce((sum, end) => sum + end, 0);
  const figures = await timed(mode, rows, async () => {
    while (!(await projectLogs(journal, opened, ranges, TRANSACTION)).caughtUp);
  });
  await opened.close();
  return figures;
}

/** Its own processor time: the server's comes on top. */
async function timed(what: string, rows: number, run: () => Promise<void>): Promise<PostgresFigures> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await run();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    what,
    rows,
    rowsPerSecond: Math.round(rows / seconds),
    nsCpuPerRow: Math.round(((user + system) * 1000) / rows),
  };
}
