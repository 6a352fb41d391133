/** Members that come to an end by themselves, or say nothing more: the source makes another one, and says why. */
import { expect, it } from 'vitest';
import type { Group, GroupListener } from '../../../src/kafka/group.ts';
import { createKafkaSource } from '../../../src/sources/kafka/kafka-source.ts';
import { nextTurn } from '../journaled-partitions.ts';
import { recordingIntake } from '../recording-intake.ts';
import { kafkaSettings } from './kafka-settings.ts';

type Run = (listener: GroupListener, signal: AbortSignal) => Promise<void>;

/** Runs a source whose members run like this, one after the other, until the last of them does. */
async function through(...runs: Run[]) {
  const begunMs: number[] = [];
  const lines: string[] = [];
  const end = new AbortController();
  let now = 0;
  async function connect(): Promise<Group> {
    const run = runs[begunMs.length];
    begunMs.push(now);
    return {
      topics: async () => ['t'],
      partitionsOf: async () => new Map([['t', 1]]),
      bounds: async () => new Map([[0, { low: 0, high: 0 }]]),
      committed: async () => new Map(),
      async run(_, listener, signal) {
        if (begunMs.length === runs.length) end.abort();
        await run?.(listener, signal);
      },
      seek() {},
      pause() {},
      resume() {},
      commit: async () => {},
      close: async () => {},
    };
  }
  const source = createKafkaSource({
    settings: kafkaSettings,
    groupId: 'g',
    brokers: ['b'],
    owner: 1,
    blocks: { schemaIds: () => new Set(), blocksOf: () => [] },
    schemas: async () => new Map(),
    connect,
    nowMs: () => now,
    async sleep(ms) {
      now += ms;
      await nextTurn();
    },
    log: (line) => void lines.push(line),
  });
  await source.run(recordingIntake({ partitions: 1 }), end.signal);
  return { begunMs, lines, restarts: source.status?.().counts.restarts };
}

/** As kafkajs: joined, and no fetch is answered. */
const silent: Run = async (listener, signal) => {
  listener.assigned(new Map([['t', [0]]]));
  while (!signal.aborted) await nextTurn();
};
const crashed: Run = async () => {
  const error = new Error('Connection timeout');
  error.name = 'KafkaJSConnectionError';
  throw error;
};

it('a member whose fetches are not answered for a minute is replaced', async () => {
  const { begunMs, lines, restarts } = await through(silent, silent);
  const [first = 0, second = 0] = begunMs;
  expect(second - first).toBeGreaterThanOrEqual(60_000);
  expect(lines).toEqual(['no fetch was answered for 60 s; it is tried again']);
  expect(restarts).toBe(1);
});

it('one whose client has crashed, and will not begin again by itself, is replaced after a pause', async () => {
  const { begunMs, lines } = await through(crashed, crashed, silent);
  expect(begunMs).toHaveLength(3);
  expect(lines).toEqual(Array(2).fill('no Kafka broker answers at b: Connection timeout; it is tried again'));
});
