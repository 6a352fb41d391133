/** Two processes of one group, each with a data directory of its own: what each does with partitions of the other. */
import { beforeAll, describe, expect, it } from 'vitest';
import { committedRecords } from './consumed.ts';
import { kafkaScript } from './script.ts';
import { consume, ids, type Place, place, query, type Running, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const PARTITIONS = 4;
let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

const of = (topic: string, sinks = '{}'): Place =>
  place({
    sinks,
    source: `{ topic: ${topic}, group: ${topic}, value: json, commitEvery: 300ms, sessionTimeout: 2s }`,
    partitions: PARTITIONS,
  });
const running = async (service: Running): Promise<number[]> =>
  (await service.source()).inputs.filter(({ state }) => state === 'running').map(({ partition }) => partition);
const transactionIds = async ({ data }: Place): Promise<number[]> =>
  (await query(data, 'SELECT transaction_id AS id FROM transactions')).map(({ id }) => Number(id));

describe('two processes of a group', () => {
  it('share its partitions, keep what they have while the other is away, and lose and double nothing', async () => {
    const topic = await kafka.topic('shared', PARTITIONS);
    const [one, two] = [of(topic), of(topic)];
    const first = await start(one);
    await first.until(({ inputs }) => inputs.length === PARTITIONS, 'alone');
    // It has read nothing of them, but has claimed them: they are its own.
    const second = await start(two);
    await second.until(({ counts }) => (counts.rebalances ?? 0) > 0, 'a member');
    await kafka.produce(topic, messagesOf(payments(0, 1000), PARTITIONS));
    await first.hasRead(1000);
    expect(await running(second)).toEqual([]);
    await first.kill();
    // The other is given them, and holds them.
    const held = await second.until(
      ({ inputs }) => inputs.filter(({ state }) => state === 'held').length === 4,
      'holding',
    );
    expect(held.inputs[0]?.problem).toMatch(
      /shared.*\/\d is not read here: what was made of it so far lies in another data/,
    );
    expect((await fetch(`${second.url}/readyz`)).status).toBe(503);
    await kafka.produce(topic, messagesOf(payments(1000, 2000), PARTITIONS));
    const again = await start(one);
    await again.hasRead(2000);
    await second.until(({ inputs }) => inputs.length === 0, 'without partitions');
    expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
    await again.stop();
    await second.stop();
    expect(await ids(one.data)).toEqual({ n: 2000, ids: 2000 });
    expect(await ids(two.data)).toEqual({ n: 0, ids: 0 });
  });

  it('that begin together have half each, however often one leaves and comes back, and send each event once', async () => {
    const [topic, out] = [await kafka.topic('halves', 2), await kafka.topic('out', 3)];
    const sinks = `{ out: { kafka: { topic: ${out} }, from: [payments.transactions], delivery: exactly_once } }`;
    const [one, two] = [of(topic, sinks), of(topic, sinks)];
    const first = await start(one);
    await first.until(({ inputs }) => inputs.length === 2, 'alone');
    const second = await start(two);
    // What comes with more partitions is for the one that has fewer.
    await kafka.kafka.admin().createPartitions({ topicPartitions: [{ topic, count: PARTITIONS }] });
    await second.until(({ inputs }) => inputs.filter(({ state }) => state === 'running').length === 2, 'with new ones');
    expect([...(await running(first)), ...(await running(second))]).toEqual([0, 1, 2, 3]);
    await kafka.produce(topic, messagesOf(payments(0, 1000), PARTITIONS));
    expect((await second.stop()).code).toBe(0);
    // It has the partitions of the one that left, and leaves them alone.
    await first.until(({ inputs }) => inputs.filter(({ state }) => state === 'held').length === 2, 'holding');
    await kafka.produce(topic, messagesOf(payments(1000, 2000), PARTITIONS));
    const again = await start(two);
    const readBy = async (service: Running): Promise<number> =>
      (await service.source()).inputs.reduce((sum, { state, next }) => sum + (state === 'running' ? next : 0), 0);
    await again.until(
      ({ inputs }) => inputs.length === 2 && inputs.every(({ lag, end }) => end > 0 && lag === 0),
      'at the end',
    );
    await first.until(({ inputs }) => inputs.length === 2 && inputs.every(({ lag }) => lag === 0), 'at the end');
    expect((await readBy(first)) + (await readBy(again))).toBe(2000);
    await Promise.all([again.hasSent(), first.hasSent()]);
    await again.stop();
    await first.stop();
    const sent = committedRecords(out).map(({ value }) => JSON.parse(value ?? '').transactionId);
    expect([sent.length, new Set(sent).size]).toEqual([2000, 2000]);
    const all = [...(await transactionIds(one)), ...(await transactionIds(two))];
    expect([all.length, new Set(all).size]).toEqual([2000, 2000]);
  });

  it('leave a partition to whoever comes, once the offsets of their group are reset', async () => {
    const topic = await kafka.topic('released', PARTITIONS);
    const [lost, next] = [of(topic), of(topic)];
    await kafka.produce(topic, messagesOf(payments(0, 800), PARTITIONS));
    await consume(lost, 800);
    const script = kafkaScript('one', 19_392);
    const reset = ['--reset-offsets', '--to-earliest', '--all-topics', '--execute'];
    script('tool', 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', '--group', topic, ...reset);
    await consume(next, 800);
    expect(await ids(next.data)).toEqual({ n: 800, ids: 800 });
  });
});
