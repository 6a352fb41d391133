/**
 * Apicurio, a real registry with Confluent's API: from a topic whose schemas it has to a topic whose schemas it is given. That
 * one is read by kafkajs's own consumer, and avsc with the schema that Apicurio gives for the id in each value.
 */
import { Type } from 'avsc';
import { beforeAll, expect, it } from 'vitest';
import { transactionType } from '../../../src/fraud/types.ts';
import { createSchemaRegistry } from '../../../src/kafka/registry.ts';
import { framed } from '../../../src/kafka/wire-format.ts';
import { dynamicEventType } from '../../../src/messages/codec.ts';
import { ONE } from '../broker/script.ts';
import { place, start } from '../broker/service.ts';
import { type Cluster, cluster, messagesOf, payments } from '../broker/topics.ts';

const url = process.env.REGISTRY_URL ?? '';
const never = new AbortController().signal;
let kafka: Cluster;
beforeAll(async () => {
  if (url === '') throw new Error('REGISTRY_URL is not set: scripts/registry test');
  kafka = await cluster();
});

async function decoded(topic: string, count: number) {
  const consumer = kafka.kafka.consumer({ groupId: `read-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const values: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        async eachMessage({ message }) {
          if (message.value !== null && values.push(message.value) === count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return await Promise.all(
    values.map(async (value) => {
      expect(value[0]).toBe(0);
      const answer = await fetch(`${url}/schemas/ids/${value.readInt32BE(1)}`);
      const { schema } = JSON.parse(await answer.text());
      return Type.forSchema(JSON.parse(schema)).fromBuffer(value.subarray(5));
    }),
  );
}

const unique = `t${Date.now()}`;
const recordOf = (fields: readonly object[]) =>
  JSON.stringify({ type: 'record', name: 'R', namespace: unique, fields });

it('gives a schema one id however often it is registered, and it back by that id; of no other id', async () => {
  const registry = createSchemaRegistry(url);
  const text = recordOf([{ name: 'a', type: 'string' }]);
  const first = await registry.register(`${unique}-value`, text, never);
  expect(first).toEqual({ kind: 'registered', schemaId: expect.any(Number) });
  expect(await registry.register(`${unique}-value`, text, never)).toEqual(first);
  const found = await registry.schemaOf(first.kind === 'registered' ? first.schemaId : -1, never);
  expect(found.kind === 'found' && JSON.parse(found.schemaText)).toEqual(JSON.parse(text));
  expect(await registry.schemaOf(987_654, never)).toMatchObject({ kind: 'unknown' });
});

it('refuses a schema that its subject’s earlier readers could not take, and what is no schema, in words', async () => {
  const registry = createSchemaRegistry(url);
  const subject = `${unique}-strict`;
  expect(await registry.register(subject, recordOf([{ name: 'a', type: 'string' }]), never)).toMatchObject({
    kind: 'registered',
  });
  const set = await fetch(`${url}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"compatibility":"BACKWARD"}',
  });
  expect(set.status).toBe(200);
  const incompatible = await registry.register(subject, recordOf([{ name: 'b', type: 'string' }]), never);
  expect(incompatible).toEqual({ kind: 'refused', message: expect.stringMatching(/\w/) });
  expect(await registry.register(subject, '{"type":"nothing"}', never)).toMatchObject({ kind: 'refused' });
});

it('stands between two topics: what it names is read, what is written is what another client reads by it', async () => {
  const registry = createSchemaRegistry(url);
  const [from, to] = [await kafka.topic('apicurio', 2), await kafka.topic('registered', 3)];
  const older = {
    ...transactionType.schema,
    fields: [...transactionType.schema.fields, { name: 'extra', type: 'string' as const }],
  };
  const registered = await registry.register(`${from}-value`, JSON.stringify(older), never);
  if (registered.kind === 'refused') throw new Error(registered.message);
  const writer = dynamicEventType(older);
  const sent = payments(0, 300);
  const message = (payment: (typeof sent)[number]) =>
    framed(registered.schemaId, writer.encode({ ...payment, extra: 'e' }));
  await kafka.produce(from, [...messagesOf(sent, 2, message), { value: framed(987_655, Buffer.from([1])) }]);
  const at = place({
    source: `{ topic: ${from}, value: avro-registry }`,
    partitions: 2,
    kafka: `brokers: [${ONE.brokers}], registry: { url: "${url}" }`,
    sinks: `{ out: { kafka: { topic: ${to}, value: avro-registry }, from: [payments.transactions], delivery: exactly_once } }`,
  });
  const service = await start(at);
  await service.hasRead(301);
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);
  const read = await decoded(to, sent.length);
  const inOrder = <T extends { readonly transactionId: number }>(all: readonly T[]) =>
    all.map(({ transactionId }) => transactionId).sort((a, b) => a - b);
  expect(inOrder(read)).toEqual(inOrder(sent));
  const sum = (all: readonly { readonly amountCents: number }[]) =>
    all.reduce((total, { amountCents }) => total + amountCents, 0);
  expect(sum(read)).toBe(sum(sent));
});
