/** Topics of payments for the benchmark. */
import type { Kafka, Message } from 'kafkajs';
import { transactionType } from '../../dist/fraud/types.js';

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';

export const PARTITIONS = 4;
const BATCH = 1000;
const START_MS = Date.UTC(2026, 0, 1);
const EVERY_MS = 10;

let topics = 0;

export interface TopicForm {
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
}

export async function makeTopic(kafka: Kafka, name: string, form: TopicForm = {}): Promise<string> {
  const { partitions = PARTITIONS, config = {} } = form;
  const topic = `${name}.${process.pid}-${++topics}`;
  const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false });
  // A busy broker does not know at once what it has just made, and kafkajs gives up waiting for that.
  for (let leaders: readonly number[] = []; leaders.length < partitions || leaders.includes(-1); ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const known = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null);
    leaders = known?.topics.flatMap((each) => each.partitions.map(({ leader }) => leader)) ?? [];
  }
  await admin.disconnect();
  return topic;
}

/** A payment in Avro, in the partition of its customer. */
export function messageOf(id: number, occurredAt: number, partitions = PARTITIONS): Message {
  const customerId = id % 997;
  const event = { transactionId: id, customerId, terminalId: id % 11, amountCents: (id * 7919) % 50_000, occurredAt };
  return { key: String(customerId), value: transactionType.encode(event), partition: customerId % partitions };
}

/** The event time of a payment of `fill`. */
export function timeOf(id: number): number {
  return START_MS + id * EVERY_MS;
}

/** Payments 0 to `records`, in batches of 1000. */
export async function fill(kafka: Kafka, topic: string, records: number, partitions = PARTITIONS): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  for (let at = 0; at < records; at += BATCH) {
    const messages = Array.from({ length: BATCH }, (_, i) => messageOf(at + i, timeOf(at + i), partitions));
    await producer.send({ topic, messages });
  }
  await producer.disconnect();
}
