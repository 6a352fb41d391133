/** What records may hold, and how they may be packed: by the broker's own codecs in Java, by librdkafka and by kafkajs. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transactionType } from '../../../src/fraud/types.ts';
import { framed } from '../../../src/kafka/wire-format.ts';
import { dynamicEventType } from '../../../src/messages/codec.ts';
import { millrace } from '../../integration/millrace.ts';
import { ONE } from './script.ts';
import { consume, deadLetters, ids, place, query, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

describe('batches', () => {
  it('packed by the broker in each way are read from several topics into one stream, and from topics that come later', async () => {
    const codecs = ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'];
    const made: string[] = [];
    for (const [i, codec] of codecs.entries()) {
      const topic = await kafka.topic(`packed.${codec}`, 2, { 'compression.type': codec });
      await kafka.produce(topic, messagesOf(payments(i * 1000, (i + 1) * 1000), 2));
      made.push(topic);
    }
    const pattern = `packed[.].*[.]${process.pid}-.*`;
    const at = place({ source: `{ pattern: "${pattern}", value: json, fetch: { wait: 50ms } }`, partitions: 2 });
    const service = await start(at);
    await service.hasRead(5000);
    const late = await kafka.topic('packed.late', 2);
    await kafka.produce(late, messagesOf(payments(5000, 6000), 2));
    await service.hasRead(6000);
    expect((await service.source()).inputs.map(({ topic }) => topic).sort()).toEqual(
      [...made, late].flatMap((each) => [each, each]).sort(),
    );
    expect((await service.stop()).code).toBe(0);
    expect(await ids(at.data)).toEqual({ n: 6000, ids: 6000 });
  });

  it('packed by librdkafka and by kafkajs are read', async () => {
    const topic = await kafka.topic('clients', 1);
    const lines = payments(0, 4000).map((payment) => `${payment.customerId}\t${JSON.stringify(payment)}\n`);
    for (const [i, codec] of ['gzip', 'snappy', 'lz4', 'zstd'].entries()) {
      const input = lines.slice(i * 1000, (i + 1) * 1000).join('');
      const words = ['-P', '-b', ONE.brokers, '-t', topic, '-K', '\t', '-z', codec, '-X', 'linger.ms=200'];
      const { status, stderr } = spawnSync('kcat', words, { input, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
    const { GZIP, Snappy } = kafkajs.CompressionTypes;
    await kafka.produce(topic, messagesOf(payments(4000, 5000), 1), GZIP);
    await kafka.produce(topic, messagesOf(payments(5000, 6000), 1), Snappy);
    const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: 1 });
    await consume(at, 6000);
    expect(await ids(at.data)).toEqual({ n: 6000, ids: 6000 });
  });

  it('that unpack to more than the bound are dead letters, and what follows is read', async () => {
    const topic = await kafka.topic('bomb', 1);
    const bomb = Buffer.alloc(70 * 1024 * 1024);
    expect(gzipSync(bomb).length).toBeLessThan(100_000);
    await kafka.produce(topic, messagesOf(payments(0, 500), 1));
    const two = [1, 2].map((i) => ({ key: String(i), value: i === 1 ? bomb : Buffer.from('{}') }));
    await kafka.produce(topic, two, kafkajs.CompressionTypes.GZIP);
    await kafka.produce(topic, messagesOf(payments(500, 1000), 1));
    const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: 1 });
    await consume(at, 1002);
    expect(await ids(at.data)).toEqual({ n: 1000, ids: 1000 });
    expect(await deadLetters(at.data)).toEqual({ 'damaged-batch': 2 });
  });

  it('of transactions that were aborted are not seen, and markers hold nothing up', async () => {
    const topic = await kafka.topic('transactions', 1);
    const producer = kafka.kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [i, ends] of ['commit', 'abort', 'commit', 'abort'].entries()) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: messagesOf(payments(i * 100, (i + 1) * 100), 1) });
      if (ends === 'commit') await transaction.commit();
      else await transaction.abort();
    }
    await producer.disconnect();
    const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: 1 });
    const service = await start(at);
    // The last commit's marker and the aborted records behind it are of no event, and are not waited for.
    await service.hasRead(302);
    await kafka.produce(topic, messagesOf(payments(900, 950), 1));
    await service.until(({ inputs }) => inputs[0]?.next === 454, 'at the end');
    await service.stop();
    const seen = await query(at.data, 'SELECT count(*)::INT AS n, sum(transaction_id)::INT AS total FROM transactions');
    const expected = [...payments(0, 100), ...payments(200, 300), ...payments(900, 950)];
    expect(seen).toEqual([{ n: 250, total: expected.reduce((sum, { transactionId }) => sum + transactionId, 0) }]);
  });
});

describe('values', () => {
  it('that are no events are dead letters at 1 in 100 of each kind, and all others are taken', async () => {
    const topic = await kafka.topic('poison', 2);
    const poison = [
      Buffer.from('{oops'),
      Buffer.from('[1]'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('{"transactionId":1}'),
      Buffer.from(JSON.stringify({ ...payments(0, 1)[0], amountCents: 'much' })),
      Buffer.alloc(0),
    ];
    const good = messagesOf(payments(0, 1200), 2);
    const all = good.flatMap((message, i) =>
      i % 100 === 0 ? [message, ...poison.map((value) => ({ ...message, value }))] : [message],
    );
    await kafka.produce(topic, all);
    const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: 2 });
    await consume(at, all.length);
    expect(await ids(at.data)).toEqual({ n: 1200, ids: 1200 });
    const counts = await deadLetters(at.data);
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(6 * 12);
    expect(counts).toMatchObject({ 'missing-field': 12, 'wrong-type': 12, 'not-an-object': 12, 'not-json': 36 });
  });

  it('in Avro are read by the schema of the stream, and what is none of it is refused', async () => {
    const topic = await kafka.topic('avro', 1);
    const good = messagesOf(payments(0, 300), 1, (payment) => transactionType.encode(payment));
    const bad = [Buffer.from([1]), Buffer.concat([transactionType.encode(payments(0, 1)[0]!), Buffer.from([7])])];
    await kafka.produce(topic, [...good, ...bad.map((value) => ({ value }))]);
    const at = place({ source: `{ topic: ${topic} }`, partitions: 1 });
    await consume(at, 302);
    expect(await ids(at.data)).toEqual({ n: 300, ids: 300 });
    expect(await deadLetters(at.data)).toEqual({ 'not-avro': 2 });
  });

  it('that name schemas are resolved from them; while the registry is down they wait', async () => {
    const topic = await kafka.topic('registry', 1);
    const older = {
      ...transactionType.schema,
      fields: [
        ...transactionType.schema.fields.map((field) =>
          field.name === 'terminalId' ? { ...field, type: 'int' as const } : field,
        ),
        { name: 'extra', type: 'string' as const },
      ],
    };
    const other = { type: 'record' as const, name: 'Other', fields: [{ name: 'x', type: 'string' as const }] };
    const answers: Record<string, string> = { 1: JSON.stringify(older), 2: JSON.stringify(other) };
    let isDown = true;
    const server = createServer((request, response) => {
      const id = /^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '')?.[1] ?? '';
      const schema = answers[id];
      // At the start it is asked whether it is there.
      const status = isDown && id !== '0' ? 503 : schema === undefined ? 404 : 200;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ schema }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const writer = dynamicEventType(older);
    const good = messagesOf(payments(0, 200), 1, (payment) => framed(1, writer.encode({ ...payment, extra: 'e' })));
    const bad = [
      framed(2, Buffer.from([2, 65])),
      framed(9, Buffer.from([1])),
      Buffer.from('no frame'),
      framed(1, Buffer.from([1])),
    ];
    await kafka.produce(topic, [...good, ...bad.map((value) => ({ value }))]);
    const registry = `http://127.0.0.1:${port}`;
    const at = place({
      source: `{ topic: ${topic}, value: avro-registry }`,
      partitions: 1,
      kafka: `brokers: [${ONE.brokers}], registry: { url: "${registry}" }`,
    });
    const service = await start(at);
    const waiting = await service.until(({ inputs }) => inputs[0]?.problem !== null && inputs.length > 0, 'waiting');
    expect(waiting.inputs[0]?.problem).toBe(
      `the schema registry at ${registry} answered 503 when it was asked for schema 1; it is asked again`,
    );
    isDown = false;
    await service.hasRead(204);
    expect((await service.source()).inputs[0]?.problem).toBe(null);
    await service.stop();
    expect(await ids(at.data)).toEqual({ n: 200, ids: 200 });
    expect(await deadLetters(at.data)).toEqual({
      'incompatible-schema': 1,
      'unknown-schema': 1,
      'not-framed': 1,
      'not-avro': 1,
    });
  });

  it('lack what comes from the key, headers and the timestamp of their record, and without a value delete a row', async () => {
    const topic = await kafka.topic('parts', 1);
    const at = place({
      source: `{ topic: ${topic}, value: json, key: text, eventTime: record, headers: { note: x-note } }`,
      partitions: 1,
      stream: 'schema: ./click.avsc',
    });
    const timestamp = { type: 'long', logicalType: 'timestamp-millis' };
    const fields = [
      { name: 'customerId', type: 'string' },
      { name: 'occurredAt', type: timestamp },
      { name: 'amountCents', type: 'long' },
      { name: 'note', type: 'string' },
    ];
    writeFileSync(join(dirname(at.config), 'click.avsc'), JSON.stringify({ type: 'record', name: 'Click', fields }));
    const of = (key: string | null, amountCents: number | null, note: string | null, time: number) => ({
      key,
      value: amountCents === null ? null : JSON.stringify({ amountCents }),
      timestamp: String(time),
      headers: note === null ? {} : { 'x-note': note },
    });
    await kafka.produce(topic, [
      of('a', 1, 'first', 1000),
      of('b', 2, 'second', 2000),
      of('c', 3, null, 3000),
      of(null, 4, 'no key', 4000),
      of('a', null, null, 5000),
      of(null, null, null, 6000),
    ]);
    await consume(at, 6);
    expect(await deadLetters(at.data)).toEqual({ 'missing-header': 1, 'null-key': 2 });
    const { stdout } = await millrace(['journal', 'cat', 'payments.transactions', '--data', at.data]);
    expect(stdout).toContain('{"customerId":"a","occurredAt":1000,"amountCents":1,"note":"first"}');
  });
});
