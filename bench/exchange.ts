/**
 * Windows that span the four partitions of their stream, keyed by another field or by none: from batches in memory to the
 * results' durable commits, with and without threads. `npm run bench -- exchange`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../dist/config/load.js';
import { createLogger } from '../dist/logger.js';
import { sourceChild } from '../dist/service/source-child.js';
import { startService } from '../dist/service.js';
import type { Source } from '../dist/sources/source.js';
import { type MadeBatch, makeBatches } from './batches.ts';

export interface ExchangeFigures {
  readonly window: string;
  readonly threads: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Over user and system CPU time. There are no read models. */
  readonly eventsPerCoreSecond: number;
}

const STREAM = 'payments';
const PARTITIONS = 4;
const PIPELINE = `
streams:
  ${STREAM}: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: ${PARTITIONS}, watermark: { outOfOrderness: 5s } }
stores: { sqlite: false, duckdb: false }
windows:
`;
const AGGREGATE = 'aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }';
/** There are about 7 events a minute, and 10,000 a day. */
const WINDOWS = [
  { window: 'a day by terminal', of: 'key: terminalId, window: { tumbling: 1d }' },
  { window: 'a minute of all', of: 'key: null, window: { tumbling: 1m }' },
  { window: 'a day of all', of: 'key: null, window: { tumbling: 1d }' },
];

export async function runExchange(events: number): Promise<ExchangeFigures[]> {
  const batches = makeBatches(events, PARTITIONS);
  const figures: ExchangeFigures[] = [];
  for (const { window, of } of WINDOWS) {
    const pipeline = `${PIPELINE}  w: { stream: ${STREAM}, ${of}, ${AGGREGATE} }\n`;
    for (const threads of [0, 2]) figures.push({ window, ...(await measure(batches, pipeline, events, threads)) });
  }
  return figures;
}

async function measure(
  batches: readonly MadeBatch[],
  pipeline: string,
  events: number,
  threads: number,
): Promise<Omit<ExchangeFigures, 'window'>> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, pipeline);
  const loaded = loadConfig(file, {});
  const config = { ...loaded, dataDir: join(directory, 'data'), runtime: { ...loaded.runtime, threads } };
  const source: Source = {
    name: 'bench',
    async run(intake) {
      for (const { partition, block, next } of batches) {
        // Of a batch that goes to a thread the memory goes along.
        const own = { ...block, bytes: new Uint8Array(block.bytes) };
        await intake.deliver(partition, { source: 'bench', next, blocks: [own] });
      }
    },
  };
  let ended = Promise.resolve();
  const service = await startService({
    config,
    logger: createLogger('error'),
    version: 'bench',
    attach: ({ pipeline }) => {
      const stream = pipeline.streams.get(STREAM);
      if (stream === undefined) throw new Error(`${STREAM} is not in the configuration`);
      const child = sourceChild(source, stream.intake, stream.units);
      ended = child.ended;
      return [child.spec];
    },
  });
  await service.ready;
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await ended;
  await service.settled();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await service.kill();
  rmSync(directory, { recursive: true });
  return {
    threads,
    events,
    eventsPerSecond: Math.round(events / seconds),
    eventsPerCoreSecond: Math.round(events / ((user + system) / 1e6)),
  };
}
