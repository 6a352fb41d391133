/** Three brokers: the leader of what is read and written goes away, and comes back. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { committedRecords } from './consumed.ts';
import { kafkaScript } from './script.ts';
import { ids, place, start } from './service.ts';
import { cluster, payments } from './topics.ts';

const script = kafkaScript('three', 19_492);
const BROKERS = '127.0.0.1:19492,127.0.0.1:19502,127.0.0.1:19512';
const PARTITIONS = 3;

beforeAll(() => {
  script('stop');
  script('start', '--nodes', '3');
});
afterAll(() => void script('stop'));

it('a source and a sink of transactions go on when leaders move, while records come in, and take each once', async () => {
  const kafka = await cluster(BROKERS, 3);
  const topic = await kafka.topic('moving', PARTITIONS, { 'min.insync.replicas': '2' });
  const out = await kafka.topic('moved', PARTITIONS, { 'min.insync.replicas': '2' });
  const at = place({
    sinks: `{ out: { kafka: { topic: ${out} }, from: [payments.transactions], delivery: exactly_once } }`,
    source: `{ topic: ${topic}, value: json, commitEvery: 300ms, sessionTimeout: 3s }`,
    partitions: PARTITIONS,
    kafka: `brokers: [${BROKERS}]`,
  });
  const service = await start(at);
  let produced = 0;
  const produce = async (): Promise<void> => {
    // By librdkafka: kafkajs' producer loses records when a leader goes away while it sends.
    const lines = payments(produced, produced + 1000).map((each) => `${each.customerId}\t${JSON.stringify(each)}\n`);
    const words = ['-P', '-b', BROKERS, '-t', topic, '-K', '\t', '-X', 'enable.idempotence=true', '-X', 'acks=all'];
    const { status, stderr } = spawnSync('kcat', words, { input: lines.join(''), encoding: 'utf8' });
    if (status !== 0) throw new Error(`kcat ended with ${status}: ${stderr}`);
    produced += 1000;
  };
  await produce();
  await service.hasRead(1000);
  for (const node of ['1', '2']) {
    script('kill', node);
    await produce();
    // What is left leads all of it.
    await service.hasRead(produced);
    script('revive', node);
    await produce();
    await service.hasRead(produced);
  }
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);
  const sent = committedRecords(out, BROKERS).map(({ value }) => JSON.parse(value ?? '').transactionId);
  expect([sent.length, new Set(sent).size]).toEqual([produced, produced]);
  expect(await ids(at.data)).toEqual({ n: produced, ids: produced });
});
