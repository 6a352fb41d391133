/** The scheduler, the runs that it begins, and the servers on loopback that some of their steps work with. */
import { type SchedulerEvent, schedulerMachine } from '../actors/scheduler.ts';
import { startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { JobConfig } from '../config/sections/jobs.ts';
import type { CommandAnswer, JobCommand } from '../jobs/commands.ts';
import { hasClock, type Trigger } from '../jobs/job.ts';
import { createPlanner, plannedJob } from '../jobs/planner.ts';
import { type JobEvent, type JobsState, noJobs, runsOf } from '../jobs/runs.ts';
import { formatDuration } from '../keys/units.ts';
import type { RunChanged } from '../messages/operations.ts';
import { backfillChangedType, jobPausedType, runChangedType, stepChangedType } from '../messages/types.ts';
import type { Row } from '../projections/store.ts';
import type { ServiceCore } from '../service.ts';
import type { Batch } from '../sources/source.ts';
import { watchJobs } from './job-alerts.ts';
import { createJobAttempts } from './job-attempts.ts';
import type { JobStanding } from './job-desk.ts';
import { watchFiles } from './job-files.ts';
import { openSteps, type ServerUrls, serverOf } from './job-steps.ts';
import { NO_WINDOWS, watchWindows } from './job-windows.ts';
import { allReady } from './partition-unit.ts';

/** With `bySchedule: false` the clock starts no runs; only runs that people ask for begin. */
export function jobChildren(core: ServiceCore, { bySchedule } = { bySchedule: true }): ChildSpec[] {
  const { jobs, pools } = core.config;
  if (jobs.length === 0) return [];
  const serverUrls: ServerUrls = new Map();
  const steps = openSteps(core, serverUrls);
  /** Sends an event to the scheduler that runs now. */
  let send = (_: SchedulerEvent): void => {};
  const look = (): void => send({ type: 'LOOK' });
  const windows = bySchedule ? watchWindows(core, jobs, look) : NO_WINDOWS;
  const planner = createPlanner(jobs.map(plannedJob), pools, core.supervision.nowMs(), bySchedule, windows.of);
  core.jobTables.onPublished((publication) => send({ type: 'PUBLISHED', publication }));
  const { clock, nowMs } = core.supervision;
  const attempts = createJobAttempts(core, steps, clock === undefined ? {} : { clock }, (report) =>
    send({ type: 'REPORTED', report }),
  );
  let state: JobsState = noJobs();
  const alerts = watchJobs(core, jobs, () => state);
  const scheduler: ChildSpec = {
    id: 'scheduler',
    kind: 'scheduler',
    async start(context) {
      await allReady(core.pipeline.operations.units, context.signal);
      const actor = startSupervised(
        schedulerMachine,
        {
          planner,
          ports: {
            nowMs,
            async recover() {
              await recorded(core);
              await alerts.recover(context.signal);
              return (await core.operationsSnapshots.state()).jobs;
            },
            async record(events) {
              // Alerts are written before the runs, so that a crash in between loses no alert.
              await alerts.before(events);
              await record(core, events);
            },
            recovered(recoveredState) {
              state = recoveredState;
              core.observer.jobs.recovered(state);
              core.jobs.connect({
                command: (command) => new Promise((reply) => send({ type: 'COMMAND', command, reply })),
                standings: () => jobs.map((job) => standingOf(job, state, nowMs())),
              });
            },
            begin: attempts.begin,
            stop: attempts.stop,
            close: attempts.close,
            warn: (message) => core.logger.warn({}, message),
          },
        },
        context,
      );
      send = actor.send;
      const command = (given: JobCommand) =>
        new Promise<CommandAnswer>((reply) => actor.send({ type: 'COMMAND', command: given, reply }));
      const ends = bySchedule ? [watchFiles(core, jobs, command), alerts.watch(), windows.end] : [];
      const endWatch = (): void => {
        for (const end of ends) end();
      };
      return {
        ...actor.child,
        children: attempts.status,
        async drain() {
          endWatch();
          await actor.child.drain();
          await steps.close();
        },
        kill() {
          endWatch();
          actor.child.kill();
          attempts.kill();
        },
      };
    },
  };
  return [...serverChildren(core, serverUrls), scheduler];
}

/** Pause between two looks at whether the recorded events are durable. */
const RECORDED_MS = 20;

/**
 * Resolves once the events that the scheduler before this one recorded are durable, however long the disk takes. Otherwise
 * they would be decided again, and recorded twice.
 */
async function recorded({ pipeline: { operations, platform } }: ServiceCore): Promise<void> {
  const isOnItsWay = (): boolean =>
    operations.units.some(({ mailbox }) => mailbox.closed() === null && mailbox.depth + mailbox.inFlight > 0);
  while (isOnItsWay()) await platform.sleep(RECORDED_MS);
}

/** Records all events in one batch, which is one commit. */
async function record(core: ServiceCore, events: readonly JobEvent[]): Promise<void> {
  const blocks: Batch['blocks'][number][] = [];
  // Neighbours of one type share a block, and all keep their order.
  let same: JobEvent[] = [];
  const flush = (): void => {
    if (same[0] !== undefined) blocks.push(blockOf(same));
    same = [];
  };
  for (const event of events) {
    if (same[0] !== undefined && same[0].kind !== event.kind) flush();
    same.push(event);
  }
  flush();
  await core.operations.write(0, blocks);
  const runs = events.flatMap(({ kind, event }) => (kind === 'run' ? [runRow(event)] : []));
  if (runs.length > 0) core.observer.publish({ kind: 'run', data: runs });
}

function blockOf(events: readonly JobEvent[]): Batch['blocks'][number] {
  const [first] = events;
  switch (first?.kind) {
    case 'step':
      return stepChangedType.encodeBlock(events.flatMap(({ kind, event }) => (kind === 'step' ? [event] : [])));
    case 'paused':
      return jobPausedType.encodeBlock(events.flatMap(({ kind, event }) => (kind === 'paused' ? [event] : [])));
    case 'backfill':
      return backfillChangedType.encodeBlock(events.flatMap(({ kind, event }) => (kind === 'backfill' ? [event] : [])));
    default:
      return runChangedType.encodeBlock(events.flatMap(({ kind, event }) => (kind === 'run' ? [event] : [])));
  }
}

function serverChildren({ config, supervision }: ServiceCore, serverUrls: ServerUrls): ChildSpec[] {
  const needed = config.jobs.flatMap(({ steps }) => steps.flatMap((step) => serverOf(step) ?? []));
  return [...new Set(needed)].map(({ id, start }) => ({
    id,
    kind: id,
    async start() {
      const server = await start({ nowMs: supervision.nowMs });
      serverUrls.set(id, server.endpoint);
      return { state: () => 'listening', drain: () => server.close(), kill: () => void server.close().catch(() => {}) };
    },
  }));
}

function standingOf(job: JobConfig, state: JobsState, nowMs: number): JobStanding {
  const { name, trigger, params, steps } = job;
  const runs = runsOf(state, name);
  return {
    job: name,
    schedule: triggerText(trigger),
    isPaused: runs.isPaused,
    nextRunAt: runs.isPaused || !hasClock(job) ? null : (plannedJob(job).timetable?.next(nowMs) ?? null),
    openRuns: runs.open.size,
    steps: steps.map(({ name: step, settings, needs }) => ({ name: step, kind: settings.kind, needs })),
    params,
  };
}

function triggerText(trigger: Trigger | null): string {
  switch (trigger?.kind) {
    case 'cron':
      return `cron ${trigger.expression} (${trigger.timeZone})`;
    case 'every':
      return `every ${formatDuration(trigger.everyMs)}`;
    case 'job':
      return `after the job ${trigger.job}`;
    case 'file':
      return `for each file ${trigger.path}`;
    case 'window':
      return `when a window of ${trigger.window} has ended`;
    case 'table':
      return `when ${trigger.table} is published`;
    default:
      return 'by hand';
  }
}

function runRow(event: RunChanged): Row {
  return {
    job: event.job,
    run_id: event.runId,
    interval_start: event.intervalStart,
    interval_end: event.intervalEnd,
    state: event.state,
    attempt: event.attempt,
    changed_at: event.changedAt,
    records: event.records,
    message: event.message,
  };
}
