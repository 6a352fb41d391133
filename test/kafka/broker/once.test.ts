/** Each record of a topic once, whatever happens to the process: its payments and results are those of a run without faults. */
import { beforeAll, describe, expect, it } from 'vitest';
import { consume, ids, type Place, place, results, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const PARTITIONS = 4;
const RECORDS = 20_000;

/**
 * Of a kill, after the start: from the first moments, before anything is claimed, to the middle of reading. By hand more of
 * them, at random: `KILLS=30 npm run test:kafka -- once`.
 */
const kills = Number(process.env.KILLS ?? 0);
const moments = kills === 0 ? [0, 150, 400, 700, 1100] : Array.from({ length: kills }, () => Math.random() * 4000);

let kafka: Cluster;
let topic: string;
let expected: unknown;

const of = (name: string): Place =>
  place({ source: `{ topic: ${name}, value: json, commitEvery: 500ms, sessionTimeout: 2s }`, partitions: PARTITIONS });

beforeAll(async () => {
  kafka = await cluster();
  topic = await kafka.topic('once', PARTITIONS);
  await kafka.produce(topic, messagesOf(payments(0, RECORDS), PARTITIONS));
  const at = place({ source: `{ topic: ${topic}, value: json, group: fault-free }`, partitions: PARTITIONS });
  await consume(at, RECORDS);
  expect(await ids(at.data)).toEqual({ n: RECORDS, ids: RECORDS });
  expected = await results(at.data);
});

describe('a source of Kafka', () => {
  it('goes on where its journal is after kill -9 at any moment, while records come in', async () => {
    const own = await kafka.topic('killed', PARTITIONS);
    const at = of(own);
    const ofEach = Math.floor(RECORDS / moments.length);
    for (const [i, afterMs] of moments.entries()) {
      const service = await start(at);
      const to = i === moments.length - 1 ? RECORDS : (i + 1) * ofEach;
      await kafka.produce(own, messagesOf(payments(i * ofEach, to), PARTITIONS));
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await service.kill();
    }
    await consume(at, RECORDS);
    expect(await ids(at.data)).toEqual({ n: RECORDS, ids: RECORDS });
    expect(await results(at.data)).toEqual(expected);
  });

  it('that was paused beyond its session comes back as a member, and goes on', async () => {
    const own = await kafka.topic('paused', PARTITIONS);
    const at = of(own);
    const service = await start(at);
    await kafka.produce(own, messagesOf(payments(0, RECORDS / 2), PARTITIONS));
    await service.hasRead(1000);
    service.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    service.signal('SIGCONT');
    await kafka.produce(own, messagesOf(payments(RECORDS / 2, RECORDS), PARTITIONS));
    await service.hasRead(RECORDS);
    expect((await service.source()).counts.rebalances).toBeGreaterThan(1);
    expect((await service.stop()).code).toBe(0);
    expect(await results(at.data)).toEqual(expected);
  });

  it('gives the same results on a thread of their own', async () => {
    const at = place({
      source: `{ topic: ${topic}, value: json, group: threads }`,
      partitions: PARTITIONS,
      kafka: 'brokers: [127.0.0.1:19392] }\nruntime: { threads: 1',
    });
    await consume(at, RECORDS);
    expect(await results(at.data)).toEqual(expected);
  });
});
