import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { createMailbox, type Mailbox } from '../../src/actors/mailbox.ts';
import {
  MAX_COMMITS_IN_FLIGHT,
  type PartitionConsumerPorts,
  partitionConsumerMachine,
} from '../../src/actors/partition-consumer.ts';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import type { Commit } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { createPartitionFold, derivationTypes } from '../../src/partition/derivation.ts';
import type { Partition } from '../../src/partition/partition.ts';
import type { Batch } from '../../src/sources/source.ts';
import { derivationOfOne } from '../partition/one-input.ts';
import { deferred, settled } from './deferred.ts';

const PAYMENTS = derivationOfOne({
  stream: 's',
  schema: transactionType.schema,
  timeField: 'occurredAt',
  watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
});
const TYPES = derivationTypes(PAYMENTS, OPERATOR_KINDS);
const newPartition = (): Partition => createPartitionFold(PAYMENTS, TYPES, 0, createRegistry(BUILTIN_TYPES)).partition;

interface World {
  readonly mailbox: Mailbox;
  readonly log: Commit[];
  readonly acknowledged: number[];
  /** Appends under way, oldest first: each waits for the test to let it through or refuse it. */
  readonly appends: { finish(): void; refuse(): void }[];
  readonly snapshots: boolean[];
  /** What the next derivation does; reset by it. */
  derive: 'ok' | 'throw';
  largestInFlight: number;
  ports(change?: Partial<PartitionConsumerPorts>): PartitionConsumerPorts;
  batch(next: number): Batch;
}

function createWorld(bound = 8): World {
  const mailbox = createMailbox(bound);
  const world: World = {
    mailbox,
    log: [],
    acknowledged: [],
    appends: [],
    snapshots: [],
    derive: 'ok',
    largestInFlight: 0,
    batch: (next) => ({
      source: 'x',
      next,
      blocks: [
        transactionType.encodeBlock([
          { transactionId: next, customerId: 1, terminalId: 1, amountCents: 1, occurredAt: next },
        ]),
      ],
      onDurable: () => world.acknowledged.push(next),
    }),
    ports(change = {}) {
      const partition = newPartition();
      // As with the real log, a refused append takes all that wait behind it with it.
      let broken = false;
      return {
        mailbox,
        position: (source) => partition.positions.get(source) ?? 0,
        async apply(batch, committedAt) {
          const what = world.derive;
          world.derive = 'ok';
          const derive = (): void => {
            if (what === 'throw') throw new Error('the deriver threw');
          };
          return partition.apply(batch, derive, committedAt);
        },
        divide: async () => {},
        loadSnapshot: async () => 0,
        async replay(fromOffset) {
          for (const commit of world.log.slice(fromOffset)) partition.replay(commit, () => {});
          return 'replayed';
        },
        recovered() {},
        append: (commit) =>
          new Promise((resolve, reject) => {
            world.appends.push({
              finish() {
                if (broken) return reject(new Error('the log is broken'));
                world.log.push(commit);
                resolve(world.log.length - 1);
              },
              refuse() {
                broken = true;
                reject(new Error('the disk failed'));
              },
            });
            world.largestInFlight = Math.max(world.largestInFlight, world.appends.length);
          }),
        saveSnapshot: async (force) => {
          world.snapshots.push(force);
        },
        later: (callback) => void setImmediate(callback),
        arrived: (callback) => void setImmediate(callback),
        nowMs: () => 0,
        committed() {},
        ...change,
      };
    },
  };
  return world;
}

function start(ports: PartitionConsumerPorts) {
  const actor = createActor(partitionConsumerMachine, { input: { ports } });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  return {
    actor,
    error: () => error,
    state: () => actor.getSnapshot().value,
    status: () => actor.getSnapshot().status,
  };
}

/** Lets everything that is under way come to rest. */
async function rest(): Promise<void> {
  for (let i = 0; i < 6; i++) await settled();
}

const nexts = (world: World): number[] => world.log.map(({ next }) => next);

