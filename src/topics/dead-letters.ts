/** Dead letters in a topic, as a sink with `value: original` writes them, and Kafka Connect. */
import type { KafkaLog } from '../kafka/client.ts';
import { CONNECT, CUT } from '../kafka/connect-headers.ts';
import type { KafkaConnection } from '../kafka/connection.ts';
import type { FetchedRecord } from '../kafka/group.ts';
import { type OutgoingRecord, RECORD_ID } from '../kafka/producer.ts';
import { createProducer } from '../kafka/producer-client.ts';
import { deadLettersOf } from '../messages/stream-events.ts';
import { textOf } from '../sources/kafka/record-parts.ts';
import { readTopic } from './read.ts';

export interface TopicLetter {
  /** `TOPIC/PARTITION/OFFSET`. */
  readonly id: string;
  /** Of Millrace the stream, of Connect the connector; empty where it is not said. */
  readonly stream: string;
  /** The topic that the record came from; null where it is not said. */
  readonly topic: string | null;
  /** There, `PARTITION/OFFSET`. */
  readonly position: string;
  readonly reason: string;
  readonly detail: string;
  /** When the letter was written, in ms since 1970. */
  readonly atMs: number;
  /** As it came; null for a deletion. */
  readonly original: Buffer | null;
  /** The original is longer than a dead letter keeps. */
  readonly isCut: boolean;
  /** What the journal calls the same letter, where a sink of Millrace has sent it; else null. */
  readonly journalId: string | null;
  readonly key: Buffer | null;
  /** The record's own, without those that say what is wrong. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface LettersIn {
  readonly letters: readonly TopicLetter[];
  /** Records that do not say why they are dead letters. */
  readonly others: number;
}

/** `newest`: of each partition so many at most; null for all. Rejects with an error of kafkajs. */
export async function lettersIn(
  connection: KafkaConnection,
  topic: string,
  newest: number | null,
  log: KafkaLog,
): Promise<LettersIn> {
  const letters: TopicLetter[] = [];
  let others = 0;
  await readTopic({
    ...{ connection, topic, newest, log },
    take(partition, record) {
      const letter = letterOf(topic, partition, record);
      if (letter === null) others += 1;
      else letters.push(letter);
    },
  });
  return { letters: letters.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : 1)), others };
}

/** What a sink of Millrace sends is named for the letters of its stream. */
const DEAD_LETTERS = new RegExp(`${deadLettersOf('').replace('.', '[.]')}$`);

/** Null for a record that does not say what is wrong with it. */
function letterOf(topic: string, partition: number, record: FetchedRecord): TopicLetter | null {
  const said = (name: string): string | null => textOf(record.headers?.[`${CONNECT}${name}`]);
  const reason = said('exception.class.name');
  if (reason === null) return null;
  const own = Object.keys(record.headers ?? {}).filter(
    (name) => !name.startsWith(CONNECT) && !name.startsWith('millrace.'),
  );
  const place = /^(.+)\/(\d+)$/.exec(textOf(record.headers?.[RECORD_ID]) ?? '');
  return {
    id: `${topic}/${partition}/${record.offset}`,
    stream: (said('connector.name') ?? '').replace(DEAD_LETTERS, ''),
    topic: said('topic'),
    position: [said('partition'), said('offset')].filter((part) => part !== null).join('/'),
    reason,
    detail: said('exception.message') ?? '',
    atMs: record.timestamp,
    original: record.value,
    isCut: record.headers?.[CUT] !== undefined,
    journalId: place === null ? null : `${place[1]}:${place[2]}`,
    key: record.key,
    headers: Object.fromEntries(own.map((name) => [name, textOf(record.headers?.[name]) ?? ''])),
  };
}

/** Sends originals to the topic that they came from, as new records: who reads it takes them as any other. */
export async function sendAgain(
  connection: KafkaConnection,
  letters: readonly TopicLetter[],
  nowMs: number,
  log: KafkaLog,
): Promise<void> {
  for (const topic of new Set(letters.map((letter) => letter.topic))) {
    if (topic === null) continue;
    const own = letters.filter((letter) => letter.topic === topic);
    const producer = await createProducer({ connection, topic, compression: 'none', log });
    try {
      await producer.send(own.map((letter) => againOf(letter, nowMs)));
    } finally {
      await producer.close();
    }
  }
}

function againOf({ id, key, original, headers }: TopicLetter, nowMs: number): OutgoingRecord {
  return { key, value: original, headers: { ...headers, [RECORD_ID]: id }, timestamp: nowMs };
}
