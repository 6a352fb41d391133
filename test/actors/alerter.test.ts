import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, SimulatedClock } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { type AlertQueue, enqueue, type PendingAlert } from '../../src/actors/alert-queue.ts';
import { type AlerterPorts, alerterMachine } from '../../src/actors/alerter.ts';
import { DEFAULT_DELIVERY_POLICY, retryDelayMs } from '../../src/actors/delivery-policy.ts';
import { type SupervisedActor, startSupervised } from '../../src/actors/supervised.ts';
import type { AlertDelivery } from '../../src/messages/operations.ts';
import { DeliveryError } from '../../src/sinks/sink.ts';
import { alertOf } from '../sinks/alert-fixture.ts';
import { settle } from './supervision-fixture.ts';

interface Bench {
  readonly clock: SimulatedClock;
  readonly actor: SupervisedActor<typeof alerterMachine>;
  /** Keys in the order in which the sink was given them. */
  readonly keys: string[];
  readonly signals: AbortSignal[];
  readonly recorded: AlertDelivery[];
  readonly saved: string[];
  readonly failures: Error[];
  give(ids: readonly string[], offset: number, log?: string): { taken: boolean };
  pass(ms: number): Promise<void>;
}

const pending = (id: string, raisedAtMs = 0): PendingAlert => ({ alert: alertOf(id), raisedAtMs });

type Answer = (key: string, call: number) => Promise<void>;

const policy = {
  giveUpAfterMs: 3000,
  turnAttempts: 1000,
  minBackoffMs: 100,
  maxBackoffMs: 1000,
  breakerFailures: 100,
  breakerMs: 60_000,
};

function startBench(answer: Answer, overrides: Partial<AlerterPorts> = {}, limits: object = {}): Bench {
  const clock = new SimulatedClock();
  const keys: string[] = [];
  const signals: AbortSignal[] = [];
  const recorded: AlertDelivery[] = [];
  const saved: string[] = [];
  const failures: Error[] = [];
  const ports: AlerterPorts = {
    sink: {
      name: 'hook',
      deliver(_, key, signal) {
        keys.push(key);
        signals.push(signal);
        return answer(key, keys.length - 1);
      },
    },
    undelivered: async () => [],
    record: async (delivery) => void recorded.push(delivery),
    savePosition: async (log, offset) => void saved.push(`${log}@${offset}`),
    nowMs: () => clock.now(),
    random: () => 1,
    ...overrides,
  };
  const actor = startSupervised(
    alerterMachine,
    { ports, policy, ...limits },
    { clock, failed: (error) => failures.push(error), stopped: () => {} },
  );
  return {
    clock,
    actor,
    keys,
    signals,
    recorded,
    saved,
    failures,
    give(ids, offset, log = 'payments-0') {
      const tail = { taken: false };
      const taken = (): void => {
        tail.taken = true;
      };
      actor.send({ type: 'ALERTS', alerts: ids.map((id) => pending(id)), upTo: { log, offset }, taken });
      return tail;
    },
    async pass(ms) {
      await settle();
      clock.increment(ms);
      await settle();
    },
  };
}

const accept: Answer = async () => {};
const refuse: Answer = async () => {
  throw new Error('no route');
};
const outcomes = ({ recorded }: Bench): string[] =>
  recorded.map(({ alertId, outcome, attempts }) => `${alertId} ${outcome} after ${attempts}`);

