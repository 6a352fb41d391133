/**
 * Fetcher: carries out the runs of one job, one at a time.
 *
 *   idle ── RUN ──► fetching ──► delivering ──► idle
 *                    ▲   │ └─ permanent, or the retries are spent ──► idle (the run failed)
 *                    │   ▼
 *                 up_for_retry                   DRAIN: delivering finishes, anything else is cancelled ──► stopped
 *
 * A failed request is a value and is retried or ends the run. A port that throws or rejects fails the actor: its
 * supervisor restarts it and tells the scheduler, which records the run as failed.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { RunReport } from '../jobs/plan.ts';
import { type RetryPolicy, retryDelayMs } from '../jobs/retry.ts';
import type { RunChanged } from '../messages/operations.ts';
import type { StepDone, StepOutcome } from '../steps/step.ts';

export interface FetcherPorts {
  /** One attempt; `signal` aborts when the fetcher drains. */
  fetch(run: RunChanged, signal: AbortSignal): Promise<StepOutcome>;
  /** Tells the scheduler how the run goes. */
  report(report: RunReport): void;
}

interface FetcherInput {
  readonly ports: FetcherPorts;
  readonly retry: RetryPolicy;
}

export type FetcherEvent = { readonly type: 'RUN'; readonly run: RunChanged } | { readonly type: 'DRAIN' };

interface FetcherContext extends FetcherInput {
  readonly run: RunChanged | null;
  /** A run that came while another was being delivered. */
  readonly nextRun: RunChanged | null;
  readonly attempt: number;
  readonly waitMs: number;
  readonly brought: StepDone;
  readonly draining: boolean;
}

const NOTHING: StepDone = { kind: 'done', records: 0, output: null };
const STOPPED_DURING_RUN = 'The service stopped during this run';

interface WithOutcome {
  readonly outcome: StepOutcome;
}

interface WithRun {
  readonly run: RunChanged;
}

const fetcher = setup({
  types: { context: {} as FetcherContext, input: {} as FetcherInput, events: {} as FetcherEvent },
  actors: {
    fetch: fromPromise<StepOutcome, FetcherContext>(({ input, signal }) =>
      input.ports.fetch(currentRun(input), signal),
    ),
    deliver: fromPromise<void, FetcherContext>(async ({ input: { brought } }) => {
      await brought.publish?.();
    }),
  },
  actions: {
    // An interrupted run has attempts behind it.
    accept: assign((_, { run }: WithRun) => ({ run, attempt: run.attempt })),
    acceptNext: assign(({ context }) => ({
      run: context.nextRun,
      nextRun: null,
      attempt: context.nextRun?.attempt ?? 0,
    })),
    keepForLater: assign((_, { run }: WithRun) => ({ nextRun: run })),
    beginDraining: assign({ draining: true, nextRun: null }),
    nextAttempt: assign(({ context }) => ({ attempt: context.attempt + 1 })),
    keepBrought: assign((_, { outcome }: WithOutcome) => ({
      brought: outcome.kind === 'done' ? outcome : NOTHING,
    })),
    planRetry: assign(({ context }, { outcome }: WithOutcome) => {
      const askedMs = outcome.kind === 'retryable' ? (outcome.waitMs ?? 0) : 0;
      return { waitMs: Math.max(askedMs, retryDelayMs(context.retry, currentRun(context).runId, context.attempt)) };
    }),
    reportRunning: ({ context }) => report(context, 'running', null),
    reportRetry: ({ context }, { outcome }: WithOutcome) =>
      report(context, 'up_for_retry', `${reasonOf(outcome)}; retried in ${Math.ceil(context.waitMs / 1000)} s`),
    reportSuccess: ({ context }) => report(context, 'success', null, context.brought.records),
    reportFailed: ({ context }, { outcome }: WithOutcome) =>
      report(context, 'failed', `${reasonOf(outcome)}; attempt ${context.attempt} was the last`),
    reportCancelled: ({ context }) => report(context, 'cancelled', STOPPED_DURING_RUN),
    reportNextCancelled: ({ context }) => {
      if (context.nextRun !== null)
        report({ ...context, run: context.nextRun, attempt: 0 }, 'cancelled', STOPPED_DURING_RUN);
    },
    refuse: ({ context }, { run }: WithRun) => report({ ...context, run, attempt: 0 }, 'cancelled', STOPPED_DURING_RUN),
    forget: assign({ run: null, brought: NOTHING }),
  },
  guards: {
    isFetched: (_, { outcome }: WithOutcome) => outcome.kind === 'done',
    mayRetry: ({ context }, { outcome }: WithOutcome) =>
      outcome.kind === 'retryable' && context.attempt <= context.retry.retries,
    isDraining: ({ context }) => context.draining,
    hasNext: ({ context }) => context.nextRun !== null,
  },
  delays: { retry: ({ context }) => context.waitMs },
});

