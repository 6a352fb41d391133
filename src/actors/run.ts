/**
 * Run: the attempts of one run of a job that are at work, an actor for each attempt of a step.
 *
 *   idle ── BEGIN ──► working ── the last attempt has ended ──► idle
 *                        │
 *                        └─ STOP ──► stopping ── the last attempt has ended ──► idle
 *   idle ── CLOSE ──► closed
 *
 * It decides nothing. The scheduler says which steps begin, once that decision is journaled, and is told how each attempt
 * ended.
 */
import { type ActorRefFrom, assign, setup } from 'xstate';
import type { AttemptEnd } from '../jobs/reports.ts';
import type { StepOutcome } from '../steps/step.ts';
import { stepMachine } from './step.ts';

/** One attempt to begin. */
export interface AttemptOrder {
  /** Unique within the run: step, item and attempt. */
  readonly id: string;
  readonly timeoutMs: number | null;
  attempt(signal: AbortSignal): Promise<StepOutcome>;
  ended(end: AttemptEnd): void;
}

export type RunEvent =
  | { readonly type: 'BEGIN'; readonly order: AttemptOrder }
  | { readonly type: 'STOP'; readonly reason: string }
  | { readonly type: 'ENDED'; readonly id: string; readonly end: AttemptEnd }
  | { readonly type: 'CLOSE' };

interface RunContext {
  readonly steps: Readonly<Record<string, ActorRefFrom<typeof stepMachine>>>;
  readonly orders: Readonly<Record<string, AttemptOrder>>;
}

const run = setup({
  types: { context: {} as RunContext, events: {} as RunEvent },
  actors: { step: stepMachine },
  actions: {
    begin: assign(({ context, spawn, self }, { order }: { order: AttemptOrder }) => {
      const { timeoutMs, id } = order;
      // An actor that fails stops nothing of what it began.
      const fault = new AbortController();
      const attempt = (signal: AbortSignal) => order.attempt(AbortSignal.any([signal, fault.signal]));
      const step = spawn('step', { id, input: { attempt, timeoutMs } });
      step.subscribe({
        complete: () => {
          const { output } = step.getSnapshot();
          if (output !== undefined) self.send({ type: 'ENDED', id, end: output });
        },
        // This is a fault of the actor itself: nothing that the attempt does fails the actor.
        error: (error) => {
          const reason = `Its actor failed: ${error instanceof Error ? error.message : String(error)}`;
          fault.abort(new Error(reason));
          self.send({ type: 'ENDED', id, end: { kind: 'retryable', reason, waitMs: null } });
        },
      });
      return { steps: { ...context.steps, [id]: step }, orders: { ...context.orders, [id]: order } };
    }),
    stopSteps: ({ context }, { reason }: { reason: string }) => {
      for (const step of Object.values(context.steps)) step.send({ type: 'STOP', reason });
    },
    tell: ({ context }, { id, end }: { id: string; end: AttemptEnd }) => context.orders[id]?.ended(end),
    forget: assign(({ context }, { id }: { id: string }) => {
      const { [id]: _, ...steps } = context.steps;
      const { [id]: __, ...orders } = context.orders;
      return { steps, orders };
    }),
  },
  guards: {
    isLast: ({ context }, { id }: { id: string }) => Object.keys(context.steps).every((each) => each === id),
  },
});

export const runMachine = run.createMachine({
  id: 'run',
  context: { steps: {}, orders: {} },
  initial: 'idle',
  on: {
    // Said by ENDED.
    'xstate.error.actor.*': {},
    ENDED: [
      {
        guard: { type: 'isLast', params: ({ event }) => ({ id: event.id }) },
        target: '.idle',
        actions: [
          { type: 'tell', params: ({ event }) => ({ id: event.id, end: event.end }) },
          { type: 'forget', params: ({ event }) => ({ id: event.id }) },
        ],
      },
      {
        actions: [
          { type: 'tell', params: ({ event }) => ({ id: event.id, end: event.end }) },
          { type: 'forget', params: ({ event }) => ({ id: event.id }) },
        ],
      },
    ],
  },
  states: {
    idle: {
      on: {
        BEGIN: { target: 'working', actions: { type: 'begin', params: ({ event }) => ({ order: event.order }) } },
        CLOSE: 'closed',
      },
    },
    working: {
      on: {
        BEGIN: { actions: { type: 'begin', params: ({ event }) => ({ order: event.order }) } },
        STOP: { target: 'stopping', actions: { type: 'stopSteps', params: ({ event }) => ({ reason: event.reason }) } },
      },
    },
    stopping: {},
    closed: { type: 'final' },
  },
});
