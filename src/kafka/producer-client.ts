/**
 * Producers by kafkajs, as producer.ts has them. Retries within kafkajs are few, and a producer that failed is not used again:
 * after a failed send it counts its sequence numbers wrongly (tulios/kafkajs#598).
 */
import type { Admin, Kafka, Producer as KafkaJsProducer, Message, RecordMetadata } from 'kafkajs';
import { type KafkaLog, kafkaClient, loadKafkaJs } from './client.ts';
import { committedOffsets } from './committed-offsets.ts';
import type { KafkaConnection } from './connection.ts';
import { type OutgoingRecord, type Producer, RECORD_ID, type TransactionalProducer } from './producer.ts';

export interface ProducerOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly compression: Compression;
  log: KafkaLog;
}

export const COMPRESSIONS = ['none', 'gzip', 'snappy'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** As a batch of records has it. */
const CODEC: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2 };

/**
 * A transaction that begins right behind another one is told to wait for some milliseconds, so the first pauses are short. All
 * of them together bridge the election of a leader.
 */
const RETRY = { initialRetryTime: 5, maxRetryTime: 1000, retries: 12 };

/**
 * kafkajs says of any bound on its retries that it may hurt; a producer that has reached it is not used again here. And it says
 * each time that a transaction has to wait for the end of the one before.
 */
const EXPECTED = /Limiting retries for the idempotent producer|another concurrent operation on the same transaction/;

/** Rejects when no broker answers, or refuses. */
export async function createProducer(options: ProducerOptions): Promise<Producer> {
  const { topic, compression } = options;
  const { producer, sent } = await producerOf(await clientOf(options), {});
  const codec = CODEC[compression];
  await producer.connect();
  return {
    send: (records) => sendWhole(sent, records, (messages) => producer.send({ topic, messages, compression: codec })),
    close: () => producer.disconnect(),
  };
}

/** What one send of kafkajs comes to. */
interface Sent {
  /** Partitions that its records have gone to. */
  readonly partitions: Set<number>;
  /** The broker of each produce request that was answered. */
  readonly brokers: string[];
}

/**
 * kafkajs tries again by broker, not by partition: where a leader moves in between, records of that partition are sent to
 * both brokers, or to none, and the send succeeds. So each partition that has records must have answered, once. And when one
 * broker fails, kafkajs asks the others again that have not answered yet, under new sequence numbers: such a broker has the
 * records twice. So each broker must have been asked once.
 */
async function sendWhole(
  { partitions, brokers }: Sent,
  records: readonly OutgoingRecord[],
  send: (messages: Message[]) => Promise<readonly RecordMetadata[]>,
): Promise<void> {
  partitions.clear();
  brokers.length = 0;
  const answers = await send(records.map(messageOf));
  const answered = new Set(answers.map(({ partition }) => partition));
  const eachOnce = answers.length === partitions.size && answered.size === partitions.size;
  if (eachOnce && new Set(brokers).size === brokers.length) return;
  throw new Error('leaders of partitions moved while records were sent: not all are certain to be there once');
}

export interface TransactionalOptions extends ProducerOptions {
  readonly transactionalId: string;
  /**
   * What a killed or paused process had begun is aborted after so long, or when the next one begins. Consumers of committed
   * records wait for that.
   */
  readonly transactionTimeoutMs: number;
}

/** `admit` throws at a mark beside which nothing may be written. It is asked before others are fenced off, and after. */
export async function createTransactionalProducer(
  options: TransactionalOptions,
  admit: (mark: string | null) => void,
): Promise<TransactionalProducer> {
  const { topic, transactionalId, transactionTimeoutMs, compression } = options;
  const kafka = await clientOf(options);
  const transactional = { transactionalId, transactionTimeout: transactionTimeoutMs };
  const { producer, sent } = await producerOf(kafka, transactional);
  const codec = CODEC[compression];
  const found = await takeOver(kafka, producer, topic, transactionalId, admit).catch((error: unknown) => {
    producer.disconnect().catch(() => {});
    throw error;
  });
  return {
    found,
    async commit(records, { text, count }) {
      const transaction = await producer.transaction();
      // A partition that is new to the transaction waits for the end of the one before, and offsets do not (kafkajs).
      if (records.length > 0) {
        await sendWhole(sent, records, (messages) => transaction.send({ topic, messages, compression: codec }));
      }
      // Its types lack the metadata, which it sends.
      const partitions = [{ partition: 0, offset: String(count), metadata: text }];
      await transaction.sendOffsets({ consumerGroupId: transactionalId, topics: [{ topic, partitions }] });
      await transaction.commit();
    },
    close: () => producer.disconnect(),
  };
}

/** Ends what another process of this transactional id has begun, and reads what that has committed. */
async function takeOver(
  kafka: Kafka,
  producer: KafkaJsProducer,
  topic: string,
  transactionalId: string,
  admit: (mark: string | null) => void,
): Promise<string | null> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    admit(await lastMark(admin, topic, transactionalId));
    await producer.connect();
    // Its beginning is what fences the other one off; nothing is in it.
    const fence = await producer.transaction();
    await fence.abort();
    const mark = await lastMark(admin, topic, transactionalId);
    admit(mark);
    return mark;
  } finally {
    await admin.disconnect();
  }
}

async function lastMark(admin: Admin, topic: string, groupId: string): Promise<string | null> {
  const answers = await committedOffsets(admin, groupId, [topic]);
  const own = answers.flatMap(({ partitions }) => partitions).find(({ partition }) => partition === 0);
  return own === undefined || Number(own.offset) < 0 ? null : own.metadata;
}

function clientOf({ connection, log }: ProducerOptions): Promise<Kafka> {
  return kafkaClient(connection, (line) => {
    if (!EXPECTED.test(line)) log(line);
  });
}

async function producerOf(
  kafka: Kafka,
  transactional: { readonly transactionalId?: string; readonly transactionTimeout?: number },
): Promise<{
  readonly producer: KafkaJsProducer;
  /** Of the send that is under way, or the last one. */
  readonly sent: Sent;
}> {
  const { Partitioners } = await loadKafkaJs();
  const sent: Sent = { partitions: new Set(), brokers: [] };
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    retry: RETRY,
    // A record without a key keeps its partition when it is sent again: idempotence is by partition.
    createPartitioner: () => {
      const ofKey = Partitioners.DefaultPartitioner();
      return ({ topic, partitionMetadata, message }) => {
        const keyed = message.key == null ? { ...message, key: String(message.headers?.[RECORD_ID]) } : message;
        const partition = ofKey({ topic, partitionMetadata, message: keyed });
        sent.partitions.add(partition);
        return partition;
      };
    },
    ...transactional,
  });
  producer.on(producer.events.REQUEST, ({ payload: { apiName, broker } }) => {
    if (apiName === 'Produce') sent.brokers.push(broker);
  });
  return { producer, sent };
}

function messageOf({ key, value, headers, timestamp }: OutgoingRecord): Message {
  return { key, value, headers: { ...headers }, timestamp: String(timestamp) };
}
