/**
 * Delivery: takes events from the tail of the journal to one sink, at least once, each always under the same id.
 *
 *   idle ──► delivering ──► settling ──► idle
 *   │ ▲        │    ▲         ▲
 *   │ │        ▼    │         └─ refused for the last time: abandoned
 *   │ │      backingOff ◄── the circuit is open ── idle
 *   │ └── refused for good, as several: tried in halves
 *   DRAIN: delivering, settling ──► draining ──► stopped; every other state ──► stopped
 *
 * One delivery serves one sink, so a slow sink pauses its own tail only: `taken` is called when there is room again. Events
 * leave the queue once their outcome is durable. While draining, the queue goes on until the first refusal. The next start
 * finds the rest again.
 */
import { assign, enqueueActions, setup } from 'xstate';
import { type CourierPorts, type CourierReport, courier, type Outcome } from './courier.ts';
import { circuitOpen, DEFAULT_DELIVERY_POLICY, type DeliveryPolicy, retryDelayMs } from './delivery-policy.ts';
import { type DeliveryQueue, headOf, type Pending, refused, tooOld } from './delivery-queue.ts';

export interface DeliveryPorts extends CourierPorts {
  /** The events behind this one go first from now on. This event is held by itself. */
  heldBack(pending: Pending): void;
  /** The sink refused the events that it was given, and will be asked again. */
  refused(message: string): void;
  nowMs(): number;
  /** From 0 to 1. */
  random(): number;
}

export interface DeliveryInput {
  readonly ports: DeliveryPorts;
  readonly policy?: DeliveryPolicy;
  /** Queue length at which the tail is paused. The events that the tail hands over at once may exceed it. */
  readonly queueBound?: number;
}

export type DeliveryEvent =
  | {
      readonly type: 'EVENTS';
      readonly events: readonly Pending[];
      /** Called when there is room for more. The tail waits for this call before it reads on. */
      readonly taken?: () => void;
    }
  | CourierReport
  | { readonly type: 'DRAIN' };

interface Context {
  readonly ports: DeliveryPorts;
  readonly policy: DeliveryPolicy;
  readonly queueBound: number;
  readonly queue: DeliveryQueue;
  /** How many events at the queue's head are being tried. */
  readonly tried: number;
  /** How many events the outcome that is being written settles. */
  readonly settling: number;
  /** The most events of one attempt: fewer once several were refused for good, until one is taken. */
  readonly batchEvents: number;
  /** Callbacks of a tail that waits for room. */
  readonly paused: readonly (() => void)[];
  readonly failuresInARow: number;
  readonly delayMs: number;
}

export const DEFAULT_QUEUE_BOUND = 256;

