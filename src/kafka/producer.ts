/**
 * A producer, as a sink sees it. Records of one call go together: either as one transaction with a mark that says how far the
 * sender is, or by an idempotent producer. `createProducer` in producer-client.ts is one of kafkajs.
 */

export interface OutgoingRecord {
  /** Decides the partition, as Java's own partitioner does; without one the id of the record decides it. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** The header that has the id of a record. */
export const RECORD_ID = 'millrace.id';

/** Connected from its making until it is closed. After a rejection nothing more can be said of it: make another one. */
export interface Producer {
  /** Resolves once all in-sync replicas have them. */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface Mark {
  /** Any text of at most 4096 bytes (offset.metadata.max.bytes of the broker). */
  readonly text: string;
  /** A number that rises, for whoever looks at the group's offsets. */
  readonly count: number;
}

/**
 * Whoever made one of the same transactional id last is the only one whose transactions are taken. Its mark is kept as the
 * offset of a consumer group of that name, which has no members.
 */
export interface TransactionalProducer {
  /** The mark of the last transaction that was committed under the transactional id; null when there is none. */
  readonly found: string | null;
  /** Consumers of committed records see all of these, and this mark stands, or nothing of it happened. */
  commit(records: readonly OutgoingRecord[], mark: Mark): Promise<void>;
  close(): Promise<void>;
}
