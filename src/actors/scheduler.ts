/**
 * Scheduler: decides which runs and steps are due, and alone records their fate.
 *
 *   recovering ──► running { deciding ──► recording ──► deciding … ──► waiting ──► deciding }
 *        │                          └── DRAIN ──► stopping { closing ──► recording ──► closing … ──► awaiting }
 *        └── DRAIN ──► stopped ◄──────────────────────────────────────────────┘
 *
 * The decisions of one moment are one batch, which the journal takes as a whole or not at all. An attempt begins, and a
 * person is answered, only once the batch is durable. The scheduler records how an attempt ended; the attempt itself never
 * does. The wall clock comes from a port and timers from the actor's clock; each decision that they cause is an event.
 */
import { assign, fromPromise, setup } from 'xstate';
import { type CommandAnswer, commanded, type JobCommand } from '../jobs/commands.ts';
import type { Planner } from '../jobs/planner.ts';
import { type AttemptReport, adoptOrphans, reported } from '../jobs/reports.ts';
import { applyEvent, isTerminal, type JobEvent, type JobsState, noJobs, type Run, runsOf } from '../jobs/runs.ts';
import type { StepChanged } from '../messages/job-events.ts';
import type { TablePublished } from '../messages/table-facts.ts';

interface SchedulerPorts {
  nowMs(): number;
  /** Resolves with the state that an earlier scheduler left, once all that it recorded is durable. */
  recover(): Promise<JobsState>;
  /** Resolves once all of the events are durable, together. */
  record(events: readonly JobEvent[]): Promise<void>;
  /** Called with the state once it is whole. The scheduler changes it in place from then on. */
  recovered(state: JobsState): void;
  /** Begins an attempt, which answers with REPORTED. */
  begin(run: Run, step: StepChanged): void;
  /** Asks the attempts of a run to stop; each still answers. */
  stop(runId: string, reason: string): void;
  /** The run is over. */
  close(runId: string): void;
  /** Tells a person of something that changed nothing. */
  warn(message: string): void;
}

interface SchedulerInput {
  readonly ports: SchedulerPorts;
  readonly planner: Planner;
}

export type SchedulerEvent =
  | { readonly type: 'COMMAND'; readonly command: JobCommand; reply(answer: CommandAnswer): void }
  | { readonly type: 'REPORTED'; readonly report: AttemptReport }
  /** A job table was published, which the journal has. */
  | { readonly type: 'PUBLISHED'; readonly publication: TablePublished }
  /** Something that jobs wait for beside the clock may have come. */
  | { readonly type: 'LOOK' }
  | { readonly type: 'DRAIN' };

interface SchedulerContext extends SchedulerInput {
  /** The state with all decisions, durable or not; changed in place. */
  readonly state: JobsState;
  /** Events that were decided, and not yet handed to the journal. */
  readonly outbox: readonly JobEvent[];
  /** Events that were handed to the journal and are not durable yet. */
  readonly recording: readonly JobEvent[];
  /** Callbacks that wait until the outbox is durable. Those in `answering` wait until `recording` is. */
  readonly waiting: readonly (() => void)[];
  readonly answering: readonly (() => void)[];
  /** Jobs with runs in the future, of which people were told. */
  readonly ahead: readonly string[];
  readonly draining: boolean;
  /** Publications that came before the state was there. */
  readonly early: readonly TablePublished[];
}

const STOPPING = 'The service stopped';

