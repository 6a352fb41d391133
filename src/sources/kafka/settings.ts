/** A topic as the source of a stream, as the pipeline file has it. */

/** Where the stream's key is: in the value, or the record's key, written as text or as a whole number of 4 or 8 bytes. */
export const KEY_FORMS = ['value', 'text', 'int', 'long'] as const;
export type KeyForm = (typeof KEY_FORMS)[number];

export const VALUE_FORMS = ['avro', 'avro-registry', 'json'] as const;
export type ValueForm = (typeof VALUE_FORMS)[number];

export type EventTimeForm =
  /** A field of the value. */
  | { readonly from: 'field' }
  /** The timestamp of the record. */
  | { readonly from: 'record' }
  | { readonly from: 'header'; readonly header: string };

export interface KafkaSourceSettings {
  /** Names; null where `pattern` says which. */
  readonly topics: readonly string[] | null;
  /** A regular expression for whole names. */
  readonly pattern: string | null;
  /** Null: `millrace-<stream>`. */
  readonly group: string | null;
  /** Where a partition begins that nobody has read. */
  readonly from: 'earliest' | 'latest';
  readonly value: ValueForm;
  readonly key: KeyForm;
  /** Whether the producer of the topic divided it by something else than the stream's key. */
  readonly repartition: boolean;
  readonly eventTime: EventTimeForm;
  /** Fields that are filled from headers: name of the header by field. */
  readonly headers: Readonly<Record<string, string>>;
  /** What is done where records are gone that were not read. */
  readonly onLoss: 'halt' | 'skip';
  readonly fetch: {
    readonly partitionBytes: number;
    readonly bytes: number;
    readonly maxWaitMs: number;
  };
  readonly sessionTimeoutMs: number;
  /** Between two commits of offsets to Kafka, which only tell others how far this one is. */
  readonly commitEveryMs: number;
}

export function groupOf({ group }: KafkaSourceSettings, stream: string): string {
  return group ?? `millrace-${stream}`;
}
