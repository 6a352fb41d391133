/**
 * Step: one attempt of one step of a run.
 *
 *   attempting ──► publishing ──► ended
 *       │ └─ it failed, or threw, or is out of time ──► ended
 *       └─ STOP ──► ended                 publishing is waited for: what is on its way can't be called back
 *
 * The actor's output says how the attempt ended: nothing that an attempt does fails the actor.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { AttemptEnd } from '../jobs/reports.ts';
import type { StepDone, StepOutcome } from '../steps/step.ts';

// Aliases, so that the declaration of whoever spawns it has them in full.
type StepInput = {
  /** Rejects when the signal aborts. */
  attempt(signal: AbortSignal): Promise<StepOutcome>;
  /** Null for no bound. */
  readonly timeoutMs: number | null;
};

type StepContext = StepInput & {
  readonly done: StepDone | null;
  readonly end: AttemptEnd;
};

type StepEvent = { readonly type: 'STOP'; readonly reason: string };

/** A timer of a longer time would fire at once (Node.js). */
const FOREVER_MS = 2 ** 31 - 1;

const step = setup({
  types: {
    context: {} as StepContext,
    input: {} as StepInput,
    events: {} as StepEvent,
    output: {} as AttemptEnd,
  },
  actors: {
    attempt: fromPromise<StepOutcome, StepContext>(({ input, signal }) => input.attempt(signal)),
    publish: fromPromise<void, StepContext>(async ({ input: { done } }) => {
      await done?.publish?.();
    }),
  },
  actions: {
    keepDone: assign((_, { outcome }: { outcome: StepOutcome }) =>
      outcome.kind === 'done'
        ? { done: outcome, end: { kind: 'done', records: outcome.records, output: outcome.output } }
        : { end: outcome },
    ),
    keepError: assign((_, { error }: { error: unknown }) => ({
      end: { kind: 'retryable', reason: error instanceof Error ? error.message : String(error), waitMs: null },
    })),
    keepTimeout: assign(({ context }) => ({ end: { kind: 'timed_out', afterMs: context.timeoutMs ?? 0 } })),
    keepStop: assign((_, { reason }: { reason: string }) => ({ end: { kind: 'stopped', reason } })),
  },
  guards: {
    isDone: (_, { outcome }: { outcome: StepOutcome }) => outcome.kind === 'done',
    isBounded: ({ context }) => context.timeoutMs !== null,
  },
  delays: { timeout: ({ context }) => Math.min(context.timeoutMs ?? FOREVER_MS, FOREVER_MS) },
});

export const stepMachine = step.createMachine({
  id: 'step',
  context: ({ input }) => ({ ...input, done: null, end: { kind: 'stopped', reason: 'It did not begin' } }),
  initial: 'attempting',
  output: ({ context }) => context.end,
  states: {
    attempting: {
      invoke: {
        src: 'attempt',
        input: ({ context }) => context,
        onDone: [
          {
            guard: { type: 'isDone', params: ({ event }) => ({ outcome: event.output }) },
            target: 'publishing',
            actions: { type: 'keepDone', params: ({ event }) => ({ outcome: event.output }) },
          },
          { target: 'ended', actions: { type: 'keepDone', params: ({ event }) => ({ outcome: event.output }) } },
        ],
        onError: { target: 'ended', actions: { type: 'keepError', params: ({ event }) => ({ error: event.error }) } },
      },
      after: { timeout: { guard: 'isBounded', target: 'ended', actions: 'keepTimeout' } },
      on: {
        STOP: { target: 'ended', actions: { type: 'keepStop', params: ({ event }) => ({ reason: event.reason }) } },
      },
    },
    publishing: {
      invoke: {
        src: 'publish',
        input: ({ context }) => context,
        onDone: 'ended',
        onError: { target: 'ended', actions: { type: 'keepError', params: ({ event }) => ({ error: event.error }) } },
      },
    },
    ended: { type: 'final' },
  },
});