const scheduler = setup({
  types: { context: {} as SchedulerContext, input: {} as SchedulerInput, events: {} as SchedulerEvent },
  actors: {
    recover: fromPromise<JobsState, SchedulerPorts>(({ input }) => input.recover()),
    record: fromPromise<void, SchedulerContext>(({ input }) => input.ports.record(input.recording)),
  },
  actions: {
    adopt: assign(({ context }, { state }: { state: JobsState }) => {
      const events = adoptOrphans(state, context.planner.jobs, context.ports.nowMs());
      for (const event of events) applyEvent(state, event);
      for (const event of context.early) applyEvent(state, { kind: 'table', event });
      context.ports.recovered(state);
      return { state, outbox: [...events, ...context.outbox] };
    }),
    decide: assign(({ context }) => {
      const events = context.planner.decide(context.state, context.ports.nowMs());
      return events.length === 0 ? {} : { outbox: [...context.outbox, ...events] };
    }),
    noteClock: assign(({ context }) => {
      const { ahead, planner, ports, state } = context;
      const nowMs = ports.nowMs();
      const now = planner.ahead(state, nowMs);
      const told = now.filter((job) => !ahead.includes(job));
      if (told.length > 0) {
        ports.warn(
          `The clock says ${new Date(nowMs).toISOString()}, which is before runs of ${told.join(', ')} that are known: ` +
            'it was ahead and was set back. The schedule goes on by the clock as it is now.',
        );
      }
      return { ahead: now };
    }),
    hand: assign(({ context }) => ({
      outbox: [],
      waiting: [],
      recording: context.outbox,
      answering: context.waiting,
    })),
    carryOut: ({ context: { recording, state, ports, draining, answering } }) => {
      for (const { kind, event } of recording) {
        if (kind === 'step' && event.state === 'running' && !draining) {
          const run = runsOf(state, event.job).open.get(event.runId);
          if (run !== undefined) ports.begin(run, event);
        } else if (kind === 'run' && event.ending !== null) ports.stop(event.runId, event.message ?? event.ending);
        else if (kind === 'run' && isTerminal(event.state)) ports.close(event.runId);
      }
      for (const answer of answering) answer();
    },
    settle: assign({ recording: [], answering: [] }),
    command: assign(({ context }, { command, reply }: { command: JobCommand; reply(answer: CommandAnswer): void }) => {
      const { state, planner, ports } = context;
      const answer: CommandAnswer = context.draining
        ? { kind: 'refused', message: 'the service is stopping' }
        : commanded(state, planner.jobs, command, ports.nowMs());
      if (answer.kind === 'refused' || answer.events.length === 0) {
        reply(answer);
        return {};
      }
      for (const event of answer.events) applyEvent(state, event);
      return {
        outbox: [...context.outbox, ...answer.events],
        waiting: [...context.waiting, () => reply(answer)],
      };
    }),
    refuse: (_, { reply }: { reply(answer: CommandAnswer): void }) =>
      reply({ kind: 'refused', message: 'the service is still starting, or stops; try again' }),
    takeReport: assign(({ context }, { report }: { report: AttemptReport }) => {
      const { state, planner, ports } = context;
      const event = reported(state, planner.jobs, report, ports.nowMs());
      if (event === null) {
        ports.warn(`Attempt ${report.attempt} of ${report.step} of ${report.runId} is over; its end was not recorded`);
        return {};
      }
      applyEvent(state, { kind: 'step', event });
      return { outbox: [...context.outbox, { kind: 'step', event }] };
    }),
    keepPublished: assign(({ context }, { publication }: { publication: TablePublished }) => ({
      early: [...context.early, publication],
    })),
    takePublished: ({ context }, { publication }: { publication: TablePublished }) =>
      applyEvent(context.state, { kind: 'table', event: publication }),
    beginDraining: assign({ draining: true }),
    stopAll: ({ context: { state, ports } }) => {
      for (const { open } of state.jobs.values()) for (const runId of open.keys()) ports.stop(runId, STOPPING);
    },
    /** Attempts that were decided and did not begin are to begin after the next start. */
    callBack: assign(({ context }) => {
      const { state, ports, recording } = context;
      const events = recording.flatMap(({ kind, event }): JobEvent[] => {
        if (kind !== 'step' || event.state !== 'running') return [];
        const back = { ...event, state: 'queued', attempt: event.attempt - 1, changedAt: ports.nowMs() } as const;
        return [{ kind: 'step', event: { ...back, message: STOPPING } }];
      });
      for (const event of events) applyEvent(state, event);
      return events.length === 0 ? {} : { outbox: [...context.outbox, ...events] };
    }),
  },
  guards: {
    isDraining: ({ context }) => context.draining,
    hasUnrecorded: ({ context }) => context.outbox.length > 0,
    isQuiet: ({ context }) => !isAtWork(context.state),
  },
  delays: { sleep: ({ context }) => context.planner.sleepMs(context.state, context.ports.nowMs()) },
});

export const schedulerMachine = scheduler.createMachine({
  id: 'scheduler',
  context: ({ input }) => ({
    ...input,
    state: noJobs(),
    outbox: [],
    recording: [],
    waiting: [],
    answering: [],
    ahead: [],
    draining: false,
    early: [],
  }),
  initial: 'recovering',
  on: {
    COMMAND: {
      actions: { type: 'command', params: ({ event }) => ({ command: event.command, reply: event.reply }) },
    },
    REPORTED: { actions: { type: 'takeReport', params: ({ event }) => ({ report: event.report }) } },
    PUBLISHED: {
      actions: { type: 'takePublished', params: ({ event }) => ({ publication: event.publication }) },
    },
  },
  states: {
    recovering: {
      invoke: {
        src: 'recover',
        input: ({ context }) => context.ports,
        onDone: { target: 'running', actions: { type: 'adopt', params: ({ event }) => ({ state: event.output }) } },
      },
      on: {
        DRAIN: 'stopped',
        COMMAND: { actions: { type: 'refuse', params: ({ event }) => ({ reply: event.reply }) } },
        PUBLISHED: {
          actions: { type: 'keepPublished', params: ({ event }) => ({ publication: event.publication }) },
        },
      },
    },
    running: {
      initial: 'deciding',
      states: {
        deciding: {
          entry: ['decide', 'noteClock'],
          always: [{ guard: 'hasUnrecorded', target: 'recording' }, { target: 'waiting' }],
        },
        recording: {
          entry: 'hand',
          invoke: {
            src: 'record',
            input: ({ context }) => context,
            onDone: [
              {
                guard: 'isDraining',
                target: '#scheduler.stopping',
                actions: ['carryOut', 'callBack', 'settle'],
              },
              { target: 'deciding', actions: ['carryOut', 'settle'] },
            ],
          },
          // The batch under way is recorded once: leaving now would record it again.
          on: { DRAIN: { actions: 'beginDraining' } },
        },
        waiting: {
          always: { guard: 'hasUnrecorded', target: 'deciding' },
          after: { sleep: 'deciding' },
          on: {
            LOOK: 'deciding',
            PUBLISHED: {
              target: 'deciding',
              actions: { type: 'takePublished', params: ({ event }) => ({ publication: event.publication }) },
            },
            DRAIN: { target: '#scheduler.stopping', actions: 'beginDraining' },
          },
        },
      },
    },
    stopping: {
      initial: 'closing',
      entry: 'stopAll',
      states: {
        closing: {
          always: [
            { guard: 'hasUnrecorded', target: 'recording' },
            { guard: 'isQuiet', target: '#scheduler.stopped' },
            { target: 'awaiting' },
          ],
        },
        recording: {
          entry: 'hand',
          invoke: {
            src: 'record',
            input: ({ context }) => context,
            onDone: { target: 'closing', actions: ['carryOut', 'settle'] },
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

function isAtWork({ jobs }: JobsState): boolean {
  for (const { open } of jobs.values()) {
    for (const run of open.values()) {
      for (const { state } of run.steps.values()) if (state === 'running') return true;
    }
  }
  return false;
}
