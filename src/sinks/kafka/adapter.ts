/** Events as records of a topic. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { COMPRESSIONS, createProducer, createTransactionalProducer } from '../../kafka/producer-client.ts';
import { RECORD_KEYS } from '../../kafka/record-key.ts';
import { createSchemaRegistry } from '../../kafka/registry.ts';
import { askRegistry } from '../../kafka/registry-answers.ts';
import { checkTopic } from '../../kafka/topic-there.ts';
import { topicName } from '../../keys/topic-name.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { sizeUpTo, timer } from '../../keys/value-schema.ts';
import { deadLettersOf } from '../../messages/stream-events.ts';
import { type SinkHost, sinkAdapter } from '../adapter.ts';
import { createKafkaSink } from './kafka-sink.ts';
import { exactlyOnceOutlets, openAtLeastOnce } from './outlets.ts';
import { recordsOf } from './records.ts';
import { type KafkaSinkSettings, SENT_VALUES, SUBJECTS } from './settings.ts';
import { avroValues, type ContentsOf, jsonValues, originals, registeredValues } from './values.ts';

/** A broker that is asked to wait less aborts transactions of a process that is only busy. */
const TRANSACTION_TIMEOUT_MIN_MS = 1000;

export const kafkaSink = sinkAdapter({
  kind: 'kafka',
  isRemote: true,
  deliveries: ['at_least_once', 'exactly_once'],
  schema: z.strictObject({
    topic: topicName,
    key: z.enum(RECORD_KEYS).default('text').describe("The event's key as text, or as 4 (int) or 8 (long) bytes."),
    value: z
      .enum(SENT_VALUES)
      .default('json')
      .describe(
        "json; avro: by the event's schema; avro-registry: Confluent's wire format, needs kafka.registry; original: of dead letters.",
      ),
    subject: z
      .enum(SUBJECTS)
      .default('topic')
      .describe('Of avro-registry: what schemas are registered under. A topic of several streams needs record.'),
    compression: z.enum(COMPRESSIONS).default('none'),
    transactionalId: z
      .string()
      .min(1)
      .max(200)
      .nullable()
      .default(null)
      .describe('Of exactly_once, and of the group that keeps its position. null: of the sink and the data directory.'),
    commitEvery: timer
      .prefault('100ms')
      .describe('Of exactly_once: from one transaction to the next, at least. Consumers see the events at its end.'),
    transactionTimeout: timer
      .prefault('30s')
      .describe(
        'Of exactly_once, at least 1s: the broker aborts a transaction of a process that says nothing for so long.',
      ),
    batch: z
      .strictObject({
        events: z.int().min(1).max(10_000).default(2000),
        bytes: sizeUpTo('500KB, of at most 64MB', 64 * 1024 ** 2).prefault('500KB'),
      })
      .prefault({})
      .describe('Sent at once. Brokers take a batch of 1 MB, unless told otherwise.'),
  }),
  derive: ({ commitEvery, transactionTimeout, ...settings }): KafkaSinkSettings => ({
    ...settings,
    commitEveryMs: commitEvery,
    transactionTimeoutMs: transactionTimeout,
  }),
  print: ({ topic, value, subject, key, compression, transactionalId, batch, ...own }) => ({
    ...{ topic, value, subject, key, compression, transactionalId },
    commitEvery: formatDuration(own.commitEveryMs),
    transactionTimeout: formatDuration(own.transactionTimeoutMs),
    batch: { events: batch.events, bytes: formatSize(batch.bytes) },
  }),
  check({ value, transactionTimeoutMs }, { kafka, from }, report) {
    if (transactionTimeoutMs < TRANSACTION_TIMEOUT_MIN_MS)
      report(['kafka', 'transactionTimeout'], 'must be at least 1s');
    const other = from.find((stream) => !stream.endsWith(deadLettersOf('')));
    if (value === 'original' && other !== undefined) {
      report(['kafka', 'value'], `original is for dead letters, and ${other} has none`);
    }
    if (kafka === null) report(['kafka'], 'needs a section `kafka: { brokers: [host:9092] }` at the top of the file');
    else if (value === 'avro-registry' && kafka.registryUrl === null) {
      report(['kafka', 'value'], 'needs `registry: { url: … }` in the section kafka');
    }
  },
  async reach({ topic, value }, { kafka }) {
    if (kafka === null) throw new Error('A Kafka sink without its section kafka');
    const problem = await checkTopic(topic, kafka);
    const { registryUrl } = kafka;
    return problem === null && value === 'avro-registry' && registryUrl !== null ? askRegistry(registryUrl) : problem;
  },
  open(settings, host) {
    const { topic, batch } = settings;
    const { name, kafka, delivery } = host;
    if (kafka === null) throw new Error('A Kafka sink without its section kafka');
    const keepsOrder = delivery === 'exactly_once' ? { keepsOrder: true as const } : {};
    return createKafkaSink({
      name,
      batch,
      ...keepsOrder,
      takesDeletions: true,
      topic,
      brokers: kafka.brokers,
      open: outletsOf(settings, host),
    });
  },
});

function outletsOf(settings: KafkaSinkSettings, host: SinkHost) {
  const { topic, key, compression, commitEveryMs, transactionTimeoutMs } = settings;
  const { name, kafka, log, nowMs, sleep, journalEnds } = host;
  if (kafka === null) throw new Error('A Kafka sink without its section kafka');
  const producer = { connection: kafka, topic, compression, log };
  const records = recordsOf(key, valuesOf(settings, kafka.registryUrl));
  if (host.delivery === 'at_least_once') return () => openAtLeastOnce(() => createProducer(producer), records);
  const owner = host.owner();
  const transactionalId = settings.transactionalId ?? `millrace-${name}-${owner}`;
  return exactlyOnceOutlets({
    ...{ transactionalId, owner, journalEnds, nowMs, sleep },
    run: randomUUID(),
    everyMs: commitEveryMs,
    connect: (admit) => createTransactionalProducer({ ...producer, transactionalId, transactionTimeoutMs }, admit),
    recordsOf: records,
  });
}

function valuesOf({ topic, value, subject }: KafkaSinkSettings, registryUrl: string | null): ContentsOf {
  if (value === 'json') return jsonValues;
  if (value === 'avro') return avroValues;
  if (value === 'original') return originals;
  if (registryUrl === null) throw new Error('Values of a registry without a registry');
  return registeredValues(createSchemaRegistry(registryUrl), topic, subject);
}