describe('an alerter', () => {
  it('delivers in order, records each outcome, and then saves the position', async () => {
    const bench = startBench(accept);
    await settle();
    bench.give(['a', 'b'], 17);
    await settle();
    expect(bench.keys).toEqual(['a', 'b']);
    expect(bench.recorded).toEqual([
      { alertId: 'a', sink: 'hook', outcome: 'delivered', attempts: 1, error: null, changedAt: 0 },
      { alertId: 'b', sink: 'hook', outcome: 'delivered', attempts: 1, error: null, changedAt: 0 },
    ]);
    expect(bench.saved).toEqual(['payments-0@17']);
    expect(bench.actor.child.state()).toBe('idle');
  });

  it('saves no position while an alert before it has no durable outcome', async () => {
    let makeDurable = (): void => {};
    const record = (): Promise<void> => new Promise((resolve) => (makeDurable = resolve));
    const bench = startBench(accept, { record });
    await settle();
    bench.give(['a'], 17);
    await settle();
    expect(bench.keys).toEqual(['a']);
    expect(bench.saved).toEqual([]);
    makeDurable();
    await settle();
    expect(bench.saved).toEqual(['payments-0@17']);
  });

  // Ceilings of full jitter with random = 1: 100, 200, 400, 800, then 1,000 each.
  it('tries again after exponential backoff, each time with the same key, until the alert is too old', async () => {
    const bench = startBench(refuse);
    await settle();
    bench.give(['a'], 1);
    for (const [i, wait] of [100, 200, 400, 800, 1000].entries()) {
      await bench.pass(wait - 1);
      expect(bench.keys).toHaveLength(i + 1);
      expect(bench.actor.child.state()).toBe('backingOff');
      await bench.pass(1);
    }
    expect(bench.recorded).toEqual([]);
    // 2,500 ms old at the sixth refusal, 3,500 at the seventh.
    await bench.pass(1000);
    expect(bench.keys).toEqual(Array.from({ length: 7 }, () => 'a'));
    expect(bench.recorded).toMatchObject([{ outcome: 'abandoned', attempts: 7, error: 'no route' }]);
    expect(bench.saved).toEqual(['payments-0@1']);
  });

  it('outlives an outage of two days by default, and delivers what was raised meanwhile', async () => {
    const DAY_MS = 86_400_000;
    let isDown = true;
    const answer: Answer = async () => {
      if (isDown) throw new Error('no route');
    };
    const bench = startBench(answer, {}, { policy: DEFAULT_DELIVERY_POLICY });
    await settle();
    bench.give(['a', 'b'], 1);
    for (let minute = 0; minute < (2 * DAY_MS) / 60_000; minute++) await bench.pass(60_000);
    expect(bench.recorded).toEqual([]);
    isDown = false;
    await bench.pass(60_000);
    await bench.pass(60_000);
    expect(bench.recorded.map(({ alertId, outcome }) => `${alertId} ${outcome}`).sort()).toEqual([
      'a delivered',
      'b delivered',
    ]);
  });

  it('tries once an alert that was too old when it came', async () => {
    const bench = startBench(accept, { nowMs: () => 1_000_000 });
    await settle();
    bench.give(['a'], 1);
    await settle();
    expect(outcomes(bench)).toEqual(['a delivered after 1']);
  });

  it('gives the alerts behind one that is refused again and again their turn', async () => {
    const limits = { policy: { ...policy, turnAttempts: 3 } };
    const bench = startBench(
      async (key) => {
        if (key === 'bad') throw new Error('500');
      },
      {},
      limits,
    );
    await settle();
    bench.give(['bad', 'b', 'c'], 3);
    for (const wait of [100, 200, 400]) await bench.pass(wait);
    expect(bench.keys.slice(0, 5)).toEqual(['bad', 'bad', 'bad', 'b', 'c']);
    expect(outcomes(bench)).toEqual(['b delivered after 1', 'c delivered after 1']);
    expect(bench.saved).toEqual([]);
    for (let i = 0; i < 5; i++) await bench.pass(1000);
    expect(outcomes(bench).at(-1)).toMatch(/^bad abandoned after/);
    expect(bench.saved).toEqual(['payments-0@3']);
  });

  it('abandons at once what the receiver will never take', async () => {
    const bench = startBench(async (key) => {
      if (key === 'bad') throw new DeliveryError({ kind: 'permanent', status: 400 }, 'answered 400');
    });
    await settle();
    bench.give(['bad', 'good'], 2);
    await settle();
    expect(outcomes(bench)).toEqual(['bad abandoned after 1', 'good delivered after 1']);
  });

  it('counts the attempts of each alert on its own', async () => {
    const bench = startBench(async (_, call) => {
      if (call === 0 || call === 2) throw new Error('once');
    });
    await settle();
    bench.give(['a', 'b'], 2);
    await bench.pass(100);
    await bench.pass(100);
    expect(outcomes(bench)).toEqual(['a delivered after 2', 'b delivered after 2']);
  });

  it('waits for the circuit once failures follow each other, whichever alerts they were for', async () => {
    const limits = { policy: { ...policy, giveUpAfterMs: 100, breakerFailures: 2 } };
    const bench = startBench(refuse, {}, limits);
    await settle();
    bench.give(['a', 'b'], 2);
    await bench.pass(100);
    expect(outcomes(bench)).toEqual(['a abandoned after 2']);
    await bench.pass(59_999);
    expect(bench.keys).toEqual(['a', 'a']);
    await bench.pass(1);
    expect(bench.keys).toEqual(['a', 'a', 'b']);
  });

  it('pauses the tail while its queue is full, and resumes it when there is room', async () => {
    let release = (): void => {};
    const bench = startBench(
      (_, call) => (call === 0 ? new Promise((resolve) => (release = resolve)) : accept('', 0)),
      {},
      { queueBound: 3 },
    );
    await settle();
    const first = bench.give(['a'], 1);
    const second = bench.give(['b', 'c'], 3);
    await settle();
    expect(first.taken).toBe(true);
    expect(second.taken).toBe(false);
    release();
    await settle();
    expect(second.taken).toBe(true);
    expect(bench.keys).toEqual(['a', 'b', 'c']);
  });

  it('does not queue an alert twice', async () => {
    const bench = startBench(accept, { undelivered: async () => [pending('a'), pending('b')] });
    bench.give(['b', 'c'], 9);
    await settle();
    expect(bench.keys).toEqual(['a', 'b', 'c']);
  });
});