export const deliveryMachine = setup({
  types: { context: {} as Context, input: {} as DeliveryInput, events: {} as DeliveryEvent },
  actors: { courier },
  guards: {
    empty: ({ context }) => context.queue.length === 0,
    circuitOpen: ({ context }) => circuitOpen(context.failuresInARow, context.policy),
    last: ({ context }) => context.queue.length <= context.settling,
    givenUp: ({ context }, { permanent }: { permanent: boolean }) => givenUp(context, permanent) > 0,
    divisible: ({ context }, { permanent }: { permanent: boolean }) => permanent && context.tried > 1,
  },
  actions: {
    queue: assign(
      ({ context }, { events, taken }: { events: readonly Pending[]; taken: (() => void) | undefined }) => ({
        queue: [...context.queue, ...events],
        paused: taken === undefined ? context.paused : [...context.paused, taken],
      }),
    ),
    resumeTail: enqueueActions(({ context, enqueue: then }) => {
      const { paused, queue, queueBound } = context;
      if (paused.length === 0 || queue.length >= queueBound) return;
      then(() => {
        for (const taken of paused) taken();
      });
      then.assign({ paused: [] });
    }),
    startHead: enqueueActions(({ context, enqueue: then }) => {
      const { bytes } = context.ports.sink.batch;
      const events = headOf(context.queue, { events: context.batchEvents, bytes });
      then.assign({ tried: events.length });
      then.sendTo('courier', { type: 'ATTEMPT', events });
    }),
    dropSettled: assign({ queue: ({ context }) => context.queue.slice(context.settling) }),
    noteDelivered: assign(({ context }) => ({
      failuresInARow: 0,
      batchEvents: Math.min(context.ports.sink.batch.events, context.batchEvents * 2),
    })),
    tellRefused: ({ context }, { message }: { message: string }) => context.ports.refused(message),
    noteRefused: enqueueActions(({ context, enqueue: then }) => {
      const { policy, ports, queue, tried } = context;
      const failuresInARow = context.failuresInARow + 1;
      const attempts = (queue[0]?.attempts ?? 0) + 1;
      const delayMs = retryDelayMs(attempts, failuresInARow, ports.random(), policy);
      const after = refused(queue, tried, policy.turnAttempts);
      const { heldBack } = after;
      if (heldBack !== null) then(() => ports.heldBack(heldBack));
      then.assign({ queue: after.queue, failuresInARow, delayMs });
    }),
    halve: assign({ batchEvents: ({ context }) => Math.ceil(context.tried / 2) }),
    waitForCircuit: assign({ delayMs: ({ context }) => context.policy.breakerMs }),
    settleDelivered: enqueueActions(({ context, enqueue: then }) => {
      const events = context.queue.slice(0, context.tried);
      then.assign({ settling: events.length });
      then.sendTo('courier', settle({ kind: 'delivered', events, error: null }));
    }),
    giveUp: enqueueActions(
      ({ context, enqueue: then }, { message, permanent }: { message: string; permanent: boolean }) => {
        const events = context.queue.slice(0, givenUp(context, permanent));
        then.assign({ settling: events.length, failuresInARow: context.failuresInARow + 1 });
        then.sendTo('courier', settle({ kind: 'abandoned', events, error: message }));
      },
    ),
    fail: (_, { error }: { error: Error }) => {
      throw error;
    },
  },
  delays: { backoff: ({ context }) => context.delayMs },
}).createMachine({
  id: 'delivery',
  context: ({ input }) => ({
    ports: input.ports,
    policy: input.policy ?? DEFAULT_DELIVERY_POLICY,
    queueBound: input.queueBound ?? DEFAULT_QUEUE_BOUND,
    queue: [],
    tried: 0,
    settling: 0,
    batchEvents: input.ports.sink.batch.events,
    paused: [],
    failuresInARow: 0,
    delayMs: 0,
  }),
  initial: 'idle',
  invoke: { id: 'courier', src: 'courier', input: ({ context }) => context.ports },
  on: {
    EVENTS: {
      actions: [{ type: 'queue', params: ({ event: { events, taken } }) => ({ events, taken }) }, 'resumeTail'],
    },
    UNSETTLED: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
  },
  states: {
    idle: {
      always: [
        { guard: 'empty' },
        { guard: 'circuitOpen', target: 'backingOff', actions: 'waitForCircuit' },
        { target: 'delivering' },
      ],
      on: { DRAIN: 'stopped' },
    },
    delivering: {
      entry: 'startHead',
      on: {
        DELIVERED: { target: 'settling', actions: ['noteDelivered', 'settleDelivered'] },
        REFUSED: [
          { guard: { type: 'divisible', params: ({ event }) => event }, target: 'idle', actions: 'halve' },
          {
            guard: { type: 'givenUp', params: ({ event }) => event },
            target: 'settling',
            actions: { type: 'giveUp', params: ({ event }) => event },
          },
          {
            target: 'backingOff',
            actions: [{ type: 'tellRefused', params: ({ event }) => event }, 'noteRefused'],
          },
        ],
        DRAIN: 'draining',
      },
    },
    backingOff: {
      after: { backoff: 'delivering' },
      on: { DRAIN: 'stopped' },
    },
    settling: {
      on: {
        SETTLED: { target: 'idle', actions: ['dropSettled', 'resumeTail'] },
        DRAIN: 'draining',
      },
    },
    draining: {
      on: {
        DELIVERED: { actions: ['noteDelivered', 'settleDelivered'] },
        REFUSED: [
          {
            guard: { type: 'givenUp', params: ({ event }) => event },
            actions: { type: 'giveUp', params: ({ event }) => event },
          },
          { target: 'stopped' },
        ],
        SETTLED: [
          { guard: 'last', target: 'stopped', actions: 'dropSettled' },
          { actions: ['dropSettled', 'startHead'] },
        ],
      },
    },
    stopped: { type: 'final' },
  },
});

function settle(outcome: Outcome) {
  return { type: 'SETTLE' as const, outcome };
}

/** How many of the events that were just refused are given up. */
function givenUp({ policy, ports, queue, tried }: Context, permanent: boolean): number {
  if (permanent && tried === 1) return 1;
  return tooOld(queue, tried, ports.nowMs() - policy.giveUpAfterMs);
}
