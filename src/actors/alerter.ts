/**
 * Alerter: takes alerts from the tail of the journal to one sink, at least once, each always under the same key.
 *
 *   recovering ──► idle ──► delivering ──► recording ──► idle
 *                            │      ▲          ▲
 *                            ▼      │          └─ refused for the last time: abandoned
 *                           backingOff
 *   DRAIN: delivering, recording ──► draining ──► stopped; every other state ──► stopped
 *
 * One alerter serves one sink, so a slow sink pauses its own tail only: `taken` is called when there is room again. An
 * alert leaves the queue once its outcome is durable; a position is saved once all before it have left. While draining,
 * the queue goes on until the first refusal, and the rest is found again by the next start.
 */
import { assign, enqueueActions, fromPromise, sendTo, setup } from 'xstate';
import type { AlertDelivery } from '../messages/operations.ts';
import { type AlertQueue, enqueue, type PendingAlert, refused, type TailPosition } from './alert-queue.ts';
import { type CourierPorts, type CourierReport, courier } from './courier.ts';
import { circuitOpen, DEFAULT_DELIVERY_POLICY, type DeliveryPolicy, retryDelayMs } from './delivery-policy.ts';

export interface AlerterPorts extends CourierPorts {
  /** Journaled alerts without an outcome for this sink, in front of where its tail starts. */
  undelivered(): Promise<readonly PendingAlert[]>;
  nowMs(): number;
  /** From 0 to 1. */
  random(): number;
}

export interface AlerterInput {
  readonly ports: AlerterPorts;
  readonly policy?: DeliveryPolicy;
  /** Queue length from which the tail is paused; what it hands over at once may exceed it. */
  readonly queueBound?: number;
}

export type AlerterEvent =
  | {
      readonly type: 'ALERTS';
      readonly alerts: readonly PendingAlert[];
      /** The next offset of the log after them; null where no position is kept. */
      readonly upTo: TailPosition | null;
      /** Called when the alerter has room for more: the tail waits for it before it reads on. */
      readonly taken?: () => void;
    }
  | CourierReport
  | { readonly type: 'DRAIN' };

interface Context {
  readonly ports: AlerterPorts;
  readonly policy: DeliveryPolicy;
  readonly queueBound: number;
  readonly queue: AlertQueue;
  /** Callbacks of a tail that waits for room. */
  readonly paused: readonly (() => void)[];
  readonly failuresInARow: number;
  readonly delayMs: number;
}

export const DEFAULT_QUEUE_BOUND = 256;

