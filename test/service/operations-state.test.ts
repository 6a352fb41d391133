/** What a start knows of jobs once the operations log has been pruned behind a snapshot of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { pruneData, WITHOUT_BOUND } from '../../src/data-directory/retention.ts';
import type { RunChanged } from '../../src/messages/operations.ts';
import { runChangedType } from '../../src/messages/types.ts';
import { openOperationsSnapshots } from '../../src/service/operations-state.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const HOUR = 3_600_000;

async function started(directory: string): Promise<Service> {
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(
    file,
    `streams: { weather: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
stores: { sqlite: false, duckdb: false }
journal: { segment: 64KB, durability: os }
jobs: { j: { schedule: { on: { file: "in/*" } }, steps: { a: { wait: { until: "2020-01-01T00:00:00Z" } } } } }
`,
  );
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  await service.ready;
  return service;
}

function runsOf(n: number): RunChanged[] {
  const run = (state: RunChanged['state']) => ({
    job: 'j',
    runId: `j@${n}`,
    intervalStart: n * HOUR,
    intervalEnd: (n + 1) * HOUR,
    state,
    attempt: 1,
    changedAt: (n + 1) * HOUR,
    records: 1,
    message: 'm'.repeat(200),
    trigger: `file:1:2:/in/${n}.csv`,
    params: '{}',
    backfill: null,
    ending: null,
  });
  return [run('queued'), run('success')];
}

async function write(service: Service, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 10) {
    const runs = Array.from({ length: 10 }, (_, i) => runsOf(n + i)).flat();
    await service.operations.write(0, [runChangedType.encodeBlock(runs)]);
  }
}

/** All that may go, whatever read models there once were. */
function prune(directory: string) {
  const holds = { stores: { ms: 0, bytes: null }, sink: () => WITHOUT_BOUND };
  return pruneData(join(directory, 'data'), { ageMs: 0, maxBytes: null }, false, Date.now() + HOUR, holds);
}

test('the jobs are as they were after the log went up to a snapshot, and no file that had its run is forgotten', async () => {
  const directory = temporaryDirectory();
  const first = await started(directory);
  const snapshots = await openOperationsSnapshots(first.pipeline, first.pruning, 100);
  await write(first, 0, 400);
  await snapshots.saveWhenDue();
  expect(snapshots.offset()).toBe(800);
  await write(first, 400, 410);
  await snapshots.saveWhenDue();
  expect(snapshots.offset()).toBe(800);
  const before = await snapshots.state();
  await first.stop();

  const pruned = await prune(directory);
  const own = pruned.find(({ log }) => log === 'millrace.operations-0');
  expect(own?.segments.length).toBeGreaterThan(0);
  expect(own?.segments.at(-1)?.nextOffset).toBeLessThanOrEqual(800);

  const second = await started(directory);
  const after = await second.operationsSnapshots.state();
  expect(after.jobs).toEqual(before.jobs);
  const jobs = after.jobs.jobs.get('j');
  expect([jobs?.triggers.size, jobs?.succeededAt, jobs?.ledger.done.length]).toEqual([410, 410 * HOUR, 1]);
  await second.stop();
});

test('without a snapshot the operations log goes nowhere, whatever the retention says', async () => {
  const directory = temporaryDirectory();
  const service = await started(directory);
  await write(service, 0, 400);
  await service.stop();
  const pruned = await prune(directory);
  expect(pruned.find(({ log }) => log === 'millrace.operations-0')?.segments).toEqual([]);
});
