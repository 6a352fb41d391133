/**
 * Window aggregator: the windows of one partition, its join, and the streams that are derived from it without state.
 *
 *   recovering ── RECOVERED ──► running ── DRAIN ──► stopped
 *
 * APPLY is the same in both live states: the consumer drops what is derived while it replays. One event is one batch; a
 * plain loop does the work (src/partition/derive.ts). It touches nothing but the work and its own state.
 */
import { setup } from 'xstate';
import { aggregate, select } from '../partition/derive.ts';
import { joinSides, type PartitionJoin } from '../partition/join.ts';
import type { PartitionSnapshot } from '../partition/snapshot.ts';
import type { Work } from '../partition/work.ts';
import type { Selection } from '../streams/selection.ts';
import type { WindowOperator } from '../streams/window-kind.ts';

export interface WindowAggregatorInput {
  readonly operators: readonly WindowOperator[];
  readonly join: PartitionJoin | null;
  readonly selections: readonly Selection[];
}

export type WindowAggregatorEvent =
  | { readonly type: 'RESTORE'; readonly state: Pick<PartitionSnapshot, 'windows' | 'joined'> }
  | { readonly type: 'RECOVERED' }
  | { readonly type: 'APPLY'; readonly work: Work }
  | { readonly type: 'DRAIN' };

export const windowAggregatorMachine = setup({
  types: {
    context: {} as WindowAggregatorInput,
    input: {} as WindowAggregatorInput,
    events: {} as WindowAggregatorEvent,
  },
  actions: {
    restore: ({ context }, { state }: { state: Pick<PartitionSnapshot, 'windows' | 'joined'> }) => {
      for (const operator of context.operators) operator.restore(state.windows);
      context.join?.restore(state.joined);
    },
    apply: ({ context }, { work }: { work: Work }) => {
      for (const operator of context.operators) aggregate(operator, work);
      if (context.join !== null) joinSides(context.join, work);
      for (const selection of context.selections) select(selection, work);
    },
  },
}).createMachine({
  id: 'windowAggregator',
  context: ({ input }) => input,
  initial: 'recovering',
  on: {
    APPLY: { actions: { type: 'apply', params: ({ event }) => ({ work: event.work }) } },
    DRAIN: '.stopped',
  },
  states: {
    recovering: {
      on: {
        RESTORE: { actions: { type: 'restore', params: ({ event }) => ({ state: event.state }) } },
        RECOVERED: 'running',
      },
    },
    running: {},
    stopped: { type: 'final' },
  },
});
