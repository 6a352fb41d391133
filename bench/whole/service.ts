/** A service that a benchmark feeds: all of it, as built, with a source that gives what it is told. */
import type { Config } from '../../dist/config/config.js';
import { createLogger } from '../../dist/logger.js';
import { haveCaughtUp } from '../../dist/service/exchange.js';
import { flushStreams } from '../../dist/service/flush.js';
import { sourceChild } from '../../dist/service/source-child.js';
import { startService } from '../../dist/service.js';
import type { Intake, Source } from '../../dist/sources/source.js';
import type { Stores } from '../../dist/workers/all-stores.js';
import type { MadeBatch } from '../batches.ts';
import { numbersOf, rowsSql } from './rows.ts';

export interface Fed {
  readonly stores: Stores;
  /** Of each batch, from when it was handed over, or was due, to its durable commit. */
  readonly latenciesMs: number[];
  /** Resolves once all were taken. `dueAt`: by the process's clock; a batch is not given before. */
  give(batches: readonly MadeBatch[], dueAt?: (batch: MadeBatch) => number): Promise<void>;
  events(): number;
  /** Resolves once everything given is durable, with all that it causes, and in every store. */
  settled(): Promise<void>;
  /** What there is in the end, once open windows and sessions are given. */
  flushedCounts(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const STREAM = 'payments.transactions';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function feed(config: Config): Promise<Fed> {
  let given = 0;
  let intake: Intake | null = null;
  const latenciesMs: number[] = [];
  const source: Source = {
    name: 'bench',
    run(own, signal) {
      intake = own;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
  const service = await startService({
    config,
    logger: createLogger('error'),
    version: 'bench',
    attach: ({ pipeline }) => {
      const stream = pipeline.streams.get(STREAM);
      if (stream === undefined) throw new Error(`${STREAM} is not in the configuration`);
      return [sourceChild(source, stream.intake, stream.units).spec];
    },
  });
  await service.ready;
  const { pipeline, readModels, observer } = service;
  while (intake === null) await sleep(1);
  const taken: Intake = intake;

  async function settled(): Promise<void> {
    while (observer.counts.events < given) await sleep(2);
    await service.settled();
    while (!haveCaughtUp(pipeline.exchanges) || readModels.lag() > 0) await sleep(2);
  }

  return {
    stores: readModels.stores,
    latenciesMs,
    async give(batches, dueAt) {
      for (const batch of batches) {
        const { partition, block, next, events } = batch;
        const due = dueAt?.(batch) ?? performance.now();
        const early = due - performance.now();
        if (early > 1) await sleep(early);
        const onDurable = (): void => void latenciesMs.push(performance.now() - due);
        given += events;
        // Of a batch that goes to a thread the memory goes along.
        const own = config.runtime.threads === 0 ? block : { ...block, bytes: new Uint8Array(block.bytes) };
        await taken.deliver(partition, { source: 'bench', next, blocks: [own], onDurable });
      }
    },
    events: () => given,
    settled,
    async flushedCounts() {
      await settled();
      await flushStreams(pipeline.streams.values());
      await settled();
      const { events, windows, counted } = observer.counts;
      const own = { events, windows, ...Object.fromEntries(counted) };
      if (readModels.lanes.length === 0) return own;
      const [rows = {}] = await readModels.stores.of('duckdb').read({ kind: 'query', sql: rowsSql(config) });
      return { ...own, ...numbersOf(rows) };
    },
    stop: () => service.stop(),
    kill: () => service.kill(),
  };
}
