/**
 * A service between two topics, behind a proxy, through faults of every kind one after the other: what it has in the end, and
 * what it has sent, is that of a run without faults. By hand more rounds, each of another order and other moments:
 * `ROUNDS=20 FC_SEED=random npm run test:kafka -- rounds`.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { committedRecords } from './consumed.ts';
import { type Proxy as Between, proxy } from './proxy.ts';
import { kafkaScript } from './script.ts';
import { consume, place, type Running, results, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 1);
const PARTITIONS = 2;
const OF_EACH = 700;
const FAULTS = ['kill -9', 'paused', 'cut', 'slow', 'silent', 'broker killed'] as const;
const RECORDS = OF_EACH * (FAULTS.length + 1);
/** Longer than the session of a member, and than the broker lets a transaction be: it aborts one within half a second. */
const PAUSED_MS = 2500;

/** In another order each time, each fault so long after its records were sent. */
const schedules = fc.sample(
  fc.tuple(
    fc.shuffledSubarray([...FAULTS], { minLength: FAULTS.length }),
    fc.array(fc.integer({ min: 0, max: 1200 }), { minLength: FAULTS.length, maxLength: FAULTS.length }),
  ),
  ROUNDS,
);

let kafka: Cluster;
let between: Between;
let expected: unknown;
const script = kafkaScript('one', 19_392);
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const produce = (topic: string, from: number, to: number): Promise<void> =>
  kafka.produce(topic, messagesOf(payments(from, to), PARTITIONS));

beforeAll(async () => {
  kafka = await cluster();
  between = await proxy(19_397, 19_396);
  const topic = await kafka.topic('fault-free', PARTITIONS);
  await produce(topic, 0, RECORDS);
  const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: PARTITIONS });
  await consume(at, RECORDS);
  expected = await results(at.data);
});
afterAll(() => between.close());

it.each(schedules)('each event is taken and sent once through %s', async (faults, moments) => {
  const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
  const at = place({
    source: `{ topic: ${from}, value: json, commitEvery: 300ms, sessionTimeout: 2s }`,
    partitions: PARTITIONS,
    kafka: 'brokers: ["127.0.0.1:19397"]',
    sinks: `{ out: { kafka: { topic: ${to}, transactionTimeout: 1s }, from: [payments.transactions, per_minute], delivery: exactly_once } }`,
  });
  let service = await start(at);

  async function suffer(fault: (typeof FAULTS)[number]): Promise<void> {
    switch (fault) {
      case 'kill -9':
        await service.kill();
        service = await start(at);
        return;
      case 'paused':
        return whilePaused(service);
      case 'cut':
        between.cut();
        await after(1000);
        between.mend();
        return;
      case 'slow':
        between.delay(40);
        await after(1500);
        between.delay(0);
        return;
      case 'silent':
        between.silence(true);
        await after(1500);
        between.silence(false);
        return;
      case 'broker killed':
        script('kill', '1');
        script('revive', '1');
    }
  }
  for (const [i, fault] of faults.entries()) {
    await produce(from, i * OF_EACH, (i + 1) * OF_EACH);
    await after(moments[i] ?? 0);
    await suffer(fault);
  }
  await produce(from, faults.length * OF_EACH, RECORDS);
  await service.hasRead(RECORDS);
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);
  expect(await results(at.data)).toEqual(expected);

  const sent = committedRecords(to);
  const ids = sent.map(({ headers }) => headers['millrace.id']);
  expect(new Set(ids).size).toBe(ids.length);
  const of = (stream: string) => sent.filter(({ headers }) => headers['millrace.stream'] === stream);
  const transactionIds = of('payments.transactions').map(({ value }) => JSON.parse(value ?? '').transactionId);
  expect(new Set(transactionIds).size).toBe(RECORDS);
  expect(sent).toHaveLength(RECORDS + of('per_minute').length);
  const [, perMinute] = await results(at.data);
  expect(of('per_minute')).toHaveLength(Number(perMinute?.rows));
});

async function whilePaused(service: Running): Promise<void> {
  service.signal('SIGSTOP');
  await after(PAUSED_MS);
  service.signal('SIGCONT');
}
