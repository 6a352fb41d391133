/**
 * The composition root: configuration in, running tree out. The only place where adapters meet actors.
 *
 * Children start as the data flows: partitions, projectors, then their sources and sinks. They stop in reverse, so that
 * everything taken in is committed and projected before the process ends.
 */
import type { RunningChild } from './actors/supervised.ts';
import { type ChildSpec, type RunningSupervisor, type SupervisionPorts, startSupervisor } from './actors/supervisor.ts';
import type { Config } from './config/config.ts';
import { messageOf } from './journal/error.ts';
import type { Logger } from './logger.ts';
import type { ActorChanged } from './messages/operations.ts';
import { actorChangedType } from './messages/types.ts';
import { exchangeChildren, haveCaughtUp } from './service/exchange.ts';
import { createInternalSource, type InternalSource } from './service/intake.ts';
import { createJobDesk, type JobDesk } from './service/job-desk.ts';
import { createJobTables, type JobTables } from './service/job-tables.ts';
import { createObserver, type Observer } from './service/observer.ts';
import { type OperationsSnapshots, openOperationsSnapshots } from './service/operations-state.ts';
import { openPipeline, type Pipeline, ROOT } from './service/pipeline.ts';
import { nodePlatform, type Platform } from './service/platform.ts';
import { projectorChildren } from './service/projectors.ts';
import { createPruning, type Pruning } from './service/pruning.ts';
import { createReadModels, type ReadModels } from './service/read-models.ts';
import { retain } from './service/retain.ts';
import { openSinkPositions, type SinkPositionsLog } from './service/sink-positions.ts';
import { createTiering, type Tiering } from './service/tiering.ts';
import { type TracedCommits, traceCommits } from './service/traced-commits.ts';
import type { Tracing } from './tracing/port.ts';
import { driversOf } from './workers/all-stores.ts';

/** Adds the sources, jobs and sinks of a way of running to the pipeline. */
export type Attach = (core: ServiceCore) => readonly ChildSpec[];

export interface ServiceCore {
  readonly config: Config;
  readonly pipeline: Pipeline;
  readonly readModels: ReadModels;
  readonly jobTables: JobTables;
  readonly observer: Observer;
  readonly sinkPositions: SinkPositionsLog;
  /** What earlier processes left of jobs and suites. */
  readonly operationsSnapshots: OperationsSnapshots;
  readonly pruning: Pruning;
  readonly supervision: SupervisionPorts;
  /** Writes to the service's own stream. */
  readonly operations: InternalSource;
  /** Writes what is raised for people; null where nothing raises anything. */
  readonly alerts: InternalSource | null;
  /** Takes people's commands about jobs. */
  readonly jobs: JobDesk;
  readonly logger: Logger;
  readonly platform: Platform;
  /** Null where nobody traces. */
  readonly tracing: Tracing | null;
  readonly tracedCommits: TracedCommits | null;
}

export interface Service extends ServiceCore {
  readonly root: RunningChild;
  /** Resolves once every partition runs. */
  readonly ready: Promise<void>;
  /** Resolves with the error when the tree has given up, or the journal can't go on. */
  readonly failed: Promise<Error>;
  /** Resolves once everything that was delivered is durable in all logs that it goes to. */
  settled(): Promise<void>;
  /** Commits and projects everything taken in, then closes. */
  stop(): Promise<void>;
  /** Ends at once, as a crash would: nothing is drained, projected or put into a snapshot. */
  kill(): Promise<void>;
}

export interface ServiceOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  readonly attach: Attach;
  readonly platform?: Platform;
  readonly tracing?: Tracing | null;
  /** Whether other partitions go on when one partition's log can't be replayed; else the service fails. */
  readonly goesOnHalted?: boolean;
  /**
   * Streams whose source decides while it runs which partitions it serves, as a consumer group does: these are closed
   * until it opens them.
   */
  readonly assigned?: ReadonlySet<string>;
}

