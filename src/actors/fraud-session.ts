/**
 * Fraud session: sessions, scores, alerts and cases of the cards of one partition.
 *
 *   recovering ── RECOVERED ──► running ── DRAIN ──► stopped
 *
 * A thin shell: what a transaction means is decided in src/fraud/detector.ts.
 */
import { setup } from 'xstate';
import type { CardState, FraudDetector } from '../fraud/detector.ts';
import { detect } from '../partition/derive.ts';
import type { Work } from '../partition/work.ts';

export interface FraudSessionInput {
  readonly detector: FraudDetector;
}

export type FraudSessionEvent =
  | { readonly type: 'RESTORE'; readonly cards: readonly CardState[] }
  | { readonly type: 'RECOVERED' }
  | { readonly type: 'APPLY'; readonly work: Work }
  | { readonly type: 'DRAIN' };

export const fraudSessionMachine = setup({
  types: {
    context: {} as FraudSessionInput,
    input: {} as FraudSessionInput,
    events: {} as FraudSessionEvent,
  },
  actions: {
    restore: ({ context }, { cards }: { cards: readonly CardState[] }) => context.detector.restore(cards),
    apply: ({ context }, { work }: { work: Work }) => detect(context.detector, work),
  },
}).createMachine({
  id: 'fraudSession',
  context: ({ input }) => input,
  initial: 'recovering',
  on: {
    APPLY: { actions: { type: 'apply', params: ({ event }) => ({ work: event.work }) } },
    DRAIN: '.stopped',
  },
  states: {
    recovering: {
      on: {
        RESTORE: { actions: { type: 'restore', params: ({ event }) => ({ cards: event.cards }) } },
        RECOVERED: 'running',
      },
    },
    running: {},
    stopped: { type: 'final' },
  },
});
