/** Sends the lines of a file to the topic that a stream is read from, as fast as the broker takes them or at a rate. */
import type { KafkaConnection } from '../kafka/connection.ts';
import type { OutgoingRecord } from '../kafka/producer.ts';
import { createProducer } from '../kafka/producer-client.ts';
import { createSchemaRegistry } from '../kafka/registry.ts';
import { outgoingRecords, type Target } from './outgoing.ts';

export interface ProduceOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly target: Target;
  readonly lines: AsyncIterable<string>;
  /** Records a second; null: as fast as they go. */
  readonly rate: number | null;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  log(line: string): void;
  /** So many records are in the topic. */
  sent(records: number): void;
}

/** A line that is no event of the stream. */
export class NoEvent extends Error {
  readonly line: number;
  constructor(line: number, problem: string) {
    super(problem);
    this.name = 'NoEvent';
    this.line = line;
  }
}

const BATCH_RECORDS = 1000;
/** At a rate, so much of a second is sent at once. */
const STEP_MS = 20;

/**
 * Returns how many records it sent. Rejects with NoEvent at a line that is none, when those before it are in the topic; with
 * RegistryUnavailable; and with an error of kafkajs.
 */
export async function produce(options: ProduceOptions): Promise<number> {
  const { connection, topic, target, lines, rate, nowMs, sleep, log } = options;
  const recordOf = outgoingRecords(target, await schemaIdOf(connection, topic, target));
  const producer = await createProducer({ connection, topic, compression: 'none', log });
  const atOnce =
    rate === null ? BATCH_RECORDS : Math.min(BATCH_RECORDS, Math.max(1, Math.floor((rate * STEP_MS) / 1000)));
  const beganMs = nowMs();
  let waiting: OutgoingRecord[] = [];
  let records = 0;
  let number = 0;

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    if (rate !== null) await sleep(beganMs + (records / rate) * 1000 - nowMs());
    const batch = waiting;
    waiting = [];
    await producer.send(batch);
    records += batch.length;
    options.sent(records);
  }
  try {
    for await (const line of lines) {
      number += 1;
      if (line.trim() === '') continue;
      const outgoing = recordOf(line, nowMs());
      if (!outgoing.ok) {
        await flush();
        throw new NoEvent(number, outgoing.problem);
      }
      waiting.push(outgoing.record);
      if (waiting.length >= atOnce) await flush();
    }
    await flush();
    return records;
  } finally {
    await producer.close();
  }
}

async function schemaIdOf(
  { registryUrl }: KafkaConnection,
  topic: string,
  { source, schema }: Target,
): Promise<number | null> {
  if (source.value !== 'avro-registry' || registryUrl === null) return null;
  const registry = createSchemaRegistry(registryUrl);
  const answer = await registry.register(`${topic}-value`, JSON.stringify(schema), new AbortController().signal);
  if (answer.kind === 'refused')
    throw new Error(`the schema registry refuses the schema of the stream: ${answer.message}`);
  return answer.schemaId;
}