export const alerterMachine = setup({
  types: { context: {} as Context, input: {} as AlerterInput, events: {} as AlerterEvent },
  actors: {
    courier,
    undelivered: fromPromise<readonly PendingAlert[], AlerterPorts>(({ input }) => input.undelivered()),
  },
  guards: {
    empty: ({ context }) => context.queue.length === 0,
    positionNext: ({ context }) => context.queue[0]?.kind === 'position',
    circuitOpen: ({ context }) => circuitOpen(context.failuresInARow, context.policy),
    last: ({ context }) => context.queue.length <= 1,
    givenUp: ({ context }, { permanent }: { permanent: boolean }) =>
      permanent || context.ports.nowMs() - raisedAtMs(context.queue) >= context.policy.giveUpAfterMs,
  },
  actions: {
    queue: assign((_, { queue, paused }: { queue: AlertQueue; paused: readonly (() => void)[] }) => ({
      queue,
      paused,
    })),
    resumeTail: enqueueActions(({ context, enqueue: then }) => {
      const { paused, queue, queueBound } = context;
      if (paused.length === 0 || queue.length >= queueBound) return;
      then(() => {
        for (const taken of paused) taken();
      });
      then.assign({ paused: [] });
    }),
    startHead: enqueueActions(({ context, enqueue: then }) => {
      const head = context.queue[0];
      if (head?.kind === 'alert') then.sendTo('courier', { type: 'ATTEMPT', alert: head.alert });
      if (head?.kind === 'position') then.sendTo('courier', { type: 'SAVE', position: head.position });
    }),
    dropHead: assign({ queue: ({ context }) => context.queue.slice(1) }),
    noteDelivered: assign({ failuresInARow: 0 }),
    noteRefused: assign(({ context }) => {
      const { policy, ports, queue } = context;
      const failuresInARow = context.failuresInARow + 1;
      return {
        queue: refused(queue, policy.turnAttempts),
        failuresInARow,
        delayMs: retryDelayMs(failedAttempts(queue) + 1, failuresInARow, ports.random(), policy),
      };
    }),
    noteGivenUp: assign({ failuresInARow: ({ context }) => context.failuresInARow + 1 }),
    waitForCircuit: assign({ delayMs: ({ context }) => context.policy.breakerMs }),
    record: sendTo('courier', ({ context }, { outcome, error }: Pick<AlertDelivery, 'outcome' | 'error'>) => ({
      type: 'RECORD' as const,
      delivery: deliveryOf(context, outcome, error),
    })),
    fail: (_, { error }: { error: Error }) => {
      throw error;
    },
  },
  delays: { backoff: ({ context }) => context.delayMs },
}).createMachine({
  id: 'alerter',
  context: ({ input }) => ({
    ports: input.ports,
    policy: input.policy ?? DEFAULT_DELIVERY_POLICY,
    queueBound: input.queueBound ?? DEFAULT_QUEUE_BOUND,
    queue: [],
    paused: [],
    failuresInARow: 0,
    delayMs: 0,
  }),
  initial: 'recovering',
  invoke: { id: 'courier', src: 'courier', input: ({ context }) => context.ports },
  on: {
    ALERTS: {
      actions: [
        {
          type: 'queue',
          params: ({ context, event }) => ({
            queue: enqueue(context.queue, event.alerts, event.upTo),
            paused: event.taken === undefined ? context.paused : [...context.paused, event.taken],
          }),
        },
        'resumeTail',
      ],
    },
    UNRECORDED: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
  },
  states: {
    recovering: {
      invoke: {
        src: 'undelivered',
        input: ({ context }) => context.ports,
        onDone: {
          target: 'idle',
          actions: {
            type: 'queue',
            // In front of what the tail has brought meanwhile: they are older.
            params: ({ context, event }) => ({
              queue: [...withoutQueued(event.output, context.queue), ...context.queue],
              paused: context.paused,
            }),
          },
        },
      },
      on: { DRAIN: 'stopped' },
    },
    idle: {
      always: [
        { guard: 'empty' },
        { guard: 'positionNext', target: 'recording', actions: 'startHead' },
        { guard: 'circuitOpen', target: 'backingOff', actions: 'waitForCircuit' },
        { target: 'delivering' },
      ],
      on: { DRAIN: 'stopped' },
    },
    delivering: {
      entry: 'startHead',
      on: {
        DELIVERED: {
          target: 'recording',
          actions: ['noteDelivered', { type: 'record', params: { outcome: 'delivered', error: null } }],
        },
        REFUSED: [
          {
            guard: { type: 'givenUp', params: ({ event }) => event },
            target: 'recording',
            actions: [
              'noteGivenUp',
              { type: 'record', params: ({ event }) => ({ outcome: 'abandoned', error: event.message }) },
            ],
          },
          { target: 'backingOff', actions: 'noteRefused' },
        ],
        DRAIN: 'draining',
      },
    },
    backingOff: {
      after: { backoff: 'delivering' },
      on: { DRAIN: 'stopped' },
    },
    recording: {
      on: {
        SETTLED: { target: 'idle', actions: ['dropHead', 'resumeTail'] },
        DRAIN: 'draining',
      },
    },
    draining: {
      on: {
        DELIVERED: { actions: ['noteDelivered', { type: 'record', params: { outcome: 'delivered', error: null } }] },
        REFUSED: [
          {
            guard: { type: 'givenUp', params: ({ event }) => event },
            actions: [
              'noteGivenUp',
              { type: 'record', params: ({ event }) => ({ outcome: 'abandoned', error: event.message }) },
            ],
          },
          { target: 'stopped' },
        ],
        SETTLED: [{ guard: 'last', target: 'stopped', actions: 'dropHead' }, { actions: ['dropHead', 'startHead'] }],
        // What the tail brings now stays in the journal, behind the saved position.
        ALERTS: {},
      },
    },
    stopped: { type: 'final' },
  },
});

function withoutQueued(alerts: readonly PendingAlert[], queue: AlertQueue): AlertQueue {
  const ids = new Set(queue.map((item) => (item.kind === 'alert' ? item.alert.alertId : null)));
  return enqueue(
    [],
    alerts.filter(({ alert }) => !ids.has(alert.alertId)),
    null,
  );
}

function failedAttempts([head]: AlertQueue): number {
  return head?.kind === 'alert' ? head.attempts : 0;
}

function raisedAtMs([head]: AlertQueue): number {
  return head?.kind === 'alert' ? head.raisedAtMs : Number.POSITIVE_INFINITY;
}

function deliveryOf(context: Context, outcome: AlertDelivery['outcome'], error: string | null): AlertDelivery {
  const { ports, queue } = context;
  const head = queue[0];
  if (head?.kind !== 'alert') throw new Error(`Alerter of sink ${ports.sink.name}: an outcome without an alert`);
  return {
    alertId: head.alert.alertId,
    sink: ports.sink.name,
    outcome,
    attempts: head.attempts + 1,
    error,
    changedAt: ports.nowMs(),
  };
}
