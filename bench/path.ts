/**
 * The whole path, as built: what a user runs. From the simulator to both read models; and from the journal, deriving
 * every event anew.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { deleteStores, openReadModels } from '../dist/channel/offline.js';
import { loadConfig } from '../dist/config/load.js';
import { createLogger } from '../dist/logger.js';
import { haveCaughtUp } from '../dist/service/exchange.js';
import type { Pipeline } from '../dist/service/pipeline.js';
import { sourceChild } from '../dist/service/source-child.js';
import { startService } from '../dist/service.js';
import type { Source } from '../dist/sources/source.js';
import type { Stores } from '../dist/workers/stores.js';
import { makeBatches } from './batches.ts';

export interface PathFigures {
  readonly events: number;
  /** Until both read models have everything. */
  readonly eventsPerSecond: number;
  /** Over user and system CPU time instead of wall time. */
  readonly eventsPerCoreSecond: number;
  /** Until every commit is durable. */
  readonly committedPerSecond: number;
  readonly alertP50Ms: number | null;
  readonly alertP99Ms: number | null;
  readonly loopDelayP99Ms: number;
  readonly peakRssMiB: number;
  /** What the analytics store has in the end: the same for the same input, live or replayed, before a flush. */
  readonly rows: Readonly<Record<string, unknown>>;
}

const ROWS_SQL = `SELECT (SELECT count(*) FROM transactions) AS transactions, (SELECT count(*) FROM scores) AS scores,
  (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM windows) AS windows`;

const dataDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const STREAM = 'payments.transactions';
const LOOP_RESOLUTION_MS = 10;

export async function measureLive(events: number): Promise<PathFigures> {
  const file = fileURLToPath(new URL('../config/handbook.yaml', import.meta.url));
  const config = { ...loadConfig(file, {}), dataDir, sinks: [], schedules: [] };
  const partitions = config.streams[0]?.partitions ?? 1;
  const batches = makeBatches(events, partitions);
  const latenciesMs: number[] = [];
  const source: Source = {
    name: 'bench',
    async run(intake) {
      for (const { partition, block, next } of batches) {
        const offeredAt = performance.now();
        const onDurable = (): void => void latenciesMs.push(performance.now() - offeredAt);
        await intake.deliver(partition, { source: 'bench', next, blocks: [block], onDurable });
      }
    },
  };
  let ended = Promise.resolve();
  let exchanges: Pipeline['exchanges'] = [];
  const service = await startService({
    config,
    logger: createLogger('error'),
    version: 'bench',
    attach: ({ pipeline }) => {
      const stream = pipeline.streams.get(STREAM);
      if (stream === undefined) throw new Error(`${STREAM} is not in the configuration`);
      const child = sourceChild(source, stream.intake, stream.units);
      ended = child.ended;
      exchanges = pipeline.exchanges;
      return [child.spec];
    },
  });
  await service.ready;
  const measure = startMeasuring(service.readModels.stores);
  await ended;
  while (service.observer.counts.events < events) await new Promise((resolve) => setTimeout(resolve, 2));
  const committedSeconds = measure.seconds();
  // What a window keyed by another field derives is an event's doing too.
  while (!haveCaughtUp(exchanges) || service.readModels.lag() > 0)
    await new Promise((resolve) => setTimeout(resolve, 2));
  const figures = measure.end(events, committedSeconds, latenciesMs);
  const [rows] = await service.readModels.stores.of('duckdb').read({ kind: 'query', sql: ROWS_SQL });
  await service.stop();
  return { ...figures, rows: { ...rows } };
}

export async function measureReplay(): Promise<PathFigures> {
  const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['sqlite', 'duckdb']));
  const measure = startMeasuring(offline.target.stores);
  const [, logs] = await Promise.all([offline.catchUp(), offline.rederive()]);
  if (logs.some(({ differences }) => differences > 0)) throw new Error('The replay derived other events');
  const seconds = measure.seconds();
  const [rows] = await offline.query('duckdb', ROWS_SQL);
  const figures = measure.end(Number(rows?.transactions ?? 0), seconds, []);
  await offline.close();
  return { ...figures, rows: { ...rows } };
}

/** Of this process and that of the read models. */
function startMeasuring({ usage }: Pick<Stores, 'usage'>) {
  const before = usage();
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  let peakRss = 0;
  const timer = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss() + usage().rssBytes);
  }, 50);
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  return {
    seconds,
    end(events: number, committedSeconds: number, latenciesMs: number[]): Omit<PathFigures, 'rows'> {
      const wall = seconds();
      const own = process.cpuUsage(cpu);
      const cpuMicros = own.user + own.system + usage().cpuMicros - before.cpuMicros;
      clearInterval(timer);
      latenciesMs.sort((a, b) => a - b);
      const at = (share: number): number | null => latenciesMs[Math.floor(latenciesMs.length * share)] ?? null;
      return {
        events,
        eventsPerSecond: events / wall,
        eventsPerCoreSecond: events / (cpuMicros / 1e6),
        committedPerSecond: events / committedSeconds,
        alertP50Ms: at(0.5),
        alertP99Ms: at(0.99),
        loopDelayP99Ms: Math.max(0, loop.percentile(99) / 1e6 - LOOP_RESOLUTION_MS),
        peakRssMiB: peakRss / 1024 ** 2,
      };
    },
  };
}
