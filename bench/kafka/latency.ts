/**
 * How long it takes from the producer of a payment to the consumer of its alert. BENCH_SHARES=1 says where the time lies, by
 * the clocks of the records: the brokers' time of a topic of payments (LogAppendTime), the service's time of a commit (which
 * alerts have as theirs), and the brokers' time of a second topic of alerts.
 */
import type { Kafka, KafkaMessage } from 'kafkajs';
import { transactionType } from '../../dist/fraud/types.js';
import { sleep, startService } from './service.ts';
import { makeTopic, messageOf } from './topics.ts';

const RATE = Number(process.env.BENCH_RATE ?? 10_000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
/** Of 50,000: one record in ten is an alert. */
const LARGE_CENTS = 45_000;
const WITH_SHARES = process.env.BENCH_SHARES !== undefined;
const BY_BROKER = { config: { 'message.timestamp.type': 'LogAppendTime' } };

export interface KafkaFigure {
  readonly what: string;
  readonly figure: string;
}

/** Of an alert, or of its payment: the times are those of one machine. */
interface Passed {
  readonly producedMs: number;
  readonly arrivedMs: number;
  /** The time that the record has in its topic. */
  readonly recordMs: number;
}

export async function latency(kafka: Kafka, brokers: string, delivery: string): Promise<KafkaFigure[]> {
  const from = await makeTopic(kafka, 'bench-payments', WITH_SHARES ? BY_BROKER : {});
  const to = await makeTopic(kafka, 'bench-alerts');
  const stamped = WITH_SHARES ? await makeTopic(kafka, 'bench-stamped', BY_BROKER) : null;
  const sink = (topic: string): string => `{ kafka: { topic: ${topic} }, from: [large], delivery: ${delivery} }`;
  const second = stamped === null ? '' : `, stamped: ${sink(stamped)}`;
  const select = '{ transactionId: transactionId, amountCents: amountCents }';
  const service = await startService({
    ...{ brokers, topic: from },
    sinks: `{ alerts: ${sink(to)}${second} }`,
    more: `
derived:
  large: { stream: payments.transactions, where: amountCents > ${LARGE_CENTS}, select: ${select} }`,
  });
  const [alerts, byBroker] = [new Map<number, Passed>(), new Map<number, Passed>()];
  const producer = kafka.producer({ idempotent: true });
  const consumers = [
    await follow(kafka, to, alerts),
    ...(stamped === null ? [] : [await follow(kafka, stamped, byBroker)]),
  ];
  try {
    await producer.connect();
    const perStep = RATE / 100;
    const beganMs = Date.now();
    for (let step = 0; step < SECONDS * 100; step++) {
      await sleep(beganMs + step * 10 - Date.now());
      const nowMs = Date.now();
      const messages = Array.from({ length: perStep }, (_, i) => messageOf(step * perStep + i, nowMs));
      await producer.send({ topic: from, messages });
    }
    await sleep(2000);
  } finally {
    await Promise.all([...consumers.map((consumer) => consumer.disconnect()), producer.disconnect()]);
    await service.stop();
  }
  // The first second is a cold process, and a group that is still joining.
  const warm = [...alerts].filter(([id]) => id >= RATE);
  const what = `producer to alert's consumer, ${delivery}, ${RATE.toLocaleString('en')} records/s`;
  const figures = [
    { what, figure: `${spread(warm.map(([, own]) => own.arrivedMs - own.producedMs))}, ${warm.length} alerts` },
  ];
  if (stamped === null) return figures;
  const appended = new Map<number, Passed>();
  const reader = await follow(kafka, from, appended);
  while (appended.size < RATE * SECONDS) await sleep(100);
  await reader.disconnect();
  const share = (name: string, of: (id: number, alert: Passed) => number) => ({
    what: `of it ${name}`,
    figure: spread(warm.map(([id, alert]) => of(id, alert))),
  });
  return [
    ...figures,
    share('to the topic of payments', (id, { producedMs }) => timeIn(appended, id) - producedMs),
    share('from there to the commit', (id, { recordMs }) => recordMs - timeIn(appended, id)),
    share('from there to the topic of alerts', (id, { recordMs }) => timeIn(byBroker, id) - recordMs),
    share('from there to its consumer', (id) => (byBroker.get(id)?.arrivedMs ?? Number.NaN) - timeIn(byBroker, id)),
  ];
}

function timeIn(topic: ReadonlyMap<number, Passed>, id: number): number {
  return topic.get(id)?.recordMs ?? Number.NaN;
}

/** Alerts are in JSON, payments in Avro. */
function idOf({ value }: KafkaMessage): { readonly id: number; readonly producedMs: number } {
  const bytes = value ?? Buffer.alloc(0);
  if (bytes[0] === '{'.charCodeAt(0)) {
    const { transactionId, ts } = JSON.parse(bytes.toString());
    return { id: Number(transactionId), producedMs: Number(ts) };
  }
  const { transactionId, occurredAt } = transactionType.decode(bytes);
  return { id: transactionId, producedMs: occurredAt };
}

async function follow(kafka: Kafka, topic: string, into: Map<number, Passed>) {
  const consumer = kafka.consumer({ groupId: `follow-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    async eachBatch({ batch }) {
      const arrivedMs = Date.now();
      for (const message of batch.messages) {
        const { id, producedMs } = idOf(message);
        into.set(id, { producedMs, arrivedMs, recordMs: Number(message.timestamp) });
      }
    },
  });
  return consumer;
}

/** Median, p99 and maximum. */
function spread(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`;
}
