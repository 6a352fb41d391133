/**
 * A window keyed by another field than its stream's, on a stream of four partitions: from batches in memory to the results'
 * durable commits, with and without threads. `npm run bench -- exchange`.
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
  readonly threads: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Over user and system CPU time, without that of the read models. */
  readonly eventsPerCoreSecond: number;
}

const STREAM = 'payments';
const PARTITIONS = 4;
const PIPELINE = `
streams:
  ${STREAM}: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: ${PARTITIONS}, watermark: { outOfOrderness: 5s } }
windows:
  terminals: { stream: ${STREAM}, key: terminalId, window: { tumbling: 1d }, aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) } }
`;

export async function runExchange(events: number): Promise<ExchangeFigures[]> {
  const batches = makeBatches(events, PARTITIONS);
  const figures: ExchangeFigures[] = [];
  for (const threads of [0, 2]) figures.push(await measure(batches, events, threads));
  return figures;
}

async function measure(batches: readonly MadeBatch[], events: number, threads: number): Promise<ExchangeFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, PIPELINE);
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
