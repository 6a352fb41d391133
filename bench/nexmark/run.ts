/**
 * One run of one query of the Nexmark benchmark: its pipeline file as a service runs it, journal on, every commit synced.
 * The read models are off, as the published runs write their results to a sink that drops them: what is derived is in
 * the journal. Events are Avro blocks before the clock starts. All events of the generator go through the engine, as
 * there, also those of streams that the query does not read.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../dist/config/config.js';
import { loadConfig } from '../../dist/config/load.js';
import { createLogger } from '../../dist/logger.js';
import type { Block } from '../../dist/messages/block.js';
import { type DynamicEvent, dynamicEventType } from '../../dist/messages/codec.js';
import { nodePlatform, type Platform } from '../../dist/service/platform.js';
import { sourceChild } from '../../dist/service/source-child.js';
import { startService } from '../../dist/service.js';
import type { Source } from '../../dist/sources/source.js';
import { storesOf } from '../../src/workers/all-stores.ts';
import { nexmarkEvents } from './generator.ts';

/** As many events of a stream as a batch has at most. */
const BATCH = 4096;
const STREAMS = ['bids', 'auctions', 'persons'] as const;

export interface NexmarkBatch {
  readonly stream: string;
  /** The source's position after it. */
  readonly next: number;
  readonly block: Block;
}

export interface NexmarkRun {
  /** Over user and system CPU time of the whole process. */
  readonly eventsPerCoreSecond: number;
  /** Until every commit is durable. */
  readonly eventsPerSecond: number;
  readonly results: number;
}

function queryConfig(query: string): Config {
  return loadConfig(fileURLToPath(new URL(`./${query}.yaml`, import.meta.url)), {});
}

/** In the order of their last events. */
export function makeBatches(events: number, seed: number): NexmarkBatch[] {
  const { streams } = queryConfig('q12');
  const types = new Map(streams.map(({ name, schema }) => [name, dynamicEventType(schema)]));
  const waiting = new Map<string, DynamicEvent[]>(STREAMS.map((stream) => [stream, []]));
  const made = new Map<string, number>();
  const batches: NexmarkBatch[] = [];
  const close = (stream: string): void => {
    const own = waiting.get(stream) ?? [];
    const type = types.get(stream);
    if (type === undefined || own.length === 0) return;
    const next = (made.get(stream) ?? 0) + own.length;
    made.set(stream, next);
    batches.push({ stream, next, block: type.encodeBlock(own) });
    own.length = 0;
  };
  for (const { stream, event } of nexmarkEvents(events, seed)) {
    const own = waiting.get(stream) ?? [];
    if (own.push({ ...event }) === BATCH) close(stream);
  }
  for (const stream of STREAMS) close(stream);
  return batches;
}

export async function runQuery(query: string, events: number, batches: readonly NexmarkBatch[]): Promise<NexmarkRun> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'));
  const config = { ...queryConfig(query), dataDir, sinks: [], jobs: [] };
  let start = (): void => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  let ended = Promise.resolve();
  const service = await startService({
    config,
    logger: createLogger('error'),
    version: 'bench',
    platform: WITHOUT_STORES,
    attach: ({ pipeline }) => {
      const intakes = new Map([...pipeline.streams].map(([name, { intake }]) => [name, intake]));
      const source: Source = {
        name: 'bench',
        async run() {
          await started;
          for (const { stream, next, block } of batches) {
            await intakes.get(stream)?.deliver(0, { source: 'bench', next, blocks: [block] });
          }
        },
      };
      const units = [...pipeline.streams.values()].flatMap((stream) => stream.units);
      const child = sourceChild(source, intakes.get('bids')!, units);
      ended = child.ended;
      return [child.spec];
    },
  });
  try {
    await service.ready;
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    start();
    await ended;
    await service.settled();
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - startedAt) / 1000;
    if (service.observer.counts.events < events) throw new Error(`${query} has not committed every event`);
    return {
      eventsPerCoreSecond: events / ((user + system) / 1e6),
      eventsPerSecond: events / seconds,
      results: service.observer.counts.windows,
    };
  } finally {
    await service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The stores never come to be open, so nothing is projected, and the service runs on without them. */
const WITHOUT_STORES: Platform = {
  ...nodePlatform,
  startStores: () => storesOf([]),
};