describe('the way from start to stop', () => {
  const done = (state: string) => ({
    type: `xstate.done.actor.0.partitionConsumer.${state}`,
    output: 0,
    actorId: state,
  });
  const inert = createWorld();
  // Widened, because xstate's own events are not among those of the machine's type.
  const logic: AnyStateMachine = partitionConsumerMachine;
  const paths = getShortestPaths(logic, {
    input: { ports: inert.ports() },
    events: [{ type: 'WAKE' }, { type: 'DRAIN' }, ...['loadingSnapshot', 'replaying', 'savingSnapshot'].map(done)],
    limit: 1000,
  });

  test('leads through each state that does not pass by itself, and no other', () => {
    // With an empty mailbox, draining is left as soon as it is entered.
    const states = ['loadingSnapshot', 'replaying', 'running', 'savingSnapshot', 'stopped'];
    expect(new Set(paths.map(({ state }) => state.value))).toEqual(new Set(states));
  });

  test('is gone by a real consumer as each path says', async () => {
    for (const { steps, state } of paths) {
      const world = createWorld();
      const [load, replay, save] = [deferred<number>(), deferred<void>(), deferred<void>()];
      const consumer = start(
        world.ports({
          loadSnapshot: () => load.promise,
          replay: async () => {
            await replay.promise;
            return 'replayed';
          },
          saveSnapshot: () => save.promise,
        }),
      );
      for (const { event } of steps) {
        const type: string = event.type;
        if (type.endsWith('loadingSnapshot')) load.resolve(0);
        else if (type.endsWith('replaying')) replay.resolve();
        else if (type.endsWith('savingSnapshot')) save.resolve();
        else if (type === 'WAKE' || type === 'DRAIN') consumer.actor.send({ type });
        await settled();
      }
      expect(consumer.state()).toEqual(state.value);
    }
  });

  test('is: load the snapshot, replay from its offset, run, drain, snapshot, stop', async () => {
    const world = createWorld();
    const steps: string[] = [];
    const consumer = start(
      world.ports({
        loadSnapshot: async () => {
          steps.push('load');
          return 7;
        },
        replay: async (from) => {
          steps.push(`replay from ${from}`);
          return 'replayed';
        },
        recovered: () => steps.push('recovered'),
        saveSnapshot: async (force) => {
          steps.push(`snapshot, forced: ${force}`);
        },
      }),
    );
    expect(consumer.state()).toBe('loadingSnapshot');
    await rest();
    expect(consumer.state()).toBe('running');
    consumer.actor.send({ type: 'DRAIN' });
    await rest();
    expect(steps).toEqual(['load', 'replay from 7', 'recovered', 'snapshot, forced: true']);
    expect(consumer.status()).toBe('done');
  });

  test.each(['loadSnapshot', 'replay'] as const)(
    'stops at once when it is drained while %s is under way',
    async (port) => {
      const world = createWorld();
      const consumer = start(world.ports({ [port]: () => new Promise(() => {}) }));
      await rest();
      consumer.actor.send({ type: 'DRAIN' });
      expect(consumer.status()).toBe('done');
      expect(world.appends).toEqual([]);
    },
  );

  test('empties the mailbox before it stops, and takes what arrives meanwhile', async () => {
    const world = createWorld(20);
    for (let next = 1; next <= 10; next++) await world.mailbox.deliver(world.batch(next));
    const consumer = start(world.ports());
    await rest();
    consumer.actor.send({ type: 'DRAIN' });
    await world.mailbox.deliver(world.batch(11));
    for (let i = 0; i < 30; i++) {
      expect(consumer.status()).toBe(world.acknowledged.length === 11 ? 'done' : 'active');
      world.appends.shift()?.finish();
      await rest();
    }
    expect(nexts(world)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(world.acknowledged).toEqual(nexts(world));
    expect(world.snapshots.at(-1)).toBe(true);
  });
});

describe('a running consumer', () => {
  test('has no more commits in flight than its bound, however many batches wait', async () => {
    const world = createWorld(20);
    for (let next = 1; next <= 12; next++) await world.mailbox.deliver(world.batch(next));
    start(world.ports());
    await rest();
    await rest();
    expect(world.appends).toHaveLength(MAX_COMMITS_IN_FLIGHT);
    for (let i = 0; i < 12; i++) {
      world.appends.shift()?.finish();
      await rest();
    }
    expect(world.largestInFlight).toBe(MAX_COMMITS_IN_FLIGHT);
    expect(world.acknowledged).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('acknowledges nothing before its commit is durable', async () => {
    const world = createWorld();
    await world.mailbox.deliver(world.batch(1));
    start(world.ports());
    await rest();
    expect([world.appends.length, world.acknowledged, world.mailbox.inFlight]).toEqual([1, [], 1]);
    world.appends[0]?.finish();
    await rest();
    expect([world.acknowledged, world.mailbox.inFlight]).toEqual([[1], 0]);
  });

  test.each([
    [
      'the deriver throws',
      (world: World) => {
        world.derive = 'throw';
      },
      {},
    ],
    ['the snapshot cannot be loaded', () => {}, { loadSnapshot: () => Promise.reject(new Error('unreadable')) }],
    ['the log cannot be replayed', () => {}, { replay: () => Promise.reject(new Error('corrupt')) }],
    [
      'the listener of commits throws',
      () => {},
      {
        committed: () => {
          throw new Error('listener');
        },
      },
    ],
    ['a snapshot cannot be saved', () => {}, { saveSnapshot: () => Promise.reject(new Error('full')) }],
  ] as const)('fails when %s', async (_, prepare, change) => {
    const world = createWorld();
    prepare(world);
    await world.mailbox.deliver(world.batch(1));
    const consumer = start(world.ports(change));
    await rest();
    world.appends[0]?.finish();
    await rest();
    expect(consumer.status()).toBe('error');
    expect(consumer.error()).toBeInstanceOf(Error);
  });

  test('tells of a commit that becomes durable only after it has failed', async () => {
    const world = createWorld();
    const told: number[] = [];
    await world.mailbox.deliver(world.batch(1));
    const consumer = start(world.ports({ committed: ({ batch }) => told.push(batch.next ?? 0) }));
    await rest();
    world.derive = 'throw';
    await world.mailbox.deliver(world.batch(2));
    await rest();
    expect([consumer.status(), told]).toEqual(['error', []]);
    world.appends[0]?.finish();
    await rest();
    expect(told).toEqual([1]);
  });

  test('fails when an append is refused, and what was behind it is retried in order by the next one', async () => {
    const world = createWorld();
    for (const next of [1, 2, 3]) await world.mailbox.deliver(world.batch(next));
    const first = start(world.ports());
    await rest();
    const [one, two, three] = world.appends.splice(0);
    one?.finish();
    two?.refuse();
    three?.finish();
    await rest();
    expect(first.status()).toBe('error');
    start(world.ports());
    await rest();
    for (const append of world.appends.splice(0)) append.finish();
    await rest();
    expect(nexts(world)).toEqual([1, 2, 3]);
    expect(world.acknowledged).toEqual([1, 2, 3]);
  });
});

describe('whatever fails, and whenever', () => {
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.constant('deliver') },
    { weight: 5, arbitrary: fc.constant('finish') },
    { weight: 1, arbitrary: fc.constant('refuse') },
    { weight: 1, arbitrary: fc.constant('derive throws') },
    { weight: 1, arbitrary: fc.constant('kill') },
    { weight: 3, arbitrary: fc.constant('settle') },
  );

  test('every batch is in the log once, in order, and none is acknowledged that is not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(action, { maxLength: 60 }), async (bound, actions) => {
        const world = createWorld(bound);
        let consumer = start(world.ports());
        let next = 0;
        const deliveries: Promise<void>[] = [];
        /** As its supervisor does: once the appends of the one before have ended, another recovers from the log. */
        const restart = async (): Promise<void> => {
          consumer.actor.stop();
          for (const append of world.appends.splice(0)) append.finish();
          await settled();
          consumer = start(world.ports());
        };
        for (const act of actions) {
          if (act === 'deliver') deliveries.push(world.mailbox.deliver(world.batch(++next)));
          else if (act === 'finish') world.appends.shift()?.finish();
          else if (act === 'refuse') world.appends.shift()?.refuse();
          else if (act === 'derive throws') world.derive = 'throw';
          else if (act === 'kill') await restart();
          if (act === 'settle') await rest();
          if (consumer.status() === 'error') await restart();
          expect(world.mailbox.depth + world.mailbox.inFlight).toBeLessThanOrEqual(bound);
          expect(nexts(world)).toEqual(expect.arrayContaining(world.acknowledged));
        }
        world.derive = 'ok';
        for (let i = 0; i < 4 * next + 8; i++) {
          if (consumer.status() === 'error') await restart();
          await rest();
          for (const append of world.appends.splice(0)) append.finish();
        }
        await Promise.all(deliveries);
        const all = Array.from({ length: next }, (_, i) => i + 1);
        expect(nexts(world)).toEqual(all);
        expect(world.acknowledged).toEqual(all);
      }),
      { numRuns: 60 },
    );
  });
});
