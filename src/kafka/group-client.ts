/**
 * A member of a consumer group by kafkajs, as group.ts has it. Here kafkajs commits no offset by itself, and resolves
 * only offsets of batches that were taken. Its defects, and the answer to each, are in docs/kafka.md.
 */
import type { Admin, Consumer, EachBatchPayload } from 'kafkajs';
import { millraceAssigner } from './assigner.ts';
import { type KafkaLog, kafkaClient, loadKafkaJs } from './client.ts';
import { committedOffsets } from './committed-offsets.ts';
import type { KafkaConnection } from './connection.ts';
import type { Bounds, FetchedBatch, Group, GroupListener, Partitions } from './group.ts';
import { recordsOf } from './partition-fetch.ts';
import { isOfKafka } from './trouble.ts';

export interface GroupOptions {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  /** So many partitions of each topic have a log. */
  readonly logs: number;
  readonly fetch: FetchLimits;
  /** A member that says nothing for so long has lost its partitions. */
  readonly sessionTimeoutMs: number;
  log: KafkaLog;
}

export interface FetchLimits {
  readonly partitionBytes: number;
  readonly bytes: number;
  /** A broker without anything new answers after so long. Leaving and joining wait for that. */
  readonly maxWaitMs: number;
}

/** How long a batch without room holds up the others of its broker; then its partition is paused. */
const ROOM_MS = 200;

/** Rejects when no broker answers, or refuses. */
export async function createGroup(options: GroupOptions): Promise<Group> {
  const { connection, groupId, sessionTimeoutMs, fetch } = options;
  const { AssignerProtocol } = await loadKafkaJs();
  const kafka = await kafkaClient(connection, options.log);
  const admin = kafka.admin();
  await admin.connect();
  let consumer: Consumer | null = null;
  /** A member that has come to its end fetches nothing more; kafkajs refuses to steer it, before it tells of the end. */
  const steer = (how: (own: Consumer) => void): void => {
    try {
      if (consumer !== null) how(consumer);
    } catch (error) {
      if (!isOfKafka(error)) throw error;
    }
  };
  return {
    topics: () => admin.listTopics(),
    partitionsOf: (topics) => partitionsOf(admin, topics),
    bounds: async (topic) => boundsOf(admin, topic),
    async committed(topic) {
      const answers = await committedOffsets(admin, groupId, [topic]);
      const all = answers.flatMap(({ partitions }) => partitions);
      return new Map(
        all.map((each) => [each.partition, { offset: Number(each.offset), metadata: each.metadata }] as const),
      );
    },
    async run(topics, listener, signal) {
      const own = kafka.consumer({
        groupId,
        partitionAssigners: [millraceAssigner(AssignerProtocol, () => listener.claims(), options.logs)],
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: Math.max(100, Math.floor(sessionTimeoutMs / 5)),
        rebalanceTimeout: Math.max(sessionTimeoutMs, 30_000),
        maxWaitTimeInMs: fetch.maxWaitMs,
        maxBytesPerPartition: fetch.partitionBytes,
        maxBytes: fetch.bytes,
        allowAutoTopicCreation: false,
      });
      consumer = own;
      try {
        await runConsumer(own, topics, listener, signal);
      } finally {
        consumer = null;
        await own.disconnect().catch(() => {});
      }
    },
    seek: (topic, partition, offset) => steer((own) => own.seek({ topic, partition, offset: String(offset) })),
    pause: (topic, partition) => steer((own) => own.pause([{ topic, partitions: [partition] }])),
    resume: (topic, partition) => steer((own) => own.resume([{ topic, partitions: [partition] }])),
    async commit(offsets) {
      if (consumer === null) throw new Error('The member of the group does not run');
      await consumer.commitOffsets(offsets.map((each) => ({ ...each, offset: String(each.offset) })));
    },
    close: () => admin.disconnect(),
  };
}

async function partitionsOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
  return new Map(found.map(({ name, partitions }) => [name, partitions.length] as const));
}

async function boundsOf(admin: Admin, topic: string): Promise<ReadonlyMap<number, Bounds>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map((each) => [each.partition, { low: Number(each.low), high: Number(each.high) }] as const));
}

async function runConsumer(
  consumer: Consumer,
  topics: readonly string[],
  listener: GroupListener,
  signal: AbortSignal,
): Promise<void> {
  const { events } = consumer;
  let end = (_: Error | null): void => {};
  const ended = new Promise<Error | null>((resolve) => {
    end = resolve;
  });
  consumer.on(events.GROUP_JOIN, ({ payload }) => listener.assigned(assignmentOf(payload.memberAssignment)));
  consumer.on(events.COMMIT_OFFSETS, ({ payload }) => listener.generation(payload.groupGenerationId));
  consumer.on(events.FETCH, () => listener.heard());
  consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
    const { topic, partition, batchSize, lastOffset } = payload;
    if (batchSize === 0) listener.skipped(topic, partition, Number(lastOffset));
  });
  // It never restarts by itself (tulios/kafkajs#1443); whoever called this decides.
  consumer.on(events.CRASH, ({ payload }) => end(payload.error));
  const abort = (): void => end(null);
  if (signal.aborted) return;
  signal.addEventListener('abort', abort, { once: true });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => handle(payload, listener, signal),
    });
    const error = await ended;
    if (error !== null) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function assignmentOf(assignment: Readonly<Record<string, readonly number[]>>): Partitions {
  return new Map(Object.entries(assignment));
}

/** It only hands over, so that the member is heard of in time: kafkajs sends a heartbeat between batches, never beside one. */
async function handle(
  { batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload,
  listener: GroupListener,
  signal: AbortSignal,
): Promise<void> {
  const { topic, partition } = batch;
  const fetched: FetchedBatch = {
    topic,
    partition,
    fetchedOffset: fetchedOffsetOf(batch),
    records: recordsOf(batch),
    lastOffset: Number(batch.lastOffset()),
    highWatermark: Number(batch.highWatermark),
  };
  for (let tries = 0; isRunning() && !isStale() && !signal.aborted; tries++) {
    const answer = listener.fetched(fetched);
    if (answer === 'taken') resolveOffset(batch.lastOffset());
    if (answer !== 'full') return;
    if (tries > 0) {
      listener.blocked(topic, partition);
      return;
    }
    await untilRoom(listener.room(topic, partition));
    await heartbeat();
  }
}

/** Resolves when there is room, or after ROOM_MS. */
async function untilRoom(room: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ROOM_MS);
  });
  await Promise.race([room.catch(() => {}), waited]);
  clearTimeout(timer);
}

/** kafkajs has it at run time, and its types have it not. */
function fetchedOffsetOf(batch: EachBatchPayload['batch']): number {
  const value: unknown = Reflect.get(batch, 'fetchedOffset');
  if (value === undefined) throw new Error('This version of kafkajs does not say which offset it has fetched');
  return Number(value);
}
