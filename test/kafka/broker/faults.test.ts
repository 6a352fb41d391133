/** A broker and a network that fail, and topics whose records are gone: the service goes on, or says why it does not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proxy } from './proxy.ts';
import { kafkaScript, ONE } from './script.ts';
import { consume, deadLetters, ids, type Place, place, results, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const PARTITIONS = 2;
const RECORDS = 6000;
let kafka: Cluster;
let expected: unknown;
const mounted: string[] = [];
afterAll(() => {
  for (const disk of mounted) execFileSync('umount', ['--lazy', disk]);
});

const of = (topic: string, more = '', connection = `brokers: [${ONE.brokers}]`): Place =>
  place({
    source: `{ topic: ${topic}, group: ${topic}, value: json, commitEvery: 300ms, sessionTimeout: 3s${more} }`,
    partitions: PARTITIONS,
    kafka: connection,
  });
const produce = (topic: string, from: number, to: number): Promise<void> =>
  kafka.produce(topic, messagesOf(payments(from, to), PARTITIONS));

beforeAll(async () => {
  kafka = await cluster();
  const topic = await kafka.topic('fault-free', PARTITIONS);
  await produce(topic, 0, RECORDS);
  const at = of(topic);
  await consume(at, RECORDS);
  expected = await results(at.data);
});

describe('the service', () => {
  it('goes on when its broker was killed and comes back, and answers meanwhile what is wrong', async () => {
    const topic = await kafka.topic('broker-killed', PARTITIONS);
    const at = of(topic);
    await produce(topic, 0, RECORDS / 2);
    const service = await start(at);
    await service.hasRead(RECORDS / 2);
    const script = kafkaScript('one', 19_392);
    script('kill', '1');
    const state = await service.until(({ problem }) => problem !== null, 'in trouble');
    expect(state.problem).toMatch(/no Kafka broker answers at 127.0.0.1:19392/);
    expect(state.inputs.map(({ next }) => next).reduce((a, b) => a + b, 0)).toBe(RECORDS / 2);
    const ready = await fetch(`${service.url}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('no Kafka broker answers')]);
    expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(
      /source_failing\{source="payments.transactions"\} 1/,
    );
    script('revive', '1');
    await produce(topic, RECORDS / 2, RECORDS);
    await service.hasRead(RECORDS);
    await service.until(({ problem }) => problem === null, 'well again');
    await service.stop();
    expect(await results(at.data)).toEqual(expected);
  });

  it('goes on over a network that is slow, is cut, and is silent', async () => {
    const topic = await kafka.topic('network', PARTITIONS);
    const between = await proxy(19_397, 19_396);
    const at = of(topic, '', 'brokers: ["127.0.0.1:19397"]');
    const service = await start(at);
    between.delay(30);
    await produce(topic, 0, 2000);
    await service.hasRead(2000);
    between.delay(0);
    between.cut();
    await produce(topic, 2000, 4000);
    await service.until(({ problem }) => problem !== null, 'in trouble');
    between.mend();
    await service.hasRead(4000);
    between.silence(true);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    between.silence(false);
    await produce(topic, 4000, RECORDS);
    await service.hasRead(RECORDS);
    await service.stop();
    await between.close();
    expect(await results(at.data)).toEqual(expected);
  });

  it('takes what was sent where the network has changed a bit of it', async () => {
    const topic = await kafka.topic('bits', PARTITIONS);
    const between = await proxy(19_397, 19_396);
    await produce(topic, 0, RECORDS);
    between.damage();
    const at = of(topic, '', 'brokers: ["127.0.0.1:19397"]');
    await consume(at, RECORDS);
    expect(between.damaged()).toBe(1);
    await between.close();
    expect(await deadLetters(at.data)).toEqual({});
    expect(await results(at.data)).toEqual(expected);
  });

  it('halts a partition whose topic was made again, and leaves what it had', async () => {
    for (const records of [10, RECORDS]) {
      const topic = await kafka.topic('made-again', PARTITIONS);
      const at = of(topic);
      await produce(topic, 0, RECORDS / 2);
      await consume(at, RECORDS / 2);
      await kafka.deleteTopic(topic);
      await kafka.again(topic, PARTITIONS);
      // Shorter than what was read: its end says so. Longer: the record that was read last is another one.
      await kafka.produce(topic, messagesOf(payments(100_000, 100_000 + records), PARTITIONS));
      const service = await start(at);
      const { inputs } = await service.until(
        (state) => state.inputs.filter((input) => input.state === 'halted').length === PARTITIONS,
        'halted',
      );
      expect(inputs[0]?.problem).toMatch(/deleted and made again.*give the source another `group`/);
      expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
      await service.stop();
      expect(await ids(at.data)).toEqual({ n: RECORDS / 2, ids: RECORDS / 2 });
    }
  });

  it('halts a partition whose records are gone before they were read, and goes on when that is allowed', async () => {
    const topic = await kafka.topic('expired', PARTITIONS);
    const at = of(topic);
    await produce(topic, 0, 1000);
    await consume(at, 1000);
    await produce(topic, 1000, 3000);
    const ends = await kafka.ends(topic);
    await kafka.deleteBefore(
      topic,
      ends.map((end) => end - 100),
    );
    const service = await start(at);
    const { inputs } = await service.until(
      (state) => state.inputs.filter((input) => input.state === 'halted').length === PARTITIONS,
      'halted',
    );
    expect(inputs[0]?.problem).toMatch(/\d+ records are gone that were never read.*`onLoss: skip`/);
    await service.stop();
    const skipping = { ...of(topic, ', onLoss: skip'), data: at.data };
    await consume(skipping, 3000);
    expect(await ids(at.data)).toEqual({ n: 1200, ids: 1200 });
  });

  it('waits while its disk is full, stays a member, and goes on by itself', async () => {
    const topic = await kafka.topic('full-disk', PARTITIONS);
    const at = of(topic);
    mkdirSync(at.data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', at.data]);
    mounted.push(at.data);
    await produce(topic, 0, 1000);
    const service = await start(at);
    await service.hasRead(1000);
    const ballast = join(at.data, 'ballast');
    const { bavail, bsize } = statfsSync(at.data);
    try {
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    } catch (error) {
      // The service was first to the last bytes: the disk is as full.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
    await produce(topic, 1000, RECORDS);
    const isFull = async (): Promise<boolean> => {
      const answer = await fetch(`${service.url}/readyz`, { headers: { connection: 'close' } });
      return answer.status === 503 && /The disk is full/.test(await answer.text());
    };
    while (!(await isFull())) await new Promise((resolve) => setTimeout(resolve, 100));
    // Longer than its session: it is heard of all the same.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect((await service.source()).counts.rebalances).toBe(1);
    rmSync(ballast);
    await service.hasRead(RECORDS);
    await service.stop();
    expect(await results(at.data)).toEqual(expected);
  });

  it('halts while it runs, when the records that it is about to read go away', async () => {
    const topic = await kafka.topic('running-out', 1);
    const own = place({ source: `{ topic: ${topic}, value: json, sessionTimeout: 3s }`, partitions: 1 });
    await kafka.produce(topic, messagesOf(payments(0, 500), 1));
    const service = await start(own);
    await service.hasRead(500);
    service.signal('SIGSTOP');
    // Its fetch is answered, with nothing.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await kafka.produce(topic, messagesOf(payments(500, 900), 1));
    await kafka.deleteBefore(topic, [800]);
    service.signal('SIGCONT');
    const { inputs } = await service.until((state) => state.inputs[0]?.state === 'halted', 'halted');
    expect(inputs[0]?.problem).toMatch(/begins at offset 800 now, and was read up to 500: 300 records are gone/);
    await service.stop();
    expect(await ids(own.data)).toEqual({ n: 500, ids: 500 });
  });
});
