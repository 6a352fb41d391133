/** What records of a sink hold: Avro, with and without a registry, keys of Kafka's own serializers, and tombstones. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Type } from 'avsc';
import type { KafkaMessage } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transactionType } from '../../../src/fraud/types.ts';
import { readFramed } from '../../../src/kafka/wire-format.ts';
import { committedRecords } from './consumed.ts';
import { ONE } from './script.ts';
import { type Place, place, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

let kafka: Cluster;
const servers: Server[] = [];
beforeAll(async () => {
  kafka = await cluster();
});
afterAll(() => {
  for (const server of servers) server.close();
});

interface Registered {
  readonly subject: string;
  readonly schema: string;
}

/** A registry that gives an id to each schema; while it is down it answers 503. */
async function registry(port: number): Promise<{ readonly schemas: Registered[]; isDown: boolean }> {
  const state = { schemas: [] as Registered[], isDown: false };
  const server = createServer(async (request, response) => {
    const subject = /^\/subjects\/([^/]+)\/versions$/.exec(request.url ?? '')?.[1];
    const { schema = '' } = JSON.parse((await text(request)) || '{}');
    if (state.isDown) response.writeHead(503).end();
    else if (subject === undefined) response.writeHead(404).end('{}');
    else response.end(JSON.stringify({ id: state.schemas.push({ subject: decodeURIComponent(subject), schema }) }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return state;
}

async function runThrough(at: Place, records: number): Promise<void> {
  const service = await start(at);
  await service.hasRead(records);
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);
}

/** By kafkajs itself: kcat prints no bytes. */
async function messages(topic: string, count: number): Promise<KafkaMessage[]> {
  const consumer = kafka.kafka.consumer({ groupId: `read-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const found: KafkaMessage[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        async eachMessage({ message }) {
          if (found.push(message) === count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return found;
}

describe('values of a sink', () => {
  it('in Avro are read by the schema of the stream, and keys as long by their eight bytes', async () => {
    const [from, to] = [await kafka.topic('in', 2), await kafka.topic('avro', 3)];
    await kafka.produce(from, messagesOf(payments(0, 500), 2));
    const sink = `kafka: { topic: ${to}, value: avro, key: long, compression: snappy }, from: [payments.transactions]`;
    await runThrough(
      place({ source: `{ topic: ${from}, value: json }`, partitions: 2, sinks: `{ out: { ${sink} } }` }),
      500,
    );
    const plain = Type.forSchema(JSON.parse(transactionType.json));
    const seen = (await messages(to, 500)).map(({ key, value }) => {
      const event = plain.fromBuffer(value ?? Buffer.alloc(0));
      expect(key?.readBigInt64BE(0)).toBe(BigInt(event.customerId));
      return event.transactionId;
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual(payments(0, 500).map(({ transactionId }) => transactionId));
  });

  it('with a registry name the schema that they were written by, and wait while it is down', async () => {
    const [from, to] = [await kafka.topic('in', 2), await kafka.topic('registered', 3)];
    const state = await registry(19_398);
    const { schemas } = state;
    const streams = 'from: [per_minute, payments.transactions, per_minute.late]';
    const sink = `kafka: { topic: ${to}, value: avro-registry, subject: record }, ${streams}, delivery: exactly_once`;
    const at = place({
      source: `{ topic: ${from}, value: json }`,
      partitions: 2,
      kafka: `brokers: [${ONE.brokers}], registry: { url: "http://127.0.0.1:19398" }`,
      sinks: `{ out: { ${sink} } }`,
    });
    const service = await start(at);
    state.isDown = true;
    await kafka.produce(from, messagesOf(payments(0, 2000), 2));
    await service.hasRead(2000);
    expect(committedRecords(to)).toEqual([]);
    state.isDown = false;
    await service.hasSent();
    expect((await service.stop()).code).toBe(0);
    expect(schemas.map(({ subject }) => subject).sort()).toEqual([
      'dev.millrace.Transaction',
      'dev.millrace.results.per_minute',
    ]);
    const records = committedRecords(to);
    const bytes = await messages(to, records.length);
    const totals = { results: 0, payments: 0 };
    for (const { value, key } of bytes) {
      const { schemaId, datum } = readFramed(value ?? Buffer.alloc(0)) ?? { schemaId: 0, datum: Buffer.alloc(0) };
      const { schema = '', subject } = schemas[schemaId - 1] ?? {};
      const event = Type.forSchema(JSON.parse(schema)).fromBuffer(datum);
      if (subject === 'dev.millrace.Transaction') totals.payments += event.amountCents;
      else {
        totals.results += event.n;
        expect(event.key).toBe(key?.toString());
        expect(event.end - event.start).toBe(60_000);
      }
    }
    expect(totals.payments).toBe(payments(0, 2000).reduce((sum, { amountCents }) => sum + amountCents, 0));
    expect(totals.results).toBeGreaterThan(1000);
  });

  it('of deleted rows are tombstones, under the key of the row', async () => {
    const [from, to] = [await kafka.topic('in', 1), await kafka.topic('rows', 3, { 'cleanup.policy': 'compact' })];
    const at = place({
      source: `{ topic: ${from}, value: json, key: text, eventTime: record }`,
      partitions: 1,
      stream: 'schema: ./row.avsc',
      sinks: `{ out: { kafka: { topic: ${to} }, from: [payments.transactions] } }`,
    });
    const fields = [
      { name: 'customerId', type: 'string' },
      { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'amountCents', type: 'long' },
    ];
    writeFileSync(join(dirname(at.config), 'row.avsc'), JSON.stringify({ type: 'record', name: 'Row', fields }));
    const row = (key: string, amountCents: number | null, time: number) => ({
      key,
      value: amountCents === null ? null : JSON.stringify({ amountCents }),
      timestamp: String(time),
    });
    await kafka.produce(from, [row('a', 1, 1000), row('b', 2, 2000), row('a', null, 3000)]);
    await runThrough(at, 3);
    const seen = committedRecords(to).map(({ key, value }) => [
      key,
      value === null ? null : JSON.parse(value).amountCents,
    ]);
    expect(seen.toSorted()).toEqual(
      [
        ['a', 1],
        ['a', null],
        ['b', 2],
      ].toSorted(),
    );
    expect(seen.filter(([key]) => key === 'a')).toEqual([
      ['a', 1],
      ['a', null],
    ]);
  });
});
