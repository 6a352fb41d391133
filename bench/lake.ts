/**
 * Rows of a journal into a lake: frames read and checked, commits decoded to columns, files of zstd Parquet by day, the manifest.
 * One process, as a store has it. LAKE_PATH=s3://bucket/prefix puts the files there; a folder otherwise. Beside it, what DuckDB
 * alone takes to write the same rows from a table in memory.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../dist/builtin-types.js';
import { transactionType } from '../dist/fraud/types.js';
import { openJournal } from '../dist/journal/journal.js';
import { journalOf, openPassingReader } from '../dist/journal/open-reader.js';
import { COMMIT_FRAME, encodeCommit } from '../dist/messages/commit.js';
import { createRegistry } from '../dist/messages/registry.js';
import { openPlace } from '../dist/places/open-place.js';
import { type ProjectedJournal, projectLogs } from '../dist/projections/projector.js';
import { storeColumns } from '../dist/projections/store-tables.js';
import { LAKE_MANIFEST } from '../dist/stores/lake/manifest.js';
import { openLake } from '../dist/stores/lake/store.js';
import { makeBatches } from './batches.ts';

const STREAM = 'payments.transactions';
const TRANSACTION = { maxEvents: 2_000_000, maxBytes: 64 * 1024 ** 2 } as const;
const ROUNDS = 3;

export interface LakeFigures {
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly nsCpuPerRow: number;
  readonly bytesPerRow: number;
}

export async function runLake(events: number): Promise<LakeFigures[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-lake-'));
  try {
    const ends = await writeJournal(directory, events);
    const figures: LakeFigures[] = [];
    for (let round = 0; round < ROUNDS; round++) figures.push(await measure(directory, ends, round));
    return figures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function writeJournal(directory: string, events: number): Promise<ReadonlyMap<string, number>> {
  const journal = await openJournal(journalOf(directory).directory, { durability: 'os', segmentBytes: 64 * 1024 ** 2 });
  const ends = new Map<string, number>();
  for (const { partition, block, next } of makeBatches(events, 2)) {
    const log = await journal.openLog(`${STREAM}-${partition}`);
    const commit = { stream: STREAM, partition, source: 'bench', next, committedAt: 0 };
    const { parts, count } = encodeCommit({ ...commit, sections: [{ ...block, role: 'input' }] });
    await log.append(COMMIT_FRAME, count, parts);
    ends.set(log.name, log.nextOffset());
  }
  await journal.close();
  return ends;
}

async function measure(directory: string, ends: ReadonlyMap<string, number>, round: number): Promise<LakeFigures> {
  const base = process.env.LAKE_PATH ?? directory;
  const place = openPlace(`${base}/lake-${process.pid}-${round}`, process.env, LAKE_MANIFEST);
  const registry = createRegistry(BUILTIN_TYPES);
  const journal: ProjectedJournal = {
    reader: openPassingReader(journalOf(directory)),
    registry,
    declared: new Map(),
    nameOf: (stream) => stream,
  };
  const columns = storeColumns(transactionType.schema);
  const options = { partitionBy: [{ column: 'occurredAt', unit: 'month' }] } as const;
  const table = { of: STREAM, role: 'stream', columns, key: [], time: 'occurredAt', options } as const;
  const settings = { path: '', targetBytes: 128e6, everyMs: 60_000, keepReplacedMs: 0 };
  const own = join(directory, `own-${round}`);
  const lake = { ...settings, tables: [table] };
  const store = await openLake({
    name: 'lake',
    place,
    lake,
    owner: 1,
    directory: own,
    witness: join(directory, 'witness'),
  });
  const ranges = [...ends].map(([log, toOffset]) => ({ log, toOffset }));
  const rows = [...ends.values()].reduce((sum, end) => sum + end, 0);
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  while (!(await projectLogs(journal, store, ranges, TRANSACTION)).caughtUp);
  await store.close();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const found = await place.readManifest();
  const bytes = [...(found?.text ?? '').matchAll(/"bytes":(\d+)/g)].reduce((sum, [, each]) => sum + Number(each), 0);
  for (const name of [...(await place.list()), LAKE_MANIFEST]) await place.remove(name);
  return {
    rows,
    rowsPerSecond: Math.round(rows / seconds),
    nsCpuPerRow: Math.round(((user + system) * 1000) / rows),
    bytesPerRow: Number((bytes / rows).toFixed(1)),
  };
}
