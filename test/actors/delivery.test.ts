import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, SimulatedClock } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import type { Outcome } from '../../src/actors/courier.ts';
import { type DeliveryPorts, deliveryMachine } from '../../src/actors/delivery.ts';
import { DEFAULT_DELIVERY_POLICY, retryDelayMs } from '../../src/actors/delivery-policy.ts';
import { headOf, type Pending, refused, tooOld } from '../../src/actors/delivery-queue.ts';
import { type SupervisedActor, startSupervised } from '../../src/actors/supervised.ts';
import { DeliveryError } from '../../src/sinks/sink.ts';
import { alertEvent, pendingOf, streamEvent } from '../sinks/event-fixture.ts';
import { settle } from './supervision-fixture.ts';

interface Bench {
  readonly clock: SimulatedClock;
  readonly actor: SupervisedActor<typeof deliveryMachine>;
  /** Ids in the order in which the sink was given them, a delivery an entry. */
  readonly keys: string[];
  readonly signals: AbortSignal[];
  readonly settled: Outcome[];
  readonly heldBack: string[];
  readonly refusals: string[];
  readonly failures: Error[];
  /** Alerts, which yield to each other. */
  give(ids: readonly string[]): { taken: boolean };
  /** Events of a stream, which do not. */
  giveEvents(offsets: readonly number[]): void;
  pass(ms: number): Promise<void>;
}

const pending = (id: string): Pending => pendingOf(alertEvent(id));

type Answer = (key: string, call: number) => Promise<void>;

const policy = {
  giveUpAfterMs: 3000,
  turnAttempts: 1000,
  minBackoffMs: 100,
  maxBackoffMs: 1000,
  breakerFailures: 100,
  breakerMs: 60_000,
};

