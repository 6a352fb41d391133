/** Topics of the broker and what is in them: made by kafkajs' own producer, which the service's source has no part in. */
import kafkajs, { type Kafka, type Message } from 'kafkajs';
import { afterAll } from 'vitest';
import { registerCodecs } from '../../../src/kafka/codecs.ts';
import { ONE } from './script.ts';

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
registerCodecs(kafkajs.CompressionCodecs);

const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
});

export interface Cluster {
  readonly kafka: Kafka;
  /** Makes a topic; its name begins as it is told. */
  topic(name: string, partitions: number, config?: Readonly<Record<string, string>>): Promise<string>;
  produce(topic: string, messages: readonly Message[], compression?: number): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
  /** Makes a topic of this very name. */
  again(topic: string, partitions: number): Promise<void>;
  /** By partition: one behind the last record. */
  ends(topic: string): Promise<number[]>;
  /** Deletes the records before these offsets, by partition. */
  deleteBefore(topic: string, offsets: readonly number[]): Promise<void>;
}

let topics = 0;

export async function cluster(brokers: string = ONE.brokers, replicas = 1): Promise<Cluster> {
  const kafka = new kafkajs.Kafka({
    brokers: brokers.split(','),
    clientId: 'test',
    logLevel: kafkajs.logLevel.NOTHING,
    // It outlasts a broker that was killed and comes back.
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 60 },
  });
  const admin = kafka.admin();
  // Idempotent: what it sends again to a broker that comes back is there once, so that a test knows how many records there are.
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1 });
  await Promise.all([admin.connect(), producer.connect()]);
  ends.push(
    () => admin.disconnect(),
    () => producer.disconnect(),
  );
  async function create(topic: string, partitions: number, config: Readonly<Record<string, string>> = {}) {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const numPartitions = partitions;
    await admin.createTopics({
      topics: [{ topic, numPartitions, replicationFactor: replicas, configEntries }],
      waitForLeaders: false,
    });
    // A busy broker does not know at once what it has just made, and kafkajs gives up waiting for that.
    for (let leaders: readonly number[] = []; leaders.length < partitions || leaders.includes(-1); ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const known = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null);
      leaders = known?.topics.flatMap((each) => each.partitions.map(({ leader }) => leader)) ?? [];
    }
  }
  return {
    kafka,
    async topic(name, partitions, config) {
      const topic = `${name}.${process.pid}-${++topics}`;
      await create(topic, partitions, config);
      return topic;
    },
    async produce(topic, messages, compression = kafkajs.CompressionTypes.None) {
      const ofEach = 1000;
      for (let at = 0; at < messages.length; at += ofEach) {
        await producer.send({ topic, messages: messages.slice(at, at + ofEach), compression });
      }
    },
    async deleteTopic(topic) {
      await admin.deleteTopics({ topics: [topic] });
      // The broker takes its time, and refuses a topic of that name meanwhile.
      while ((await admin.listTopics()).includes(topic)) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    again: (topic, partitions) => create(topic, partitions),
    async ends(topic) {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
    },
    async deleteBefore(topic, offsets) {
      const partitions = offsets.map((offset, partition) => ({ partition, offset: String(offset) }));
      // kafkajs asks no broker for the leaders of a topic that it has not seen.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions });
    },
  };
}

const START_MS = Date.parse('2026-01-01T00:00:00Z');

export interface Payment {
  readonly transactionId: number;
  readonly customerId: number;
  readonly terminalId: number;
  readonly amountCents: number;
  readonly occurredAt: number;
}

/** Payments with these ids: 97 customers, one event each 100 ms. */
export function payments(from: number, to: number): Payment[] {
  return Array.from({ length: to - from }, (_, i) => {
    const transactionId = from + i;
    return {
      transactionId,
      customerId: transactionId % 97,
      terminalId: transactionId % 11,
      amountCents: (transactionId * 7919) % 50_000,
      occurredAt: START_MS + transactionId * 100,
    };
  });
}

/** In the partition of its customer, so that the order of a customer's payments is kept. */
export function messagesOf(all: readonly Payment[], partitions: number, encode = asJson): Message[] {
  return all.map((payment) => ({
    key: String(payment.customerId),
    value: encode(payment),
    partition: payment.customerId % partitions,
    timestamp: String(payment.occurredAt),
  }));
}

function asJson(payment: Payment): Buffer {
  return Buffer.from(JSON.stringify(payment));
}
