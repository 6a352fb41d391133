/** One process of the service, from its start on what the disk holds to its end, wanted or not. */

import { createView, type ServedView } from '../../src/api/view.ts';
import type { Config } from '../../src/config/config.ts';
import { JournalError } from '../../src/journal/error.ts';
import type { Logger } from '../../src/logger.ts';
import { readSqliteOffsets } from '../../src/projections/sqlite-offsets.ts';
import { jobChildren } from '../../src/service/jobs.ts';
import type { Platform } from '../../src/service/platform.ts';
import { sinkChildren } from '../../src/service/sinks.ts';
import { sourceChild } from '../../src/service/source-child.ts';
import { type Service, startService } from '../../src/service.ts';
import { createBodyParser } from '../../src/workers/body-parser.ts';
import { createDisk } from './disk.ts';
import { createFeed } from './feed.ts';
import type { Hangs } from './hang.ts';
import type { Input } from './input.ts';
import { createNetwork } from './network.ts';
import type { Oracle } from './oracle.ts';
import type { Plan } from './plan.ts';
import type { Bug } from './planted.ts';
import { PAYMENTS } from './scenario.ts';
import type { Owner, Task } from './scheduler.ts';
import { createStores, type SimulatedStores, type StoreFiles } from './stores.ts';
import { type SimulatedThreads, simulateThreads } from './threads.ts';
import type { World } from './world.ts';

export interface Process {
  readonly owner: Owner;
  /** Null until it has opened its data. */
  service(): Service | null;
  /** What its HTTP side has of it; null as long as there is no service. */
  view(): ServedView | null;
  /** Null while it lives. */
  ended(): Ending | null;
  /** Asks for an orderly end. */
  stop(): void;
  /** Ends it at once, as kill -9 does. */
  kill(): void;
  /** Ends one of its threads, if it has any. */
  endThread(): void;
}

export type Ending =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'killed' }
  /** Exit code 1. */
  | { readonly kind: 'failed'; readonly error: Error };

export interface ProcessOptions {
  readonly world: World;
  readonly plan: Plan;
  readonly config: Config;
  readonly input: Input;
  readonly oracle: Oracle;
  readonly files: StoreFiles;
  readonly hangs: Hangs;
  readonly generation: number;
  readonly bug: Bug;
}

export function startProcess(options: ProcessOptions): Process {
  const { world, plan, input, oracle, files, hangs, generation, bug } = options;
  const { scheduler, trace } = world;
  const owner: Owner = { name: `process ${generation}`, alive: true };
  const config = { ...options.config, dataDir: `/process-${generation}` };
  const { platform: intact, stores, threads } = createPlatform(world, owner, config.dataDir, { files, oracle, hangs });
  const platform = bug.platform?.(intact) ?? intact;
  let service: Service | null = null;
  let view: ServedView | null = null;
  let ended: Ending | null = null;
  let stopping = false;

  function end(ending: Ending): void {
    if (ended !== null) return;
    ended = ending;
    trace.note(`${owner.name} ${ending.kind}${ending.kind === 'failed' ? `: ${ending.error.message}` : ''}`);
    scheduler.kill(owner);
    stores()?.drop();
  }
  function stop(reason: Ending): void {
    if (stopping || service === null || view === null) return;
    stopping = true;
    stopInOrder(service, view).then(
      () => end(reason),
      (error: Error) => end({ kind: 'failed', error }),
    );
  }

  trace.note(`${owner.name} starts`);
  startService({
    config,
    logger: silentLogger(world),
    version: 'simulated',
    platform,
    assigned: new Set([PAYMENTS]),
    attach(core) {
      bug.core?.(core);
      const payments = core.pipeline.streams.get(PAYMENTS);
      if (payments === undefined) throw new Error('The scenario has no payments');
      const feed = createFeed({ world, plan, input, oracle, sleep: platform.sleep });
      const source = sourceChild(feed, payments.intake, payments.units);
      for (const { log } of core.pipeline.units) {
        oracle.recovered(log.name, log.durableOffset());
        log.onDurable((offset) => oracle.durable(log.name, offset));
      }
      return [...sinkChildren(core), ...jobChildren(core), source.spec];
    },
  }).then(
    (started) => {
      service = started;
      view = createView(started);
      void started.failed.then((error) => stop({ kind: 'failed', error }));
    },
    (error: Error) => {
      if (error instanceof JournalError && error.kind === 'corrupt')
        world.broken('what is intact is not refused', error.message);
      end({ kind: 'failed', error });
    },
  );

  return {
    owner,
    service: () => service,
    view: () => view,
    ended: () => ended,
    stop: () => stop({ kind: 'stopped' }),
    kill: () => end({ kind: 'killed' }),
    endThread: () => threads()?.endOne(),
  };
}

