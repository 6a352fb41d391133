/** The types that an operator's schemas give: each expected error must be one. */
import { defineMachineOperator, defineOperator, type FromShape, typed } from 'millrace';
import { testOperator } from 'millrace/testing';
import { expect, expectTypeOf, it } from 'vitest';
import { setup } from 'xstate';
import velocity from './velocity.ts';

it('types of fields come of short schemas, of defaults, of nulls and of Avro', () => {
  const shape = {
    n: 'int',
    at: 'timestamp-millis',
    note: 'string?',
    limit: { type: 'double', default: 1.5 },
    tags: { type: 'array', items: 'string' },
    kind: { type: 'enum', name: 'Kind', symbols: ['a', 'b'] },
  } as const;
  expectTypeOf<FromShape<typeof shape>>().toEqualTypeOf<{
    n: number;
    at: number;
    note: string | null;
    limit: number;
    tags: string[];
    kind: 'a' | 'b';
  }>();
});

it('events, state, options, outputs and keys are typed where they are used', () => {
  const operator = defineOperator({
    key: 'string',
    state: { total: 'double', last: 'string?' },
    options: { limit: 'int' },
    outputs: { over: { total: 'double' } },
    broadcast: { factor: 'double' },
    events: { orders: { orderId: 'string', amount: 'double' }, notes: typed<{ text: string }>() },
    on: {
      orders(event, state, ctx) {
        expectTypeOf(event).toEqualTypeOf<Readonly<{ orderId: string; amount: number }>>();
        expectTypeOf(state).toEqualTypeOf<{ total: number; last: string | null }>();
        expectTypeOf(ctx.key).toEqualTypeOf<string>();
        expectTypeOf(ctx.options.limit).toEqualTypeOf<number>();
        expectTypeOf(ctx.broadcast.factor).toEqualTypeOf<number>();
        ctx.emit('over', { total: 1 });
        // @ts-expect-error: no such output
        ctx.emit('under', { total: 1 });
        // @ts-expect-error: a wrong type
        ctx.emit('over', { total: '1' });
        // @ts-expect-error: no such field
        state.count = 1;
        // @ts-expect-error: events are read only
        event.amount = 1;
      },
      'payments.transactions'(event) {
        expectTypeOf(event.amountCents).toEqualTypeOf<number>();
      },
      notes: (event) => expectTypeOf(event.text).toEqualTypeOf<string>(),
      // @ts-expect-error: a stream that nothing is known of
      refunds() {},
    },
    // @ts-expect-error: initial lacks a field
    initial: () => ({ total: 0 }),
  });
  expect(operator.millrace).toBe('operator');
});

it('a machine gets events that it knows', () => {
  const machine = setup({ types: { events: {} as { type: 'PAID'; cents: number } } }).createMachine({});
  defineMachineOperator({
    machine,
    events: { 'payments.transactions': ({ amountCents }) => ({ type: 'PAID', cents: amountCents }) },
  });
  defineMachineOperator({
    machine,
    // @ts-expect-error: the machine has no such event
    events: { 'payments.transactions': () => ({ type: 'REFUNDED' }) },
  });
});

it('what a test reads is typed by the same schemas', () => {
  const test = testOperator(velocity, { input: { 'payments.transactions': 'customerId' }, options: { limit: 1 } });
  expectTypeOf(test.state(1)).toEqualTypeOf<{ count: number; firstAt: number } | null>();
  expectTypeOf(test.output('breaches')).items.toExtend<{ card: number; count: number; ts: number }>();
  // @ts-expect-error: no such output
  expect(() => test.output('breach')).toThrow('there is no output breach');
});