describe('an alerter that stops', () => {
  it('goes on with its queue while the sink takes it', async () => {
    let release = (): void => {};
    const bench = startBench((_, call) => (call === 0 ? new Promise((resolve) => (release = resolve)) : accept('', 0)));
    await settle();
    bench.give(['a', 'b'], 2);
    const stopped = bench.actor.child.drain();
    expect(bench.actor.child.state()).toBe('draining');
    release();
    await stopped;
    expect(outcomes(bench)).toEqual(['a delivered after 1', 'b delivered after 1']);
    expect(bench.saved).toEqual(['payments-0@2']);
  });

  it('leaves the rest for the next start at the first refusal', async () => {
    const bench = startBench(refuse);
    await settle();
    bench.give(['a', 'b'], 2);
    await bench.actor.child.drain();
    expect(bench.keys).toEqual(['a']);
    expect(bench.recorded).toEqual([]);
    expect(bench.saved).toEqual([]);
  });

  it('stops at once while it waits', async () => {
    const bench = startBench(refuse);
    await settle();
    bench.give(['a'], 1);
    await settle();
    expect(bench.actor.child.state()).toBe('backingOff');
    await bench.actor.child.drain();
    expect(bench.actor.child.state()).toBe('stopped');
  });

  it('aborts the delivery under way when it is killed', async () => {
    const bench = startBench(() => new Promise(() => {}));
    await settle();
    bench.give(['a'], 1);
    await settle();
    bench.actor.child.kill();
    expect(bench.signals[0]?.aborted).toBe(true);
  });
});

