import type { KafkaSourceSettings } from '../../../src/sources/kafka/settings.ts';

/** One topic into one stream, its events as the stream's schema has them. */
export const kafkaSettings: KafkaSourceSettings = {
  topics: ['t'],
  pattern: null,
  group: null,
  from: 'earliest',
  value: 'avro',
  key: 'value',
  repartition: false,
  eventTime: { from: 'field' },
  headers: {},
  onLoss: 'halt',
  fetch: { partitionBytes: 1, bytes: 1, maxWaitMs: 1 },
  sessionTimeoutMs: 1,
  commitEveryMs: 1,
};
