/** A machine a key does what the same machine does with xstate alone, on a simulated clock. */
import fc from 'fast-check';
import { defineMachineOperator } from 'millrace';
import { checkDeterminism, testOperator } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { assign, createActor, emit, fromPromise, SimulatedClock, setup } from 'xstate';

const orderMachine = setup({
  types: {
    context: {} as { paid: number; reminders: number },
    events: {} as { type: 'PAID'; cents: number } | { type: 'SHIPPED' },
    emitted: {} as { type: 'reminders'; nth: number } | { type: 'closed'; how: string; paid: number },
  },
  delays: { patience: ({ context }) => 1000 * (context.reminders + 1) },
}).createMachine({
  context: { paid: 0, reminders: 0 },
  initial: 'open',
  states: {
    open: {
      after: {
        patience: [
          { guard: ({ context }) => context.reminders >= 2, target: 'expired' },
          {
            target: 'open',
            reenter: true,
            actions: [
              assign({ reminders: ({ context }) => context.reminders + 1 }),
              emit(({ context }) => ({ type: 'reminders', nth: context.reminders })),
            ],
          },
        ],
      },
      on: {
        PAID: { actions: assign({ paid: ({ context, event }) => context.paid + event.cents }), target: 'paid' },
      },
    },
    paid: {
      after: { 5000: 'expired' },
      on: {
        SHIPPED: 'shipped',
        PAID: { actions: assign({ paid: ({ context, event }) => context.paid + event.cents }) },
      },
    },
    shipped: { type: 'final', entry: emit(({ context }) => ({ type: 'closed', how: 'shipped', paid: context.paid })) },
    expired: { type: 'final', entry: emit(({ context }) => ({ type: 'closed', how: 'expired', paid: context.paid })) },
  },
});

const orders = defineMachineOperator({
  machine: orderMachine,
  streams: { orders: { order: 'string', cents: 'int', at: 'timestamp-millis' } },
  events: { orders: ({ cents }) => (cents > 0 ? { type: 'PAID', cents } : cents < 0 ? { type: 'SHIPPED' } : null) },
  outputs: { reminders: { nth: 'int' }, closed: { how: 'string', paid: 'int' } },
});
const INPUT = { input: { orders: 'order' } };

/** By single milliseconds: xstate's clock says what time it will be, and not what time it is. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let i = 0; i < ms; i++) clock.increment(1);
}

describe('a machine operator', () => {
  it('gives what xstate alone gives, whatever comes when', () => {
    const step = fc.record({
      order: fc.constantFrom('a', 'b'),
      cents: fc.integer({ min: -1, max: 2 }),
      after: fc.nat(1500),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), fc.nat(9), (steps, restartAt) => {
        const test = testOperator(orders, INPUT);
        const expected: object[] = [];
        const clock = new SimulatedClock();
        const actors = new Map<string, ReturnType<typeof createActor<typeof orderMachine>>>();
        let now = 0;
        for (const [i, { order, cents, after }] of steps.entries()) {
          // Delays that end at the instant of an event come first: the watermark has then passed them.
          now += after + 1;
          pass(clock, after + 1);
          test.watermark(now);
          if (i === restartAt) test.restart();
          test.send('orders', { order, cents, at: now });
          if (cents === 0) continue;
          let actor = actors.get(order);
          if (actor === undefined) {
            actor = createActor(orderMachine, { clock });
            const note = (event: object) => expected.push({ key: order, ...event, ts: clock.now() });
            actor.on('*', note);
            actors.set(order, actor.start());
          }
          // xstate warns of what is sent to a machine that is done.
          if (actor.getSnapshot().status === 'active')
            actor.send(cents > 0 ? { type: 'PAID', cents } : { type: 'SHIPPED' });
        }
        pass(clock, 10_000);
        test.watermark(now + 10_000);
        const found = [
          ...test.output('reminders').map((event) => ({ type: 'reminders', ...event })),
          ...test.output('closed').map((event) => ({ type: 'closed', ...event })),
        ];
        const sorted = (events: object[]) => events.map((event) => JSON.stringify(Object.entries(event).sort())).sort();
        expect(sorted(found)).toEqual(sorted(expected));
      }),
      { numRuns: 30 },
    );
  });

  it('has its snapshot as JSON for state, and its delays as timers', () => {
    const test = testOperator(orders, INPUT);
    test.send('orders', { order: 'a', cents: 5, at: 100 });
    expect(JSON.parse(test.state('a')?.snapshot ?? '')).toMatchObject({
      value: 'paid',
      context: { paid: 5 },
      status: 'active',
    });
    expect(test.timers('a')).toEqual([5100]);
    test.watermark(5100);
    expect(test.output('closed')).toEqual([{ key: 'a', how: 'expired', paid: 5, ts: 5100 }]);
    test.send('orders', { order: 'a', cents: 5, at: 6000 });
    expect(test.output('closed')).toEqual([]);
    expect(test.timers('a')).toEqual([]);
  });

  it('forgets a machine that is done, where that is asked for', () => {
    const clearing = defineMachineOperator({
      machine: orderMachine,
      whenDone: 'clear',
      streams: { orders: { order: 'string', at: 'timestamp-millis' } },
      events: { orders: () => ({ type: 'PAID', cents: 1 }) },
      outputs: { closed: { how: 'string', paid: 'int' } },
    });
    const test = testOperator(clearing, INPUT);
    test.send('orders', { order: 'a', at: 0 });
    test.watermark(5000);
    expect(test.keyCount()).toBe(0);
  });

  it('gives the same on any number of partitions, however its input is cut', () => {
    const script = [3, 1, 2, 1, 3, 2].flatMap((order, i) => [
      { stream: 'orders', event: { order: `o${order}`, cents: (i % 3) - 1 || 1, at: i * 700 } },
      { watermark: i * 700 - 500 },
    ]);
    checkDeterminism(orders, { ...INPUT, script });
  });

  it('starts no other actors', () => {
    const inviting = defineMachineOperator({
      machine: setup({ actors: { load: fromPromise(async () => 1) } }).createMachine({ invoke: { src: 'load' } }),
      events: { 'payments.transactions': () => ({ type: 'x' }) },
    });
    const test = testOperator(inviting, { input: { 'payments.transactions': 'customerId' } });
    const event = { transactionId: 1, customerId: 1, terminalId: 1, amountCents: 1, occurredAt: 1 };
    expect(() => test.send('payments.transactions', event)).toThrow('has no other actors');
  });
});
