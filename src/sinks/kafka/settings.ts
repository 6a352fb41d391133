/** A topic as a sink, as the pipeline file has it. */
import type { Compression } from '../../kafka/producer-client.ts';
import type { Sink } from '../sink.ts';

/** How the key of an event is written: as text, or as a whole number of 4 or 8 bytes, as Kafka's own serializers do. */
export const RECORD_KEYS = ['text', 'int', 'long'] as const;
export type RecordKey = (typeof RECORD_KEYS)[number];

export interface KafkaSinkSettings {
  readonly topic: string;
  readonly key: RecordKey;
  readonly compression: Compression;
  /** Null: of the sink and the data directory. */
  readonly transactionalId: string | null;
  /** Of transactions. */
  readonly commitEveryMs: number;
  readonly batch: Sink['batch'];
}
