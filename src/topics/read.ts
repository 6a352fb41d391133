/** A topic from some offset of each partition up to its end, as it is when the reading begins. */
import { randomUUID } from 'node:crypto';
import type { KafkaLog } from '../kafka/client.ts';
import type { KafkaConnection } from '../kafka/connection.ts';
import type { FetchedRecord, GroupListener } from '../kafka/group.ts';
import { createGroup } from '../kafka/group-client.ts';

export interface ReadOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** The newest of each partition; null: all. */
  readonly newest: number | null;
  log: KafkaLog;
  take(partition: number, record: FetchedRecord): void;
}

const FETCH = { partitionBytes: 1024 ** 2, bytes: 10 * 1024 ** 2, maxWaitMs: 100 };
const SESSION_TIMEOUT_MS = 30_000;
/** More than any topic has partitions. */
const LOGS = 1_000_000;

/** The group has a name that no other has, and commits nothing. Rejects with an error of kafkajs. */
export async function readTopic({ connection, topic, newest, log, take }: ReadOptions): Promise<void> {
  const groupId = `millrace-read-${randomUUID()}`;
  const group = await createGroup({
    ...{ connection, groupId, log },
    logs: LOGS,
    fetch: FETCH,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  });
  const done = new AbortController();
  /** Of partitions that are not at their end: what is taken next, and where the end is. */
  const open = new Map<number, { next: number; readonly end: number }>();
  const reached = (partition: number, next: number): void => {
    const own = open.get(partition);
    if (own === undefined) return;
    own.next = Math.max(own.next, next);
    if (own.next >= own.end) open.delete(partition);
    if (open.size === 0) done.abort();
  };
  const listener: GroupListener = {
    claims: () => new Map(),
    assigned() {
      for (const [partition, { next }] of open) group.seek(topic, partition, next);
    },
    generation() {},
    fetched({ partition, records, lastOffset }) {
      const own = open.get(partition);
      for (const record of own === undefined ? [] : records) {
        const { offset } = record;
        if (own !== undefined && offset >= own.next && offset < own.end) take(partition, record);
      }
      reached(partition, lastOffset + 1);
      return 'taken';
    },
    room: async () => {},
    blocked() {},
    skipped: (_, partition, lastOffset) => reached(partition, lastOffset + 1),
    heard() {},
  };
  try {
    for (const [partition, { low, high }] of await group.bounds(topic)) {
      if (high > low) open.set(partition, { next: Math.max(low, newest === null ? low : high - newest), end: high });
    }
    if (open.size > 0) await group.run([topic], listener, done.signal);
  } finally {
    await group.close();
  }
}
