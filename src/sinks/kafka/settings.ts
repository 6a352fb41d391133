/** A topic as a sink, as the pipeline file has it. */
import type { Compression } from '../../kafka/producer-client.ts';
import type { RecordKey } from '../../kafka/record-key.ts';
import type { Sink } from '../sink.ts';

/** `original`: of dead letters, the bytes as they came, with what is wrong in headers. */
export const SENT_VALUES = ['json', 'avro', 'avro-registry', 'original'] as const;
export type SentValue = (typeof SENT_VALUES)[number];

/** What a schema is registered under, by Confluent's names: TopicName-, RecordName- and TopicRecordNameStrategy. */
export const SUBJECTS = ['topic', 'record', 'topic-record'] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface KafkaSinkSettings {
  readonly topic: string;
  readonly value: SentValue;
  readonly subject: Subject;
  readonly key: RecordKey;
  readonly compression: Compression;
  /** Null: of the sink and the data directory. */
  readonly transactionalId: string | null;
  /** Of transactions. */
  readonly commitEveryMs: number;
  readonly transactionTimeoutMs: number;
  readonly batch: Sink['batch'];
}
