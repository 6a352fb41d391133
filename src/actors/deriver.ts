/**
 * Deriver: the operators of one partition that one actor drives. In the actor tree, the actor is named for its operators:
 * window aggregator, the session of a domain, operators of users.
 *
 *   recovering ── RECOVERED ──► running ── DRAIN ──► stopped
 *
 * APPLY is the same in both live states: the consumer drops what is derived while it replays. One event is one batch; a
 * plain loop does the work (src/partition/drive.ts). It touches nothing but the steps and its own operators.
 */
import { setup } from 'xstate';
import type { BusyTimes } from '../partition/busy-times.ts';
import { drive } from '../partition/drive.ts';
import { restoreOperators, type SavedOperator } from '../partition/saved-operators.ts';
import type { Step } from '../partition/steps.ts';
import type { Operator, OperatorAnew } from '../streams/operator.ts';

export interface DeriverInput {
  readonly operators: readonly Operator[];
  /** Notes how long each operator is at work; absent where nobody asks. */
  readonly busy?: BusyTimes;
}

interface Restoring {
  readonly states: readonly SavedOperator[];
  /** Called with the operators that found no state that they can read. */
  anew(operators: readonly OperatorAnew[]): void;
}

export type DeriverEvent =
  | ({ readonly type: 'RESTORE' } & Restoring)
  | { readonly type: 'RECOVERED' }
  | { readonly type: 'APPLY'; readonly steps: readonly Step[] }
  | { readonly type: 'DRAIN' };

export const deriverMachine = setup({
  types: { context: {} as DeriverInput, input: {} as DeriverInput, events: {} as DeriverEvent },
  actions: {
    restore: ({ context }, { states, anew }: Restoring) => anew(restoreOperators(context.operators, states)),
    apply: ({ context }, { steps }: { steps: readonly Step[] }) => {
      const driving = context.busy?.drive ?? drive;
      for (const operator of context.operators) driving(operator, steps);
    },
  },
}).createMachine({
  id: 'deriver',
  context: ({ input }) => input,
  initial: 'recovering',
  on: {
    APPLY: { actions: { type: 'apply', params: ({ event }) => ({ steps: event.steps }) } },
    DRAIN: '.stopped',
  },
  states: {
    recovering: {
      on: {
        RESTORE: { actions: { type: 'restore', params: ({ event }) => event } },
        RECOVERED: 'running',
      },
    },
    running: {},
    stopped: { type: 'final' },
  },
});
