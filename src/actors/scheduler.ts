/**
 * Scheduler: decides which runs are due, and alone records the fate of each run.
 *
 *   recovering ──► running { deciding ──► recording ──► deciding … ──► waiting ──► deciding }
 *        │                          └── DRAIN ──► stopping { closing ──► recording ──► closing … ──► awaiting }
 *        └── DRAIN ──► stopped ◄──────────────────────────────────────────────┘
 *
 * A run starts only after its `queued` event is durable, and its worker's failure is recorded here, never by the
 * worker. Orphans of the last process are queued again, within their retries. The wall clock comes from a port and
 * timers from the actor's clock; each decision that they cause is an event.
 */
import { assign, fromPromise, setup } from 'xstate';
import {
  dueRuns,
  jobsAhead,
  nextToStart,
  type RunReport,
  reportedRun,
  type ScheduledJob,
  sleepMs,
  triggeredRun,
} from '../jobs/plan.ts';
import { adoptOrphans, applyRunChanged, isTerminal, jobRuns, NO_RUNS, type Runs } from '../jobs/runs.ts';
import type { RunChanged } from '../messages/operations.ts';

export interface SchedulerPorts {
  nowMs(): number;
  /** Calls `fold` for each RunChanged of the log, in order. */
  replay(fold: (event: RunChanged) => void): Promise<void>;
  /** Resolves once the event is durable. */
  record(event: RunChanged): Promise<void>;
  /** Hands a run to the job's worker, which answers with REPORTED. */
  start(run: RunChanged): void;
  /** Tells an operator of something that changed nothing. */
  warn(message: string): void;
}

interface SchedulerInput {
  readonly ports: SchedulerPorts;
  readonly jobs: readonly ScheduledJob[];
}

export type SchedulerEvent =
  | { readonly type: 'TRIGGER'; readonly job: string }
  | { readonly type: 'REPORTED'; readonly report: RunReport }
  /** The worker of a job died; its supervisor says so. */
  | { readonly type: 'WORKER_FAILED'; readonly job: string; readonly error: string }
  | { readonly type: 'DRAIN' };

interface SchedulerContext extends SchedulerInput {
  readonly runs: Runs;
  /** Events that are not durable yet, in order. Bounded by the few that one run a job can cause. */
  readonly outbox: readonly RunChanged[];
  /** The run id that each busy job's worker has. */
  readonly active: ReadonlyMap<string, string>;
  /** Runs that this step hands out. */
  readonly starting: readonly RunChanged[];
  /** The time at which due runs were last looked for. */
  readonly decidedAt: number;
  /** Jobs with runs in the future, of which an operator was told. */
  readonly ahead: readonly string[];
  readonly draining: boolean;
}

function retriesOf(jobs: readonly ScheduledJob[], job: string): number | null {
  return jobs.find(({ name }) => name === job)?.retries ?? null;
}

/** The runs as they will be once everything in the outbox is durable. */
function foreseen(context: SchedulerContext): Runs {
  return context.outbox.reduce(applyRunChanged, context.runs);
}

function post(context: SchedulerContext, events: readonly RunChanged[]): Pick<SchedulerContext, 'outbox'> {
  return { outbox: [...context.outbox, ...events] };
}

