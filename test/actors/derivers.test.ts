/** The actor that derives, with operators of the engine and with those of a domain: they differ in what they hold, not in their life. */
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { deriverMachine } from '../../src/actors/deriver.ts';
import { createFraudOperator } from '../../src/fraud/operator.ts';
import type { Transaction } from '../../src/fraud/schemas.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import type { LateEvent } from '../../src/messages/streams.ts';
import type { EventsStep, Step } from '../../src/partition/steps.ts';
import { type Operator, type OperatorAnew, UnreadableStateError } from '../../src/streams/operator.ts';
import { createWindowOperator, resultTypeOf } from '../../src/streams/window-operator.ts';

const transactions: Transaction[] = [0, 1000].map((occurredAt, i) => ({
  transactionId: i + 1,
  customerId: 1,
  terminalId: 1,
  amountCents: 100,
  occurredAt,
}));
const eventsStep: EventsStep = {
  kind: 'events',
  stream: 's',
  columns: columnsOfEvents(transactions),
  timesMs: new Float64Array([0, 1000]),
  watermarkMs: Number.NEGATIVE_INFINITY,
  watermarksMs: new Float64Array([-1, 999]),
  at: null,
};
const AT_5000: Step = { kind: 'watermark', watermarkMs: 5000 };

const spec = {
  name: 'w',
  keyField: null,
  window: { kind: 'tumbling' as const, sizeMs: 1000, offsetMs: 0 },
  allowedLatenessMs: 0,
  earlyMs: null,
  where: null,
  aggregates: [],
};
const NO_FIELDS = { type: 'record', name: 'S', fields: [] } as const;
const result = resultTypeOf(spec);
const windows = (late: LateEvent[] = []): Operator =>
  createWindowOperator(spec, result, { stream: 's', schema: NO_FIELDS }, late);
const cards = (): Operator => {
  const rules = { amountCents: 1000, velocityCount: 10, deviations: 4, minHistory: 3 };
  return createFraudOperator(
    'fraud',
    { sessionGapMs: 500, caseQuietMs: 1000, rules },
    { stream: 's', schema: transactionType.schema },
    [],
  );
};
const broken = (): never => {
  throw new Error('a bug');
};

function deriver(...operators: readonly Operator[]) {
  const actor = createActor(deriverMachine, { input: { operators } });
  const anew: OperatorAnew[] = [];
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  const state = { kind: 'window', name: 'w', definition: null, schema: '', count: 0, bytes: Buffer.alloc(0) };
  return {
    apply: (...steps: readonly Step[]) => actor.send({ type: 'APPLY', steps }),
    send: (type: 'RECOVERED' | 'DRAIN') => actor.send({ type }),
    restore: () =>
      actor.send({
        type: 'RESTORE',
        states: [state, { ...state, kind: 'fraud', name: 'fraud' }],
        anew: (some) => void anew.push(...some),
      }),
    state: () => actor.getSnapshot().value,
    status: () => actor.getSnapshot().status,
    error: () => error,
    anew,
  };
}

/** Events in the output that shows whether something closed, and what is left there for the next look. */
const closed = (operator: Operator): number => {
  const output = operator.outputs.find(({ stream }) => stream === 'w' || stream === 'fraud.sessions');
  return output?.events.take()?.count ?? 0;
};

describe.each([
  ['a window aggregator', windows],
  ['a fraud session', cards],
])('%s', (_, create: () => Operator) => {
  test('restores only while it recovers, derives in both live states, and stops when it is drained', () => {
    const operator = create();
    const actor = deriver(operator);
    expect(actor.state()).toBe('recovering');
    actor.apply(eventsStep);
    expect(closed(operator)).toBe(1);
    actor.send('RECOVERED');
    expect(actor.state()).toBe('running');
    actor.apply(AT_5000);
    expect(closed(operator)).toBe(1);
    actor.send('DRAIN');
    expect([actor.state(), actor.status()]).toEqual(['stopped', 'done']);
  });

  test('stops when it is drained while it recovers', () => {
    const actor = deriver({ ...create(), restore() {} });
    actor.restore();
    actor.send('DRAIN');
    expect([actor.state(), actor.status()]).toEqual(['stopped', 'done']);
  });

  test('does not restore any more once it runs', () => {
    const actor = deriver({ ...create(), restore: broken });
    actor.send('RECOVERED');
    actor.restore();
    expect([actor.state(), actor.status()]).toEqual(['running', 'active']);
  });

  test('says which of its operators have no state that they can go on from, and why', () => {
    const restored = { ...create(), restore() {} };
    const other = { ...create(), name: 'other' };
    const unreadable = () => {
      throw new UnreadableStateError('it is of another shape');
    };
    const actor = deriver(restored, other);
    actor.restore();
    expect(actor.anew).toMatchObject([{ name: 'other', why: 'it is new here' }]);
    const second = deriver({ ...create(), restore: unreadable });
    second.restore();
    expect(second.anew).toMatchObject([{ why: 'it is of another shape' }]);
    expect(second.status()).toBe('active');
  });

  test.each(['add', 'advance', 'restore'] as const)(
    'ends in an error when %s throws, and derives nothing after it',
    (call) => {
      const operator = { ...create(), [call]: broken };
      const actor = deriver(operator);
      if (call === 'restore') actor.restore();
      else actor.apply(eventsStep, AT_5000);
      expect([actor.status(), actor.error()]).toMatchObject(['error', { message: 'a bug' }]);
      closed(operator);
      actor.apply(eventsStep);
      expect(closed(operator)).toBe(0);
    },
  );
});

test('a fraud session that is given another stream than transactions ends in an error that says so', () => {
  const actor = deriver(cards());
  actor.apply({ ...eventsStep, columns: columnsOfEvents([{ customerId: 1 }]) });
  expect(actor.error()).toMatchObject({ message: expect.stringContaining('no numeric field transactionId') });
});

test('an operator sees of events that it does not take how the watermark moves', () => {
  const operator = windows();
  const actor = deriver(operator);
  actor.apply(eventsStep);
  closed(operator);
  actor.apply({ ...eventsStep, stream: 'other', watermarkMs: 999, watermarksMs: new Float64Array([999, 5000]) });
  expect(closed(operator)).toBe(1);
});

test('the results of an event that fires a window come before those of the next event', () => {
  const late: LateEvent[] = [];
  const operator = windows(late);
  const actor = deriver(operator);
  actor.apply({
    ...eventsStep,
    columns: columnsOfEvents([...transactions, ...transactions.slice(0, 1)]),
    timesMs: new Float64Array([0, 1000, 0]),
    watermarksMs: new Float64Array([-1, 999, 999]),
  });
  const block = operator.outputs[0]?.events.take();
  expect(result.type.decodeBlock(block?.bytes ?? Buffer.alloc(0))).toMatchObject([{ start: 0, count: 1, at: 999 }]);
  expect(late).toMatchObject([{ occurredAt: 0, latenessMs: 0 }]);
});
