/** The check finds what it is for: results that depend on how the input was cut, on partitions, or on a restart. */
import { defineOperator } from 'millrace';
import { checkDeterminism, type ScriptStep } from 'millrace/testing';
import { expect, it } from 'vitest';
import velocity from './velocity.ts';

const events = { ticks: { key: 'int', at: 'timestamp-millis' } } as const;
const outputs = { seen: { n: 'int' } } as const;
const ticks = Array.from({ length: 40 }, (_, i) => ({ key: i % 7, at: i }));
const script = ticks.flatMap((event): ScriptStep[] => [
  { stream: 'ticks', event },
  ...(event.at % 5 === 0 ? [{ watermark: event.at - 3 }] : []),
]);
const options = { input: { ticks: 'key' }, script };

it('an operator of state and event time passes', () => {
  const pays = ticks.map(({ key, at }): ScriptStep => {
    const event = { transactionId: at, customerId: key, terminalId: 1, amountCents: 1, occurredAt: at * 10_000 };
    return { stream: 'payments.transactions', event };
  });
  const input = { 'payments.transactions': 'customerId' };
  expect(() => checkDeterminism(velocity, { input, options: { limit: 2 }, script: pays })).not.toThrow();
});

it('a count in the module is found', () => {
  let n = 0;
  const counting = defineOperator({ events, outputs, on: { ticks: (_, __, ctx) => ctx.emit('seen', { n: n++ }) } });
  expect(() => checkDeterminism(counting, options)).toThrow('output seen of key 0 is not the same');
});

it('a state beside the state is found by a restart', () => {
  const beside = new Map<number, number>();
  const leaking = defineOperator({
    events,
    outputs,
    state: { run: 'int' },
    on: {
      ticks(event, state, ctx) {
        // Begins anew with each run, and does not notice a restart.
        if (event.at < 7) beside.set(event.key, 0);
        const n = (beside.get(event.key) ?? 0) + 1;
        beside.set(event.key, n);
        state.run = n;
        if (event.at > 30 && ctx.key === 3)
          ctx.emit('seen', { n: [...beside.values()].reduce((sum, each) => sum + each, 0) });
      },
    },
  });
  expect(() => checkDeterminism(leaking, options)).toThrow(/on \d partitions/);
});
