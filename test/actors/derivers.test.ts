/** The two actors that derive: window aggregator and fraud session. They differ in what they hold, not in their life. */
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { fraudSessionMachine } from '../../src/actors/fraud-session.ts';
import { windowAggregatorMachine } from '../../src/actors/window-aggregator.ts';
import { createFraudDetector, type FraudDetector } from '../../src/fraud/detector.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import type { SessionClosed, Transaction } from '../../src/messages/payments.ts';
import type { LateEvent } from '../../src/messages/streams.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { EventsStep, Step, Work } from '../../src/partition/work.ts';
import type { WindowOperator } from '../../src/streams/window-kind.ts';
import { createWindows } from '../../src/streams/window-operator.ts';

const transactions: Transaction[] = [0, 1000].map((occurredAt, i) => ({
  transactionId: i + 1,
  customerId: 1,
  terminalId: 1,
  amountCents: 100,
  occurredAt,
}));
const eventsStep: EventsStep = {
  kind: 'events',
  channel: '',
  columns: columnsOfEvents(transactions),
  timesMs: new Float64Array([0, 1000]),
  watermarkBeforeMs: Number.NEGATIVE_INFINITY,
  watermarksMs: new Float64Array([-1, 999]),
};

/** Work that keeps what it is given. */
function work(...steps: readonly Step[]) {
  const windows: WindowResult[] = [];
  const late: LateEvent[] = [];
  const sessions: SessionClosed[] = [];
  const derived = {
    windows: new Map([['w', windows]]),
    joined: [],
    controls: [],
    flushes: [],
    selected: new Map(),
    late,
    sessions,
    scores: [],
    alerts: [],
    cases: [],
  };
  return { steps, derived, windows, late, sessions };
}
type KeptWork = ReturnType<typeof work>;

const operator = (): WindowOperator =>
  createWindows({
    name: 'w',
    keyField: null,
    window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: [],
  });
const detector = (): FraudDetector =>
  createFraudDetector({
    sessionGapMs: 500,
    caseQuietMs: 1000,
    rules: { amountCents: 1000, velocityCount: 10, deviations: 4, minHistory: 3 },
  });
const broken = (): never => {
  throw new Error('a bug');
};

/** The life of either actor, seen from outside. */
interface Life {
  send(event: { type: 'RECOVERED' } | { type: 'DRAIN' } | { type: 'APPLY'; work: Work } | 'RESTORE'): void;
  state(): unknown;
  status(): string;
  error(): unknown;
}

function aggregator(operators: readonly WindowOperator[]): Life {
  const actor = createActor(windowAggregatorMachine, { input: { operators, join: null, selections: [] } });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  return {
    send: (event) => actor.send(event === 'RESTORE' ? { type: 'RESTORE', state: { windows: [], joined: [] } } : event),
    state: () => actor.getSnapshot().value,
    status: () => actor.getSnapshot().status,
    error: () => error,
  };
}

function session(held: FraudDetector): Life {
  const actor = createActor(fraudSessionMachine, { input: { detector: held } });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  return {
    send: (event) => actor.send(event === 'RESTORE' ? { type: 'RESTORE', cards: [] } : event),
    state: () => actor.getSnapshot().value,
    status: () => actor.getSnapshot().status,
    error: () => error,
  };
}

const kinds = [
  {
    kind: 'a window aggregator',
    whole: () => aggregator([operator()]),
    failing: (call: 'add' | 'advance' | 'restore') => aggregator([{ ...operator(), [call]: broken }]),
    counted: ({ windows }: KeptWork) => windows.map(({ count }) => count),
  },
  {
    kind: 'a fraud session',
    whole: () => session(detector()),
    failing: (call: 'add' | 'advance' | 'restore') => session({ ...detector(), [call]: broken }),
    counted: ({ sessions }: KeptWork) => sessions.map(({ count }) => count),
  },
];

describe.each(kinds)('$kind', ({ whole, failing, counted }) => {
  test('restores only while it recovers, derives in both live states, and stops when it is drained', () => {
    const actor = whole();
    expect(actor.state()).toBe('recovering');
    const replayed = work(eventsStep);
    actor.send({ type: 'APPLY', work: replayed });
    expect(counted(replayed)).toEqual([1]);
    actor.send({ type: 'RECOVERED' });
    expect(actor.state()).toBe('running');
    const live = work({ kind: 'watermark', watermarkMs: 5000 });
    actor.send({ type: 'APPLY', work: live });
    expect(counted(live)).toEqual([1]);
    actor.send({ type: 'DRAIN' });
    expect([actor.state(), actor.status()]).toEqual(['stopped', 'done']);
  });

  test('stops when it is drained while it recovers', () => {
    const actor = whole();
    actor.send('RESTORE');
    actor.send({ type: 'DRAIN' });
    expect([actor.state(), actor.status()]).toEqual(['stopped', 'done']);
  });

  test('does not restore any more once it runs', () => {
    const actor = failing('restore');
    actor.send({ type: 'RECOVERED' });
    actor.send('RESTORE');
    expect([actor.state(), actor.status()]).toEqual(['running', 'active']);
  });

  test.each(['add', 'advance', 'restore'] as const)(
    'ends in an error when %s throws, and derives nothing after it',
    (call) => {
      const actor = failing(call);
      if (call === 'restore') actor.send('RESTORE');
      else actor.send({ type: 'APPLY', work: work(eventsStep, { kind: 'watermark', watermarkMs: 5000 }) });
      expect([actor.status(), actor.error()]).toMatchObject(['error', { message: 'a bug' }]);
      const after = work(eventsStep);
      actor.send({ type: 'APPLY', work: after });
      expect(counted(after)).toEqual([]);
    },
  );
});

test('a fraud session that is given another stream than transactions ends in an error that says so', () => {
  const actor = session(detector());
  actor.send({ type: 'APPLY', work: work({ ...eventsStep, columns: columnsOfEvents([{ customerId: 1 }]) }) });
  expect(actor.error()).toMatchObject({ message: expect.stringContaining('no numeric field transactionId') });
});

test('the results of an event that fires a window come before those of the next event', () => {
  const actor = aggregator([operator()]);
  const lateAfter = work({
    ...eventsStep,
    columns: columnsOfEvents([...transactions, ...transactions.slice(0, 1)]),
    timesMs: new Float64Array([0, 1000, 0]),
    watermarksMs: new Float64Array([-1, 999, 999]),
  });
  actor.send({ type: 'APPLY', work: lateAfter });
  expect(lateAfter.windows).toMatchObject([{ start: 0, count: 1, at: 999 }]);
  expect(lateAfter.late).toMatchObject([{ occurredAt: 0, latenessMs: 0 }]);
});