function startBench(answer: Answer, overrides: Partial<DeliveryPorts> = {}, limits: object = {}, events = 1): Bench {
  const clock = new SimulatedClock();
  const keys: string[] = [];
  const signals: AbortSignal[] = [];
  const settled: Outcome[] = [];
  const heldBack: string[] = [];
  const refusals: string[] = [];
  const failures: Error[] = [];
  const ports: DeliveryPorts = {
    sink: {
      name: 'hook',
      batch: { events, bytes: 1_000_000 },
      deliver(given, signal) {
        keys.push(given.map(({ id }) => id).join(' '));
        signals.push(signal);
        return answer(keys.at(-1) ?? '', keys.length - 1);
      },
    },
    settle: async (outcome) => void settled.push(outcome),
    heldBack: ({ event }) => heldBack.push(event.id),
    refused: (message) => refusals.push(message),
    nowMs: () => clock.now(),
    random: () => 1,
    ...overrides,
  };
  const actor = startSupervised(
    deliveryMachine,
    { ports, policy, ...limits },
    { clock, failed: (error) => failures.push(error), stopped: () => {} },
  );
  return {
    clock,
    actor,
    keys,
    signals,
    settled,
    heldBack,
    refusals,
    failures,
    give(ids) {
      const tail = { taken: false };
      const taken = (): void => {
        tail.taken = true;
      };
      actor.send({ type: 'EVENTS', events: ids.map(pending), taken });
      return tail;
    },
    giveEvents(offsets) {
      const own = offsets.map((offset) => pendingOf(streamEvent(offset), offset));
      actor.send({ type: 'EVENTS', events: own });
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
const outcomes = ({ settled }: Pick<Bench, 'settled'>): string[] =>
  settled.flatMap(({ kind, events }) =>
    events.map(({ event, attempts }) => `${event.id} ${kind} after ${attempts + 1}`),
  );

describe('a delivery', () => {
  it('delivers in order, and settles each event before the next is sent', async () => {
    let makeDurable = (): void => {};
    const own: Outcome[] = [];
    const settleLater = (outcome: Outcome): Promise<void> => {
      own.push(outcome);
      return new Promise((resolve) => (makeDurable = resolve));
    };
    const bench = startBench(accept, { settle: settleLater });
    bench.give(['a', 'b']);
    await settle();
    expect(bench.keys).toEqual(['a']);
    makeDurable();
    await settle();
    expect(bench.keys).toEqual(['a', 'b']);
    makeDurable();
    await settle();
    expect(outcomes({ settled: own })).toEqual(['a delivered after 1', 'b delivered after 1']);
    expect(bench.actor.child.state()).toBe('idle');
  });

  it('says why the sink takes nothing, each time that it is asked again', async () => {
    const bench = startBench(async (_, call) => {
      if (call < 2) throw new Error(`no route ${call}`);
    });
    bench.give(['a']);
    await bench.pass(0);
    await bench.pass(100);
    await bench.pass(1000);
    expect(bench.refusals).toEqual(['no route 0', 'no route 1']);
    expect(outcomes(bench)).toEqual(['a delivered after 3']);
  });

  it('sends as many at once as the sink takes, in their order', async () => {
    const bench = startBench(accept, {}, {}, 3);
    bench.giveEvents([1]);
    bench.giveEvents([2, 3, 4, 5]);
    await settle();
    expect(bench.keys).toEqual(['clicks-0/1', 'clicks-0/2 clicks-0/3 clicks-0/4', 'clicks-0/5']);
  });

  it('finds in halves the one event that the receiver will never take, and delivers all others in order', async () => {
    const offsets = Array.from({ length: 20 }, (_, i) => i);
    const answer: Answer = async (key) => {
      if (key.split(' ').includes('clicks-0/13')) throw new DeliveryError({ kind: 'permanent', status: 422 }, '422');
    };
    const bench = startBench(answer, {}, {}, 16);
    bench.giveEvents(offsets);
    await settle();
    const byKind = (kind: string): number[] =>
      bench.settled
        .filter((outcome) => outcome.kind === kind)
        .flatMap(({ events }) => events.map(({ event }) => event.offset));
    expect(byKind('abandoned')).toEqual([13]);
    expect(byKind('delivered')).toEqual(offsets.filter((offset) => offset !== 13));
  });

  it('never lets an event of a stream go in front of one that came before it', async () => {
    const bench = startBench(
      async (key) => {
        if (key === 'clicks-0/1') throw new Error('500');
      },
      {},
      { policy: { ...policy, turnAttempts: 2 } },
    );
    bench.giveEvents([1, 2]);
    for (let i = 0; i < 5; i++) await bench.pass(1000);
    expect(new Set(bench.keys.slice(0, -1))).toEqual(new Set(['clicks-0/1']));
    expect(outcomes(bench)).toEqual([expect.stringMatching(/^clicks-0\/1 abandoned/), 'clicks-0/2 delivered after 1']);
  });

  // Ceilings of full jitter with random = 1: 100, 200, 400, 800, then 1,000 each.
  it('tries again after exponential backoff, each time with the same key, until the alert is too old', async () => {
    const bench = startBench(refuse);
    bench.give(['a']);
    for (const [i, wait] of [100, 200, 400, 800, 1000].entries()) {
      await bench.pass(wait - 1);
      expect(bench.keys).toHaveLength(i + 1);
      expect(bench.actor.child.state()).toBe('backingOff');
      await bench.pass(1);
    }
    expect(bench.settled).toEqual([]);
    // 2,500 ms old at the sixth refusal, 3,500 at the seventh.
    await bench.pass(1000);
    expect(bench.keys).toEqual(Array.from({ length: 7 }, () => 'a'));
    expect(outcomes(bench)).toEqual(['a abandoned after 7']);
    expect(bench.settled).toMatchObject([{ error: 'no route' }]);
  });

  it('outlives an outage of two days by default, and delivers what was raised meanwhile', async () => {
    const DAY_MS = 86_400_000;
    let isDown = true;
    const answer: Answer = async () => {
      if (isDown) throw new Error('no route');
    };
    const bench = startBench(answer, {}, { policy: DEFAULT_DELIVERY_POLICY });
    bench.give(['a', 'b']);
    for (let minute = 0; minute < (2 * DAY_MS) / 60_000; minute++) await bench.pass(60_000);
    expect(bench.settled).toEqual([]);
    isDown = false;
    await bench.pass(60_000);
    await bench.pass(60_000);
    expect(
      bench.settled.flatMap(({ kind, events }) => events.map(({ event }) => `${event.id} ${kind}`)).sort(),
    ).toEqual(['a delivered', 'b delivered']);
  });

  it('tries once an alert that was too old when it came', async () => {
    const bench = startBench(accept, { nowMs: () => 1_000_000 });
    bench.give(['a']);
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
    bench.give(['bad', 'b', 'c']);
    for (const wait of [100, 200, 400]) await bench.pass(wait);
    expect(bench.keys.slice(0, 5)).toEqual(['bad', 'bad', 'bad', 'b', 'c']);
    expect(outcomes(bench)).toEqual(['b delivered after 1', 'c delivered after 1']);
    for (let i = 0; i < 5; i++) await bench.pass(1000);
    expect(outcomes(bench).at(-1)).toMatch(/^bad abandoned after/);
  });

  it('abandons at once what the receiver will never take', async () => {
    const bench = startBench(async (key) => {
      if (key === 'bad') throw new DeliveryError({ kind: 'permanent', status: 400 }, 'answered 400');
    });
    bench.give(['bad', 'good']);
    await settle();
    expect(outcomes(bench)).toEqual(['bad abandoned after 1', 'good delivered after 1']);
  });

  it('counts the attempts of each alert on its own', async () => {
    const bench = startBench(async (_, call) => {
      if (call === 0 || call === 2) throw new Error('once');
    });
    bench.give(['a', 'b']);
    await bench.pass(100);
    await bench.pass(100);
    expect(outcomes(bench)).toEqual(['a delivered after 2', 'b delivered after 2']);
  });

  it('waits for the circuit once failures follow each other, whichever alerts they were for', async () => {
    const limits = { policy: { ...policy, giveUpAfterMs: 100, breakerFailures: 2 } };
    const bench = startBench(refuse, {}, limits);
    bench.give(['a', 'b']);
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
    const first = bench.give(['a']);
    const second = bench.give(['b', 'c']);
    await settle();
    expect(first.taken).toBe(true);
    expect(second.taken).toBe(false);
    release();
    await settle();
    expect(second.taken).toBe(true);
    expect(bench.keys).toEqual(['a', 'b', 'c']);
  });
});

describe('a delivery that stops', () => {
  it('goes on with its queue while the sink takes it', async () => {
    let release = (): void => {};
    const bench = startBench((_, call) => (call === 0 ? new Promise((resolve) => (release = resolve)) : accept('', 0)));
    bench.give(['a', 'b']);
    const stopped = bench.actor.child.drain();
    expect(bench.actor.child.state()).toBe('draining');
    release();
    await stopped;
    expect(outcomes(bench)).toEqual(['a delivered after 1', 'b delivered after 1']);
  });

  it('leaves the rest for the next start at the first refusal', async () => {
    const bench = startBench(refuse);
    bench.give(['a', 'b']);
    await bench.actor.child.drain();
    expect(bench.keys).toEqual(['a']);
    expect(bench.settled).toEqual([]);
  });

  it('stops at once while it waits', async () => {
    const bench = startBench(refuse);
    bench.give(['a']);
    await settle();
    expect(bench.actor.child.state()).toBe('backingOff');
    await bench.actor.child.drain();
    expect(bench.actor.child.state()).toBe('stopped');
  });

  it('aborts the delivery under way when it is killed', async () => {
    const bench = startBench(() => new Promise(() => {}));
    bench.give(['a']);
    await settle();
    bench.actor.child.kill();
    expect(bench.signals[0]?.aborted).toBe(true);
  });
});

describe('a delivery that crashes', () => {
  it('fails when an outcome cannot be recorded, and its next life delivers the alert again under the same key', async () => {
    const bench = startBench(accept, {
      settle: async () => {
        throw new Error('the journal is closed');
      },
    });
    bench.give(['a']);
    await settle();
    expect(bench.failures.map(({ message }) => message)).toEqual(['the journal is closed']);
    const next = startBench(accept);
    next.give(['a']);
    await settle();
    expect([...bench.keys, ...next.keys]).toEqual(['a', 'a']);
    expect(outcomes(next)).toEqual(['a delivered after 1']);
  });

  it('takes a sink that throws before it returns a promise as one that refuses', async () => {
    const bench = startBench(() => {
      throw new Error('not even a promise');
    });
    bench.give(['a']);
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
          const durable: string[] = [];
          const taken = new Set<string>();
          let calls = 0;
          let records = 0;
          const answer: Answer = async (key) => {
            if (refusals[calls++] === true) throw new Error('refused');
            taken.add(key);
          };
          const record = async ({ events }: Outcome): Promise<void> => {
            if (records++ === crashAt) throw new Error('crash');
            durable.push(...events.map(({ event }) => event.id));
          };
          for (let life = 0; life < 2; life++) {
            const patient = { policy: { ...policy, giveUpAfterMs: 1_000_000 } };
            const bench = startBench(answer, { settle: record }, patient);
            bench.give(ids.filter((id) => !durable.includes(id)));
            for (let i = 0; i < 40; i++) await bench.pass(1000);
            bench.actor.child.kill();
          }
          expect([...taken]).toEqual(ids);
          expect(durable).toEqual(ids);
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

describe('the queue of a delivery', () => {
  const queue = [1, 2, 3, 4].map((offset) => pendingOf(streamEvent(offset), offset * 100));

  it('gives at least one event, and no more than fit', () => {
    const size = queue[0]?.event.json.length ?? 0;
    expect(headOf(queue, { events: 10, bytes: 1 })).toHaveLength(1);
    expect(headOf(queue, { events: 10, bytes: 3 * size })).toHaveLength(3);
    expect(headOf(queue, { events: 2, bytes: 1000 })).toHaveLength(2);
    expect(headOf([], { events: 2, bytes: 1000 })).toEqual([]);
  });

  it('says how many of those that were tried are too old', () => {
    expect(tooOld(queue, 4, 50)).toBe(0);
    expect(tooOld(queue, 4, 200)).toBe(2);
    expect(tooOld(queue, 3, 1000)).toBe(3);
  });

  it('puts an alert behind the others at its turn, and says that it has left its place', () => {
    const alerts = ['a', 'b'].map(pending);
    const once = refused(alerts, 1, 2);
    expect(once.heldBack).toBeNull();
    const twice = refused(once.queue, 1, 2);
    expect(twice.heldBack?.event.id).toBe('a');
    expect(twice.queue.map(({ event }) => event.id)).toEqual(['b', 'a']);
  });
});

describe('every path through the machine', () => {
  const ports: DeliveryPorts = {
    sink: { name: 'hook', batch: { events: 2, bytes: 1000 }, deliver: async () => {} },
    settle: async () => {},
    heldBack: () => {},
    refused: () => {},
    nowMs: () => 0,
    random: () => 0,
  };
  // The courier answers only what it was asked: an outcome for an alert, SETTLED for what was written.
  const outcomes = [
    { type: 'DELIVERED' },
    { type: 'REFUSED', message: 'no', permanent: false },
    { type: 'REFUSED', message: 'never', permanent: true },
  ];
  const arrival = { type: 'EVENTS', events: [pending('a'), pending('b')] };
  const events = [{ type: 'SETTLED' }, { type: 'DRAIN' }, { type: 'xstate.after.backoff.delivery.backingOff' }];
  // Widened, because xstate's own events are not among those of the machine's type.
  const logic: AnyStateMachine = deliveryMachine;
  const map = getAdjacencyMap(logic, {
    input: { ports, policy },
    events: ({ context }) => (context.queue.length > 0 ? [...events, ...outcomes] : [...events, arrival]),
    serializeState: ({ value, context }) =>
      `${value} ${context.queue.length} ${context.tried} ${context.settling} ${context.queue[0]?.attempts > 0}`,
    limit: 5000,
  });
  const edges = adjacencyMapToArray(map).map(({ state, event, nextState }) => ({
    from: String(state.value),
    event: event.type,
    to: String(nextState.value),
  }));

  it('reaches every state of the diagram, and none besides', () => {
    const states = ['idle', 'delivering', 'backingOff', 'settling', 'draining', 'stopped'];
    expect(new Set(edges.flatMap(({ from, to }) => [from, to]))).toEqual(new Set(states));
  });

  it('finishes what is under way when it drains, and stops at once everywhere else', () => {
    const underWay = ['delivering', 'settling', 'draining'];
    for (const { from, to } of edges.filter(({ event, from }) => event === 'DRAIN' && from !== 'stopped')) {
      expect(`${from} to ${to}`).toBe(`${from} to ${underWay.includes(from) ? 'draining' : 'stopped'}`);
    }
  });

  it('goes from draining nowhere but to stopped', () => {
    const targets = new Set(edges.filter(({ from }) => from === 'draining').map(({ to }) => to));
    expect(targets).toEqual(new Set(['draining', 'stopped']));
  });
});