export const fetcherMachine = fetcher.createMachine({
  id: 'fetcher',
  context: ({ input }) => ({
    ...input,
    run: null,
    nextRun: null,
    attempt: 0,
    waitMs: 0,
    brought: NOTHING,
    draining: false,
  }),
  initial: 'idle',
  states: {
    idle: {
      entry: 'forget',
      on: {
        RUN: { target: 'fetching', actions: { type: 'accept', params: ({ event }) => ({ run: event.run }) } },
        DRAIN: 'stopped',
      },
    },
    fetching: {
      entry: ['nextAttempt', 'reportRunning'],
      invoke: {
        src: 'fetch',
        input: ({ context }) => context,
        onDone: [
          {
            guard: { type: 'isFetched', params: ({ event }) => ({ outcome: event.output }) },
            target: 'delivering',
            actions: { type: 'keepBrought', params: ({ event }) => ({ outcome: event.output }) },
          },
          {
            guard: { type: 'mayRetry', params: ({ event }) => ({ outcome: event.output }) },
            target: 'up_for_retry',
            actions: [
              { type: 'planRetry', params: ({ event }) => ({ outcome: event.output }) },
              { type: 'reportRetry', params: ({ event }) => ({ outcome: event.output }) },
            ],
          },
          {
            target: 'idle',
            actions: { type: 'reportFailed', params: ({ event }) => ({ outcome: event.output }) },
          },
        ],
      },
      on: {
        // The scheduler starts a run only when it takes the previous one for over, as after its own restart.
        RUN: {
          target: 'fetching',
          reenter: true,
          actions: { type: 'accept', params: ({ event }) => ({ run: event.run }) },
        },
        DRAIN: { target: 'stopped', actions: 'reportCancelled' },
      },
    },
    up_for_retry: {
      after: { retry: 'fetching' },
      on: {
        RUN: { target: 'fetching', actions: { type: 'accept', params: ({ event }) => ({ run: event.run }) } },
        DRAIN: { target: 'stopped', actions: 'reportCancelled' },
      },
    },
    delivering: {
      invoke: {
        src: 'deliver',
        input: ({ context }) => context,
        onDone: [
          { guard: 'isDraining', target: 'stopped', actions: 'reportSuccess' },
          { guard: 'hasNext', target: 'fetching', actions: ['reportSuccess', 'acceptNext'] },
          { target: 'idle', actions: 'reportSuccess' },
        ],
      },
      on: {
        RUN: [
          { guard: 'isDraining', actions: { type: 'refuse', params: ({ event }) => ({ run: event.run }) } },
          { actions: { type: 'keepForLater', params: ({ event }) => ({ run: event.run }) } },
        ],
        // Events on their way to the log can't be called back, so they are waited for.
        DRAIN: { actions: ['reportNextCancelled', 'beginDraining'] },
      },
    },
    stopped: { type: 'final' },
  },
});

function currentRun({ run }: { readonly run: RunChanged | null }): RunChanged {
  if (run === null) throw new Error('The fetcher works without a run');
  return run;
}

function reasonOf(outcome: StepOutcome): string {
  return outcome.kind === 'done' ? 'It was fetched' : outcome.reason;
}

function report(context: FetcherContext, state: RunReport['state'], message: string | null, records = 0): void {
  const { job, runId } = currentRun(context);
  context.ports.report({ job, runId, state, attempt: context.attempt, records, message });
}