/** As `millrace start` does it. */
async function stopInOrder(service: Service, view: ServedView): Promise<void> {
  await view.close();
  await service.stop();
}

function createPlatform(
  world: World,
  owner: Owner,
  dataDir: string,
  { files, oracle, hangs }: Pick<ProcessOptions, 'files' | 'oracle' | 'hangs'>,
): {
  readonly platform: Platform;
  readonly stores: () => SimulatedStores | null;
  readonly threads: () => SimulatedThreads | null;
} {
  const { scheduler } = world;
  const random = world.random('process');
  const disk = createDisk(world, owner, dataDir);
  let stores: SimulatedStores | null = null;
  let threads: SimulatedThreads | null = null;
  const timers = new Map<number, { cancel(): void }>();
  let nextTimer = 1;
  const noProcess = async (): Promise<never> => {
    throw new Error('No step of a simulation has a process');
  };
  const platform: Platform = {
    nowMs: () => scheduler.nowMs() + world.faults.clockOffsetMs,
    random: () => random.uniform(),
    clock: {
      setTimeout(callback, delayMs) {
        const id = nextTimer++;
        const run = (): void => {
          timers.delete(id);
          callback();
        };
        timers.set(id, scheduler.schedule({ owner, delayMs, label: 'timer', run }));
        return id;
      },
      clearTimeout(id) {
        if (typeof id !== 'number') return;
        timers.get(id)?.cancel();
        timers.delete(id);
      },
    },
    later: (callback) => void scheduler.schedule({ owner, delayMs: 0, label: 'later', run: callback }),
    every(periodMs, callback) {
      let task = again();
      function again(): Task {
        return scheduler.schedule({ owner, delayMs: periodMs, label: 'period', run });
      }
      function run(): void {
        task = again();
        callback();
      }
      return () => task.cancel();
    },
    sleep(ms, signal) {
      if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          task.cancel();
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const task = scheduler.schedule({ owner, delayMs: ms, label: 'sleep', run: done });
        signal?.addEventListener('abort', done, { once: true });
      });
    },
    disk,
    http: createNetwork(world, owner, ({ alertId, key }) => {
      world.trace.note(`webhook ${alertId}`);
      oracle.operations.received(alertId);
      if (!oracle.alerts.has(alertId)) world.broken('an alert leaves after its commit is durable', alertId);
      if (key !== alertId) world.broken('an alert keeps its idempotency key', `${alertId} came as ${key}`);
    }),
    processes: {
      runModule: noProcess,
      runCommand: noProcess,
      runOwn: noProcess,
    },
    startStores() {
      stores = createStores(world, owner, files, { fs: disk.syncFs, oracle });
      return stores;
    },
    startPartitionThreads(count, stuckAfterMs) {
      const { later } = platform;
      threads = simulateThreads(world, owner, count, stuckAfterMs, { syncFs: disk.syncFs, hangs, later });
      return threads;
    },
    startBodies: () => ({
      parse: async ({ shape, body }) => createBodyParser(shape).parse(body),
      close: async () => {},
    }),
    projectedOffsets: () => readSqliteOffsets(files.sqliteFile),
    diskSpace: () => null,
    createMetrics: () => NO_METRICS,
    monitorLoopDelay: () => ({ p99Ms: () => 0, reset: () => {} }),
  };
  return { platform, stores: () => stores, threads: () => threads };
}

const NO_METRICS: ReturnType<Platform['createMetrics']> = {
  add: () => {},
  observe: () => {},
  onCollect: () => {},
  text: async () => ({ contentType: '', body: '' }),
};

function silentLogger({ trace }: World): Logger {
  const note = (fields: object, message: string): void => trace.note(`log ${message} ${JSON.stringify(fields)}`);
  return { debug: note, info: note, warn: note, error: note };
}
