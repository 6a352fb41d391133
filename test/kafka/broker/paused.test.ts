/**
 * A process that is stopped as a whole (SIGSTOP: a laptop's lid, a frozen virtual machine) while the cluster goes on without it,
 * and comes back: the broker has aborted its transaction by then, or given its partitions away.
 */
import type { EachBatchPayload } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { committedRecords } from './consumed.ts';
import { type Proxy as Between, proxy } from './proxy.ts';
import { ids, place, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const PARTITIONS = 2;
let kafka: Cluster;
let between: Between;
beforeAll(async () => {
  kafka = await cluster();
  between = await proxy(19_397, 19_396);
});
afterAll(() => between.close());

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const produce = (topic: string, from: number, to: number): Promise<void> =>
  kafka.produce(topic, messagesOf(payments(from, to), PARTITIONS));
/** What consumers of committed records may read, with the markers of transactions. */
const stable = async (topic: string): Promise<number> => (await kafka.ends(topic)).reduce((a, b) => a + b, 0);
/** Resolves once so many records are in the topic, whether their transaction has ended or not. */
async function written(topic: string, records: number): Promise<void> {
  const consumer = kafka.kafka.consumer({ groupId: `open-${topic}`, readUncommitted: true, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let left = records;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
      left -= batch.messages.length;
      if (left <= 0) resolve();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  // Its end may wait for a fetch.
  void consumer.disconnect();
}
const sentIds = (topic: string): number[] =>
  committedRecords(topic).map(({ value }) => JSON.parse(value ?? '').transactionId);
const from0 = (to: number): number[] => Array.from({ length: to }, (_, id) => id);
const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b);

it('a sink that is paused within a transaction for longer than its time-out sends these events in another one', async () => {
  const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
  const at = place({
    source: `{ topic: ${from}, value: json, sessionTimeout: 30s }`,
    partitions: PARTITIONS,
    kafka: 'brokers: ["127.0.0.1:19397"]',
    sinks: `{ out: { kafka: { topic: ${to}, transactionTimeout: 8s }, from: [payments.transactions], delivery: exactly_once } }`,
  });
  const service = await start(at);
  await produce(from, 0, 500);
  await service.hasRead(500);
  await service.hasSent();
  expect(sorted(sentIds(to))).toEqual(from0(500));
  const before = await stable(to);
  const isWithin = written(to, 501);
  // Answers come late: the records are in the topic, and the sink does not know that yet, nor has it ended the transaction.
  between.delay(1500);
  await produce(from, 500, 800);
  await isWithin;
  service.signal('SIGSTOP');
  expect(await stable(to)).toBe(before);
  while ((await stable(to)) === before) await after(100);
  // The broker has ended the transaction by itself, and consumers are not shown what was in it.
  expect(sorted(sentIds(to))).toEqual(from0(500));
  between.delay(0);
  service.signal('SIGCONT');
  await produce(from, 800, 1000);
  await service.hasRead(1000);
  await service.hasSent();
  const { code, stderr } = await service.stop();
  expect(code).toBe(0);
  expect(sorted(sentIds(to))).toEqual(from0(1000));
  expect(await ids(at.data)).toEqual({ n: 1000, ids: 1000 });
  expect(stderr).toMatch(
    /events wait.*has ended the transaction: this process said nothing for longer than its time-out/,
  );
  expect(stderr).toContain('events are taken again');
});

it('a member that is paused beyond its session gets its partitions back from the one that held them', async () => {
  const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
  const of = (name: string) =>
    place({
      source: `{ topic: ${from}, group: ${from}, value: json, commitEvery: 300ms, sessionTimeout: 2s }`,
      partitions: PARTITIONS,
      sinks: `{ ${name}: { kafka: { topic: ${to}, transactionTimeout: 1s }, from: [payments.transactions], delivery: exactly_once } }`,
    });
  const [one, two] = [of('one'), of('two')];
  const first = await start(one);
  await first.until(({ inputs }) => inputs.length === PARTITIONS, 'alone');
  const second = await start(two);
  await second.until(({ counts }) => (counts.rebalances ?? 0) > 0, 'a member');
  await produce(from, 0, 500);
  await first.hasRead(100);
  first.signal('SIGSTOP');
  await produce(from, 500, 1000);
  await second.until(({ inputs }) => inputs.filter(({ state }) => state === 'held').length === PARTITIONS, 'holding');
  first.signal('SIGCONT');
  await produce(from, 1000, 1500);
  await first.hasRead(1500);
  await second.until(({ inputs }) => inputs.length === 0, 'without partitions');
  await first.hasSent();
  expect((await first.stop()).code).toBe(0);
  expect((await second.stop()).code).toBe(0);
  expect(sorted(sentIds(to))).toEqual(from0(1500));
  expect(await ids(one.data)).toEqual({ n: 1500, ids: 1500 });
  expect(await ids(two.data)).toEqual({ n: 0, ids: 0 });
});
