/** Events as records of a topic. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { COMPRESSIONS, createProducer, createTransactionalProducer } from '../../kafka/producer-client.ts';
import { topicName } from '../../keys/topic-name.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { sizeUpTo, timer } from '../../keys/value-schema.ts';
import { type SinkHost, sinkAdapter } from '../adapter.ts';
import { checkTopic } from './checks.ts';
import { createKafkaSink } from './kafka-sink.ts';
import { exactlyOnceOutlets, openAtLeastOnce } from './outlets.ts';
import { recordsOf } from './records.ts';
import { type KafkaSinkSettings, RECORD_KEYS } from './settings.ts';

export const kafkaSink = sinkAdapter({
  kind: 'kafka',
  isRemote: true,
  deliveries: ['at_least_once', 'exactly_once'],
  schema: z.strictObject({
    topic: topicName,
    key: z.enum(RECORD_KEYS).default('text').describe("The event's key as text, or as 4 (int) or 8 (long) bytes."),
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
    batch: z
      .strictObject({
        events: z.int().min(1).max(10_000).default(2000),
        bytes: sizeUpTo('500KB, of at most 64MB', 64 * 1024 ** 2).prefault('500KB'),
      })
      .prefault({})
      .describe('Sent at once. Brokers take a batch of 1 MB, unless told otherwise.'),
  }),
  derive: ({ commitEvery, ...settings }): KafkaSinkSettings => ({ ...settings, commitEveryMs: commitEvery }),
  print: ({ topic, key, compression, transactionalId, commitEveryMs, batch }) => ({
    ...{ topic, key, compression, transactionalId },
    commitEvery: formatDuration(commitEveryMs),
    batch: { events: batch.events, bytes: formatSize(batch.bytes) },
  }),
  check(_, { kafka }, report) {
    if (kafka === null) report(['kafka'], 'needs a section `kafka: { brokers: [host:9092] }` at the top of the file');
  },
  reach: ({ topic }, { kafka }) => checkTopic(topic, kafka),
  open(settings, host) {
    const { topic, batch } = settings;
    const { name, kafka, delivery } = host;
    if (kafka === null) throw new Error('A Kafka sink without its section kafka');
    const keepsOrder = delivery === 'exactly_once' ? { keepsOrder: true as const } : {};
    return createKafkaSink({
      name,
      batch,
      ...keepsOrder,
      topic,
      brokers: kafka.brokers,
      open: outletsOf(settings, host),
    });
  },
});

function outletsOf(settings: KafkaSinkSettings, host: SinkHost) {
  const { topic, key, compression, commitEveryMs } = settings;
  const { name, kafka, log, nowMs, sleep, journalEnds } = host;
  if (kafka === null) throw new Error('A Kafka sink without its section kafka');
  const producer = { connection: kafka, topic, compression, log };
  const records = recordsOf(key, ({ json }) => Buffer.from(json, 'utf8'));
  if (host.delivery === 'at_least_once') return () => openAtLeastOnce(() => createProducer(producer), records);
  const owner = host.owner();
  const transactionalId = settings.transactionalId ?? `millrace-${name}-${owner}`;
  return exactlyOnceOutlets({
    ...{ transactionalId, owner, journalEnds, nowMs, sleep },
    run: randomUUID(),
    everyMs: commitEveryMs,
    connect: (admit) => createTransactionalProducer({ ...producer, transactionalId }, admit),
    recordsOf: records,
  });
}