/** Opens the data directory and starts the tree. Throws a JournalError when the directory can't be had. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, logger, version, attach, platform = nodePlatform, goesOnHalted = false } = options;
  const { assigned = new Set<string>(), tracing = null } = options;
  let fail = (_: Error): void => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  let running: Running | null = null;
  let stopping = false;
  let operations: InternalSource | null = null;

  const supervision: SupervisionPorts = {
    policy: config.supervision,
    shutdownMs: config.supervision.shutdownMs,
    ...(platform.clock === undefined ? {} : { clock: platform.clock }),
    nowMs: platform.nowMs,
    random: platform.random,
    record: (change) => {
      logChange(logger, change);
      if (change.change === 'restarting') observer.metrics.add('actor_restarts_total', { actor: kindOf(change.actor) });
      if (stopping || operations === null) return;
      // A change of the operations partition's own actors waits in that partition's mailbox until the partition runs again.
      operations.write(0, [actorChangedType.encodeBlock([change])]).catch(() => {});
    },
  };
  const observer = createObserver(config, version, {
    pipeline: () => running?.pipeline ?? null,
    readModels: () => running?.readModels ?? null,
    tiering: () => running?.tiering ?? null,
    stateOf: (path) => (running === null ? 'starting' : stateAt(running.root, path)),
    platform,
  });

  const pruning = createPruning();
  // Their processes start while the journal is opened.
  const stores = platform.startStores(await driversOf(config.stores.on, config.stores.declared));
  const pipeline = await openPipeline(config, {
    supervision,
    platform,
    children: {
      add: (spec) => running?.root.add(spec) ?? false,
      remove: async (id) => running?.root.remove(id),
    },
    assigned,
    pruning,
    committed: (stream, commit) => observer.committed(stream, commit),
    snapshotSaved: async (name) => {
      if (running !== null) await retain(name, running, config, platform, logger);
    },
    onTorn: (torn) => logger.warn({ ...torn }, 'a torn tail was cut off the log; nothing in it had been acknowledged'),
    onAnew(name, operators) {
      for (const { name: operator, why } of operators) {
        logger.info({ log: name, operator }, `it begins anew, with all that the log has: ${why}`);
      }
    },
    onSnapshotFailed(name, error) {
      logger.warn({ log: name, error: messageOf(error) }, 'a snapshot could not be written; it is tried again later');
    },
    onDivided(name, source, parts) {
      const failing = parts.flatMap((part) => part.failing);
      const [first] = failing;
      if (first === undefined)
        logger.warn({ log: name, source, commits: parts.length }, 'a batch that failed was divided');
      else {
        const words = { log: name, source, events: failing.length, error: first.error };
        logger.error(
          words,
          'events that could not be applied are in quarantine: dead letters of the reason quarantined',
        );
      }
    },
    onHalted(name, reason) {
      logger.error({ log: name }, reason);
      if (!goesOnHalted) fail(new Error(reason));
    },
    onLogState(name, state) {
      if (state.kind === 'failed') fail(state.error);
      if (state.kind === 'stalled') logger.error({ log: name }, state.error.message);
      if (state.kind === 'open') logger.warn({ log: name }, `${name} goes on: the disk takes writes again`);
    },
  }).catch(async (error: unknown) => {
    await stores.close();
    throw error;
  });
  const readModels = createReadModels(config, pipeline.units, stores, platform.nowMs);
  operations = createInternalSource('internal', pipeline.operations.intake);
  const sinkPositions = await openSinkPositions(
    pipeline.journal,
    pipeline.reader,
    config.sinks.map(({ name }) => name),
    pruning,
    platform,
  );
  const operationsSnapshots = await openOperationsSnapshots(pipeline, pruning);
  const operationsFrom = (): number => operationsSnapshots.offset();
  const tiering = createTiering(config, { platform, logger, metrics: observer.metrics, pruning, operationsFrom });
  const jobTables = createJobTables({ config, pipeline, readModels, operations });
  const core: ServiceCore = {
    config,
    pipeline,
    readModels,
    jobTables,
    observer,
    sinkPositions,
    operationsSnapshots,
    pruning,
    supervision,
    operations,
    alerts: pipeline.alerts === null ? null : createInternalSource('internal', pipeline.alerts.intake),
    jobs: createJobDesk(config.jobs.length > 0),
    logger,
    platform,
    tracing,
    tracedCommits: tracing === null ? null : traceCommits(tracing, observer),
  };

  const { startRowPlacer } = platform;
  const startPlacer = startRowPlacer && (() => startRowPlacer(config.supervision.stuckAfterMs));
  const first = pipeline.units.filter(({ door }) => door.isOpen());
  const children = [
    ...first.map(({ spec }) => spec),
    ...projectorChildren(readModels, pipeline.units, { logger, observer, platform }),
    ...exchangeChildren(pipeline.exchanges, { ...pipeline, startPlacer }),
    ...attach(core),
  ];
  const root = startSupervisor(
    { id: ROOT, kind: 'root', parent: '', strategy: 'one_for_one', children, ports: rootSupervision(supervision) },
    { failed: fail, stopped: () => {} },
  );
  running = { pipeline, readModels, sinkPositions, operationsSnapshots, tiering, root };
  const ready = Promise.all(first.map((unit) => Promise.race([unit.ready, unit.halted]))).then(() => {});
  ready
    .then(jobTables.recover)
    .catch((error: Error) => logger.warn({ error: error.message }, 'the job tables could not be opened'));

  async function close(): Promise<void> {
    const reason = new Error('The service is stopping');
    for (const { mailbox } of pipeline.units) {
      mailbox.close(reason);
      mailbox.abandon(reason);
    }
    await Promise.all([readModels.stores.close(), jobTables.close(), tiering?.close()]);
    await pipeline.close();
  }

  return {
    ...core,
    root,
    ready,
    failed,
    async settled() {
      const isIdle = (): boolean =>
        pipeline.units.every(({ mailbox }) => mailbox.depth === 0 && mailbox.inFlight === 0);
      while (!stopping && !(isIdle() && haveCaughtUp(pipeline.exchanges))) await platform.sleep(SETTLING_MS);
    },
    async stop() {
      stopping = true;
      await root.drain();
      await close();
    },
    async kill() {
      stopping = true;
      root.kill();
      await close();
    },
  };
}

interface Running extends Pick<ServiceCore, 'pipeline' | 'readModels' | 'sinkPositions' | 'operationsSnapshots'> {
  readonly tiering: Tiering | null;
  readonly root: RunningSupervisor;
}

/** Pause between two looks at the mailboxes. */
const SETTLING_MS = 1;

/** A child supervisor fails only after a whole period of its own, so the root counts over several such periods. */
const ROOT_PERIODS = 20;

function rootSupervision(ports: SupervisionPorts): SupervisionPorts {
  return { ...ports, policy: { ...ports.policy, periodMs: ports.policy.periodMs * ROOT_PERIODS } };
}

function stateAt(root: RunningChild, path: string): string {
  const find = (children: ReturnType<NonNullable<RunningChild['children']>>): string | null => {
    for (const child of children) {
      if (child.path === `${ROOT}/${path}`) return child.state;
      const below = find(child.children);
      if (below !== null) return below;
    }
    return null;
  };
  return find(root.children?.() ?? []) ?? 'absent';
}

/** The last part of an actor's path without numbers: a label of few values. */
function kindOf(actor: string): string {
  return (actor.split('/').at(-1) ?? actor).replace(/-\d+$/, '');
}

function logChange(logger: Logger, { actor, change, restarts, error }: ActorChanged): void {
  const fields = { actor, restarts, error };
  if (change === 'failed' || change === 'escalated') logger.error(fields, `actor ${change}`);
  else if (change === 'restarting') logger.warn(fields, 'actor restarting');
  else logger.debug(fields, `actor ${change}`);
}
