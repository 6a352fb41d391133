/**
 * Window aggregator: the windows of one partition.
 *
 *   recovering ── RECOVERED ──► running ── DRAIN ──► stopped
 *
 * APPLY is the same in both live states: the consumer drops what is derived while it replays. One event is one batch;
 * inside, a plain loop over the operators does the work. It touches nothing but the work and its own state.
 */
import { setup } from 'xstate';
import type { PaneState, WindowOperator } from '../streams/tumbling.ts';
import type { Work } from './work.ts';

export interface WindowAggregatorInput {
  readonly operators: readonly WindowOperator[];
}

export type WindowAggregatorEvent =
  | { readonly type: 'RESTORE'; readonly panes: readonly PaneState[] }
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
    restore: ({ context }, { panes }: { panes: readonly PaneState[] }) => {
      for (const operator of context.operators) operator.restore(panes);
    },
    apply: ({ context }, { work }: { work: Work }) => {
      for (const operator of context.operators) aggregate(operator, work);
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
        RESTORE: { actions: { type: 'restore', params: ({ event }) => ({ panes: event.panes }) } },
        RECOVERED: 'running',
      },
    },
    running: {},
    stopped: { type: 'final' },
  },
});

/** Event by event, so that what fires, and when, does not depend on how the input was cut into batches. */
function aggregate(operator: WindowOperator, work: Work): void {
  const { late } = work.derived;
  const results = work.derived.windows.get(operator.spec.name);
  if (results === undefined) throw new Error(`Nothing takes the results of the window ${operator.spec.name}`);
  for (const step of work.steps) {
    if (step.kind === 'watermark') {
      operator.advance(step.watermarkMs, results);
      continue;
    }
    const { columns, timesMs, watermarksMs } = step;
    operator.begin(columns);
    let watermarkMs = step.watermarkBeforeMs;
    for (let i = 0; i < columns.count; i++) {
      const occurredAt = timesMs[i]!;
      const arrival = operator.add(i, occurredAt, watermarkMs, results);
      if (arrival !== null) {
        const key = arrival.key === null ? null : String(arrival.key);
        const { latenessMs } = arrival;
        late.push({ window: operator.spec.name, key, occurredAt, latenessMs, event: JSON.stringify(columns.event(i)) });
      }
      const afterMs = watermarksMs[i]!;
      if (afterMs !== watermarkMs) {
        watermarkMs = afterMs;
        operator.advance(watermarkMs, results);
      }
    }
  }
}
