/** Micro-benchmarks, one a stage; each task handles BATCH events. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { createFraudOperator } from '../src/fraud/operator.ts';
import { simulateDays } from '../src/fraud/simulator.ts';
import { transactionType } from '../src/fraud/types.ts';
import { openJournal } from '../src/journal/journal.ts';
import { windowResultType } from '../src/messages/window-result.ts';
import { drive } from '../src/partition/drive.ts';
import { tablesOf } from '../src/projections/driver.ts';
import { openDuckdb } from '../src/projections/duckdb.ts';
import { duckdbDriver } from '../src/projections/duckdb-driver.ts';
import { createWindows } from '../src/streams/windows-by-kind.ts';
import { TABLES } from '../src/tables.ts';

export interface StageFigures {
  readonly stage: string;
  readonly 'M events/s': string;
  readonly 'p99 µs a batch': string;
}

const BATCH = 4096;

export async function runStages(): Promise<StageFigures[]> {
  const spec = { seed: 1, customers: 5000, terminals: 10_000, startAt: Date.UTC(2018, 3, 1), days: 1 };
  const [day] = simulateDays(spec);
  const batch = (day?.transactions ?? []).slice(0, BATCH);
  const block = transactionType.encodeBlock(batch);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stages-'));
  const journal = await openJournal(join(directory, 'journal'), {
    durability: 'fsync',
    segmentBytes: 64 * 1024 * 1024,
  });
  const log = await journal.openLog('bench-0');
  const store = await openDuckdb(join(directory, 'bench.duckdb'), {
    tables: tablesOf(duckdbDriver, TABLES),
    shapes: { windows: [], streams: [] },
    memoryBytes: 256 * 1024 ** 2,
    threads: 1,
  });
  const commit = { log: 'bench-0', stream: 'bench', partition: 0, committedAt: 0 };
  const columns = transactionType.columns(block);
  const occurredAt = columns.numbers('occurredAt');
  const section = {
    firstOffset: 0,
    typeName: transactionType.name,
    window: null,
    columns: () => columns,
    objects: () => batch,
  };
  const perMinute = windowResultType('w', [
    { name: 'n', type: 'double' },
    { name: 'total', type: 'double' },
  ]);
  const step = {
    kind: 'events' as const,
    stream: 'bench',
    columns,
    timesMs: occurredAt,
    watermarkMs: Number.NEGATIVE_INFINITY,
    watermarksMs: occurredAt.map((timeMs) => timeMs - 5000),
    at: null,
  };
  const bench = new Bench({ time: 1000, warmupTime: 200 });
  bench.add('encode', () => {
    transactionType.encodeBlock(batch);
  });
  bench.add('decode', () => {
    transactionType.columns(block);
  });
  bench.add('append, durable', async () => {
    await log.append(1, batch.length, [block.bytes]);
  });
  bench.add('window, 1 m by customer', () => {
    const aggregates = [
      { name: 'n', fn: 'count' as const, field: null },
      { name: 'total', fn: 'sum' as const, field: 'amountCents' },
    ];
    const minutes = {
      name: 'w',
      keyField: 'customerId',
      window: { kind: 'tumbling' as const, sizeMs: 60_000, offsetMs: 0 },
      allowedLatenessMs: 0,
      earlyMs: null,
      where: null,
      aggregates,
    };
    const windows = createWindows(minutes, transactionType.schema);
    const out = perMinute.type.blockWriter();
    windows.begin(columns, occurredAt, Number.NEGATIVE_INFINITY);
    for (let row = 0; row < columns.count; row++) {
      const timeMs = occurredAt[row] ?? 0;
      windows.add(row, timeMs, out);
      windows.advance(timeMs - 5000, out);
    }
    out.take();
  });
  bench.add('session and score', () => {
    const rules = { amountCents: 22_000, velocityCount: 5, deviations: 4, minHistory: 10 };
    const spec = { sessionGapMs: 1_800_000, rules, caseQuietMs: 604_800_000 };
    const operator = createFraudOperator(
      'fraud',
      spec,
      { stream: 'bench', schema: transactionType.schema },
      { push() {} },
    );
    drive(operator, [step]);
    for (const { events } of operator.outputs) events.take();
  });
  bench.add('project into DuckDB', async () => {
    await store.begin();
    store.project([section], commit);
    await store.commit(new Map([['bench-0', 0]]));
  });
  await bench.run();
  await store.close();
  await journal.close();
  return bench.tasks.map(({ name, result }) => {
    const completed = result.state === 'completed' ? result : null;
    return {
      stage: name,
      'M events/s': completed === null ? '-' : ((completed.throughput.mean * batch.length) / 1e6).toFixed(2),
      'p99 µs a batch': completed === null ? '-' : ((completed.latency.p99 ?? 0) * 1000).toFixed(0),
    };
  });
}
