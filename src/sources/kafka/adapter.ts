/** Topics of Kafka: a consumer group of whose partitions each feeds the log of its number. */
import { z } from 'zod';
import { createGroup } from '../../kafka/group-client.ts';
import { createSchemaRegistry } from '../../kafka/registry.ts';
import { fieldOf, isNullable, type Report, unknownField } from '../../keys/names.ts';
import { topicName } from '../../keys/topic-name.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { sizeUpTo, timer } from '../../keys/value-schema.ts';
import { isUnion } from '../../messages/avro.ts';
import { isKeyByText, writtenAs } from '../../streams/field-key.ts';
import { typeName } from '../../streams/field-type.ts';
import { type SourceStream, sourceAdapter } from '../adapter.ts';
import { checkTopics } from './checks.ts';
import { createKafkaSource } from './kafka-source.ts';
import { createRecordBlocks } from './record-blocks.ts';
import { traceOf } from './record-traces.ts';
import { schemasOf } from './schemas.ts';
import { type EventTimeForm, groupOf, type KafkaSourceSettings, KEY_FORMS, VALUE_FORMS } from './settings.ts';

const schema = z.strictObject({
  topic: topicName.optional(),
  topics: z.array(topicName).min(1).optional().describe('Several topics into one stream.'),
  pattern: z.string().min(1).optional().describe('A regular expression for whole names; new topics are found.'),
  group: z
    .string()
    .min(1)
    .max(255)
    .nullable()
    .default(null)
    .describe('The consumer group; null: millrace-STREAM. Another one reads from the beginning again.'),
  from: z
    .enum(['earliest', 'latest'])
    .default('earliest')
    .describe('Where a partition begins that the group has never read.'),
  value: z
    .enum(VALUE_FORMS)
    .default('avro')
    .describe("avro: by the stream's schema; avro-registry: Confluent's wire format, needs kafka.registry; or json."),
  key: z
    .enum(KEY_FORMS)
    .default('value')
    .describe("Where the stream's key is: in the value, or the record's key as text, or as 4 (int) or 8 (long) bytes."),
  repartition: z
    .boolean()
    .default(false)
    .describe(
      'Records of one key of the stream are in any partition: they are brought together by it, at a second commit.',
    ),
  eventTime: z
    .union([z.enum(['field', 'record']), z.string().regex(/^header:.+$/, 'is field, record or header:NAME')])
    .default('field')
    .describe('Where the event time is: the field of the value, the timestamp of the record, or header:NAME.'),
  headers: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Fields that are filled from headers: { field: header }.'),
  onLoss: z
    .enum(['halt', 'skip'])
    .default('halt')
    .describe('Where records are gone that were not read, the partition halts; skip goes on with what is there.'),
  fetch: z
    .strictObject({
      partition: sizeUpTo('1MB, of at most 64MB', 64 * 1024 ** 2)
        .prefault('1MB')
        .describe('Of a partition at once.'),
      bytes: sizeUpTo('10MB, of at most 256MB', 256 * 1024 ** 2)
        .prefault('10MB')
        .describe('Of a broker at once.'),
      wait: timer.prefault('100ms').describe('A broker that has nothing new answers after so long.'),
    })
    .prefault({}),
  sessionTimeout: timer.prefault('30s').describe('A member that is not heard of for so long has lost its partitions.'),
  commitEvery: timer.prefault('5s').describe('So often Kafka is told how far the journal is; nothing depends on it.'),
});