const scheduler = setup({
  types: { context: {} as SchedulerContext, input: {} as SchedulerInput, events: {} as SchedulerEvent },
  actors: {
    replay: fromPromise<Runs, SchedulerPorts>(async ({ input }) => {
      let runs = NO_RUNS;
      await input.replay((event) => {
        runs = applyRunChanged(runs, event);
      });
      return runs;
    }),
    record: fromPromise<void, { ports: SchedulerPorts; event: RunChanged | undefined }>(async ({ input }) => {
      if (input.event !== undefined) await input.ports.record(input.event);
    }),
  },
  actions: {
    adopt: assign(({ context }, { runs }: { runs: Runs }) => ({
      runs,
      outbox: [...adoptOrphans(runs, (job) => retriesOf(context.jobs, job), context.ports.nowMs()), ...context.outbox],
    })),
    planDue: assign(({ context }) => {
      const runs = foreseen(context);
      const isFree = (job: string) => jobRuns(runs, job).open.size === 0;
      const decidedAt = context.ports.nowMs();
      return { ...post(context, dueRuns(context.jobs, runs, isFree, decidedAt)), decidedAt };
    }),
    noteClock: assign(({ context }) => {
      const { ahead, decidedAt, jobs, ports } = context;
      const now = jobsAhead(jobs, foreseen(context), decidedAt);
      const told = now.filter((job) => !ahead.includes(job));
      if (told.length > 0) {
        ports.warn(
          `The clock says ${new Date(decidedAt).toISOString()}, which is before runs of ${told.join(', ')} that are known: ` +
            'it was ahead and was set back. The schedule goes on by the clock as it is now.',
        );
      }
      return { ahead: now };
    }),
    pickStarting: assign(({ context }) => {
      const after = foreseen(context);
      const starting = context.jobs.flatMap(({ name }) => {
        if (context.active.has(name)) return [];
        const run = nextToStart(context.runs, name);
        // An older run may be about to wait again.
        return run !== null && nextToStart(after, name)?.runId === run.runId ? [run] : [];
      });
      return {
        starting,
        active: new Map([...context.active, ...starting.map((run) => [run.job, run.runId] as const)]),
      };
    }),
    startPicked: ({ context }) => {
      for (const run of context.starting) context.ports.start(run);
    },
    cancelQueued: assign(({ context }) => {
      const open = [...foreseen(context).values()].flatMap((job) => [...job.open.values()]);
      const changedAt = context.ports.nowMs();
      const message = 'The service stopped before this run began';
      const cancelled = open
        .filter((run) => context.active.get(run.job) !== run.runId)
        .map((run): RunChanged => ({ ...run, state: 'cancelled', changedAt, message }));
      return post(context, cancelled);
    }),
    settleRecorded: assign(({ context }) => {
      const [event, ...outbox] = context.outbox;
      if (event === undefined) return {};
      const active = new Map(context.active);
      if (isTerminal(event.state) && active.get(event.job) === event.runId) active.delete(event.job);
      return { runs: applyRunChanged(context.runs, event), outbox, active };
    }),
    trigger: assign(({ context }, { job }: { job: string }) => {
      const planned = context.jobs.find(({ name }) => name === job);
      if (planned === undefined || context.draining) return {};
      const run = triggeredRun(planned, foreseen(context), context.ports.nowMs());
      return run === null ? {} : post(context, [run]);
    }),
    warnRefusedTrigger: ({ context }, { job }: { job: string }) => {
      const known = context.jobs.map(({ name }) => name);
      if (!known.includes(job)) {
        context.ports.warn(`No job is named "${job}", so it was not triggered. Jobs: ${known.join(', ')}`);
      } else if (context.draining) {
        context.ports.warn(`The service is stopping, so "${job}" was not triggered`);
      }
    },
    takeReport: assign(({ context }, { report }: { report: RunReport }) => {
      const run = reportedRun(foreseen(context), report, context.ports.nowMs());
      return run === null || context.active.get(run.job) !== run.runId ? {} : post(context, [run]);
    }),
    warnStrayReport: ({ context }, { report }: { report: RunReport }) => {
      const { job, runId, state } = report;
      if (jobRuns(foreseen(context), job).open.has(runId) && context.active.get(job) === runId) return;
      context.ports.warn(`Run ${runId} was reported as ${state}, but it is over; the report was not recorded`);
    },
    failActive: assign(({ context }, { job, error }: { job: string; error: string }) => {
      const run = jobRuns(foreseen(context), job).open.get(context.active.get(job) ?? '');
      if (run === undefined) return {};
      const changedAt = context.ports.nowMs();
      return post(context, [{ ...run, state: 'failed', changedAt, message: `Its worker failed: ${error}` }]);
    }),
    beginDraining: assign({ draining: true }),
  },
  guards: {
    isDraining: ({ context }) => context.draining,
    hasUnrecorded: ({ context }) => context.outbox.length > 0,
    isQuiet: ({ context }) => context.active.size === 0,
  },
  delays: { sleep: ({ context }) => sleepMs(context.jobs, context.decidedAt, context.ports.nowMs()) },
});

export const schedulerMachine = scheduler.createMachine({
  id: 'scheduler',
  context: ({ input }) => ({
    ...input,
    runs: NO_RUNS,
    outbox: [],
    active: new Map(),
    starting: [],
    decidedAt: 0,
    ahead: [],
    draining: false,
  }),
  initial: 'recovering',
  on: {
    TRIGGER: {
      actions: [
        { type: 'warnRefusedTrigger', params: ({ event }) => ({ job: event.job }) },
        { type: 'trigger', params: ({ event }) => ({ job: event.job }) },
      ],
    },
    REPORTED: {
      actions: [
        { type: 'warnStrayReport', params: ({ event }) => ({ report: event.report }) },
        { type: 'takeReport', params: ({ event }) => ({ report: event.report }) },
      ],
    },
    WORKER_FAILED: {
      actions: { type: 'failActive', params: ({ event }) => ({ job: event.job, error: event.error }) },
    },
  },
  states: {
    recovering: {
      invoke: {
        src: 'replay',
        input: ({ context }) => context.ports,
        onDone: {
          target: 'running',
          actions: { type: 'adopt', params: ({ event }) => ({ runs: event.output }) },
        },
      },
      on: { DRAIN: 'stopped' },
    },
    running: {
      initial: 'deciding',
      states: {
        deciding: {
          entry: ['planDue', 'noteClock', 'pickStarting', 'startPicked'],
          always: [{ guard: 'hasUnrecorded', target: 'recording' }, { target: 'waiting' }],
        },
        recording: {
          invoke: {
            src: 'record',
            input: ({ context }) => ({ ports: context.ports, event: context.outbox[0] }),
            onDone: [
              { guard: 'isDraining', target: '#scheduler.stopping', actions: 'settleRecorded' },
              { target: 'deciding', actions: 'settleRecorded' },
            ],
          },
          // The event under way is recorded once: leaving now would record it again.
          on: { DRAIN: { actions: 'beginDraining' } },
        },
        waiting: {
          always: { guard: 'hasUnrecorded', target: 'recording' },
          after: { sleep: 'deciding' },
          on: { DRAIN: { target: '#scheduler.stopping', actions: 'beginDraining' } },
        },
      },
    },
    stopping: {
      initial: 'closing',
      states: {
        closing: {
          entry: 'cancelQueued',
          always: [
            { guard: 'hasUnrecorded', target: 'recording' },
            { guard: 'isQuiet', target: '#scheduler.stopped' },
            { target: 'awaiting' },
          ],
        },
        recording: {
          invoke: {
            src: 'record',
            input: ({ context }) => ({ ports: context.ports, event: context.outbox[0] }),
            onDone: { target: 'closing', actions: 'settleRecorded' },
          },
        },
        awaiting: {
          always: { guard: 'hasUnrecorded', target: 'recording' },
        },
      },
    },
    stopped: { type: 'final' },
  },
});