describe('an alerter that crashes', () => {
  it('fails when an outcome cannot be recorded, and its next life delivers the alert again under the same key', async () => {
    const bench = startBench(accept, {
      record: async () => {
        throw new Error('the journal is closed');
      },
    });
    await settle();
    bench.give(['a'], 5);
    await settle();
    expect(bench.failures.map(({ message }) => message)).toEqual(['the journal is closed']);
    expect(bench.saved).toEqual([]);
    const next = startBench(accept, { undelivered: async () => [pending('a')] });
    await settle();
    expect([...bench.keys, ...next.keys]).toEqual(['a', 'a']);
    expect(outcomes(next)).toEqual(['a delivered after 1']);
  });

  it('fails when it cannot read what is undelivered', async () => {
    const bench = startBench(accept, {
      undelivered: async () => {
        throw new Error('no such log');
      },
    });
    await settle();
    expect(bench.failures.map(({ message }) => message)).toEqual(['no such log']);
  });

  it('takes a sink that throws before it returns a promise as one that refuses', async () => {
    const bench = startBench(() => {
      throw new Error('not even a promise');
    });
    await settle();
    bench.give(['a'], 1);
    await settle();
    expect(bench.failures).toEqual([]);
    expect(bench.actor.child.state()).toBe('backingOff');
  });

  it('delivers everything at least once and in order, whatever the sink does and wherever it crashes', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.integer({ min: 0, max: 6 }),
        async (refusals, crashAt) => {
          const durable: AlertDelivery[] = [];
          const taken = new Set<string>();
          let calls = 0;
          let records = 0;
          const answer: Answer = async (key) => {
            if (refusals[calls++] === true) throw new Error('refused');
            taken.add(key);
          };
          const record = async (delivery: AlertDelivery): Promise<void> => {
            if (records++ === crashAt) throw new Error('crash');
            durable.push(delivery);
          };
          for (let life = 0; life < 2; life++) {
            const settled = new Set(durable.map(({ alertId }) => alertId));
            const undelivered = async () => ids.filter((id) => !settled.has(id)).map((id) => pending(id));
            const bench = startBench(
              answer,
              { record, undelivered },
              { policy: { ...policy, giveUpAfterMs: 1_000_000 } },
            );
            for (let i = 0; i < 40; i++) await bench.pass(1000);
            bench.actor.child.kill();
          }
          expect([...taken]).toEqual(ids);
          expect(durable.map(({ alertId }) => alertId)).toEqual(ids);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('delivery policy', () => {
  it('keeps the wait within the ceiling of full jitter, or at the breaker once it is open', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, failures, random) => {
          const { minBackoffMs, maxBackoffMs, breakerFailures, breakerMs } = DEFAULT_DELIVERY_POLICY;
          const delayMs = retryDelayMs(attempt, failures, random, DEFAULT_DELIVERY_POLICY);
          if (failures >= breakerFailures) expect(delayMs).toBeGreaterThanOrEqual(breakerMs);
          else expect(delayMs).toBeLessThanOrEqual(Math.min(maxBackoffMs, minBackoffMs * 2 ** (attempt - 1)));
          expect(delayMs).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

describe('the queue of an alerter', () => {
  it('does not grow while a quiet tail moves on', () => {
    let queue: AlertQueue = [];
    for (let offset = 0; offset < 1000; offset++) {
      queue = enqueue(queue, [], { log: `payments-${offset % 3}`, offset });
    }
    expect(queue.length).toBeLessThanOrEqual(4);
  });

  it('never moves a position of a log in front of an alert that came before it', () => {
    const queue = enqueue(enqueue([], [pending('a')], { log: 'x', offset: 1 }), [pending('b')], {
      log: 'x',
      offset: 2,
    });
    expect(queue.map((item) => (item.kind === 'alert' ? item.alert.alertId : item.position.offset))).toEqual([
      'a',
      1,
      'b',
      2,
    ]);
  });
});

describe('every path through the alerter machine', () => {
  const ports: AlerterPorts = {
    sink: { name: 'hook', deliver: async () => {} },
    undelivered: async () => [],
    record: async () => {},
    savePosition: async () => {},
    nowMs: () => 0,
    random: () => 0,
  };
  // The courier answers only what it was asked: an outcome for an alert, SETTLED for what was written.
  const outcomes = [
    { type: 'DELIVERED' },
    { type: 'REFUSED', message: 'no', permanent: false },
    { type: 'REFUSED', message: 'never', permanent: true },
  ];
  const events = [
    { type: 'ALERTS', alerts: [pending('a')], upTo: { log: 'x', offset: 1 } },
    { type: 'SETTLED' },
    { type: 'DRAIN' },
    { type: 'xstate.done.actor.0.alerter.recovering', output: [], actorId: '0.alerter.recovering' },
    { type: 'xstate.after.backoff.alerter.backingOff' },
  ];
  // Widened, because xstate's own events are not among those of the machine's type.
  const logic: AnyStateMachine = alerterMachine;
  const map = getAdjacencyMap(logic, {
    input: { ports, policy },
    events: ({ context }) => (context.queue[0]?.kind === 'alert' ? [...events, ...outcomes] : events),
    serializeState: ({ value, context }) =>
      `${value} ${context.queue.length} ${context.queue[0]?.kind === 'alert' && context.queue[0].attempts > 0}`,
    limit: 5000,
  });
  const edges = adjacencyMapToArray(map).map(({ state, event, nextState }) => ({
    from: String(state.value),
    event: event.type,
    to: String(nextState.value),
  }));

  it('reaches every state of the diagram, and none besides', () => {
    const states = ['recovering', 'idle', 'delivering', 'backingOff', 'recording', 'draining', 'stopped'];
    expect(new Set(edges.flatMap(({ from, to }) => [from, to]))).toEqual(new Set(states));
  });

  it('finishes what is under way when it drains, and stops at once everywhere else', () => {
    const underWay = ['delivering', 'recording', 'draining'];
    for (const { from, to } of edges.filter(({ event, from }) => event === 'DRAIN' && from !== 'stopped')) {
      expect(`${from} to ${to}`).toBe(`${from} to ${underWay.includes(from) ? 'draining' : 'stopped'}`);
    }
  });

  it('goes from draining nowhere but to stopped', () => {
    const targets = new Set(edges.filter(({ from }) => from === 'draining').map(({ to }) => to));
    expect(targets).toEqual(new Set(['draining', 'stopped']));
  });
});