export const kafkaSource = sourceAdapter({
  kind: 'kafka',
  schema,
  isAssigned: true,
  derive: ({
    topic,
    topics,
    pattern,
    eventTime,
    fetch,
    sessionTimeout,
    commitEvery,
    ...rest
  }): KafkaSourceSettings => ({
    ...rest,
    topics: topic !== undefined ? [topic, ...(topics ?? [])] : (topics ?? null),
    pattern: pattern ?? null,
    eventTime: timeFormOf(eventTime),
    fetch: { partitionBytes: fetch.partition, bytes: fetch.bytes, maxWaitMs: fetch.wait },
    sessionTimeoutMs: sessionTimeout,
    commitEveryMs: commitEvery,
  }),
  scatters: ({ repartition }) => repartition,
  print: ({ topics, pattern, group, from, value, key, repartition, headers, onLoss, eventTime, fetch, ...own }) => ({
    ...(topics === null ? { pattern } : { topics }),
    ...{ group, from, value, key, repartition, headers, onLoss },
    eventTime: eventTime.from === 'header' ? `header:${eventTime.header}` : eventTime.from,
    fetch: {
      partition: formatSize(fetch.partitionBytes),
      bytes: formatSize(fetch.bytes),
      wait: formatDuration(fetch.maxWaitMs),
    },
    sessionTimeout: formatDuration(own.sessionTimeoutMs),
    commitEvery: formatDuration(own.commitEveryMs),
  }),
  check(settings, stream, report) {
    checkNames(settings, report);
    checkFields(settings, stream, report);
    if (stream.kafka === null) {
      report(['source', 'kafka'], 'needs a section `kafka: { brokers: [host:9092] }` at the top of the file');
    } else if (settings.value === 'avro-registry' && stream.kafka.registryUrl === null) {
      report(['source', 'kafka', 'value'], 'needs `registry: { url: … }` in the section kafka');
    }
  },
  reach: (settings, stream, host) => checkTopics(settings, stream, groupOf(settings, stream.name), host),
  open(settings, stream, host) {
    const { kafka, sleep, nowMs, log } = host;
    if (kafka === null) throw new Error('A Kafka source without its section kafka');
    const groupId = groupOf(settings, stream.name);
    const registry = kafka.registryUrl === null ? null : createSchemaRegistry(kafka.registryUrl);
    return createKafkaSource({
      settings,
      groupId,
      brokers: kafka.brokers,
      owner: host.owner(),
      blocks: createRecordBlocks(stream, settings),
      ...(host.isTraced === true ? { traceOf: (records) => traceOf(records, nowMs()) } : {}),
      schemas: (ids, tell, signal) => schemasOf({ registry, sleep }, ids, tell, signal),
      connect: () =>
        createGroup({
          connection: kafka,
          groupId,
          logs: stream.partitions,
          fetch: settings.fetch,
          sessionTimeoutMs: settings.sessionTimeoutMs,
          log,
        }),
      nowMs,
      sleep,
      log,
    });
  },
});

function timeFormOf(text: string): EventTimeForm {
  if (text === 'field' || text === 'record') return { from: text };
  return { from: 'header', header: text.slice('header:'.length) };
}

function checkNames({ topics, pattern }: KafkaSourceSettings, report: Report): void {
  const at = ['source', 'kafka'];
  if ((topics === null) === (pattern === null))
    report(at, 'name one of `topic: t`, `topics: [a, b]` and `pattern: "t.*"`');
  if (topics !== null && new Set(topics).size < topics.length) report([...at, 'topics'], 'names a topic twice');
  if (pattern === null) return;
  try {
    new RegExp(pattern);
  } catch (error) {
    report([...at, 'pattern'], `is no regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkFields({ headers, key }: KafkaSourceSettings, stream: SourceStream, report: Report): void {
  for (const name of Object.keys(headers)) {
    const field = fieldOf(stream.schema, name);
    const at = ['source', 'kafka', 'headers', name];
    if (field === undefined) report(at, unknownField(stream.schema, name));
    else {
      const branches = isUnion(field.type) ? field.type.filter((branch) => branch !== 'null') : [field.type];
      const isText = branches.length === 1 && branches.every((branch) => typeName(branch) === 'string');
      if (!isText)
        report(at, `a header is a text, and ${name} is ${isNullable(field) ? 'another nullable type' : 'none'}`);
    }
  }
  const keyField = key === 'value' ? undefined : fieldOf(stream.schema, stream.key);
  if (keyField !== undefined && typeName(isUnion(keyField.type) ? 'null' : keyField.type) === 'enum') {
    report(['source', 'kafka', 'key'], 'the key is an enum, which is read from the value only');
  }
  if (keyField !== undefined && isKeyByText(stream.schema, stream.key)) {
    report(
      ['source', 'kafka', 'key'],
      `the key is ${writtenAs(stream.schema, stream.key)}, which is read from the value only`,
    );
  }
}
