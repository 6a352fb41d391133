/**
 * Kafka in and out: `npm run bench -- kafka`, with a broker that `scripts/kafka start` has started and KAFKA_BROKERS naming it.
 * What the service reads, in windows and sessions, stands beside a kafkajs consumer that only counts the same records; then how
 * long it takes from the producer of a record to the consumer of its alert. CPU time is that of the process, not of the broker.
 * With BENCH_STREAMS=1 Kafka Streams reads the same topic too (bench/peers), and both write their results in transactions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Kafka, type Message } from 'kafkajs';
import { transactionType } from '../dist/fraud/types.js';
import { committed, cpuSeconds, type ResultTopics, runStreams } from './peers/kafka-streams.ts';

const RECORDS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const RATE = Number(process.env.BENCH_RATE ?? 10_000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const PARTITIONS = 4;
const BATCH = 1000;
/** Of 50,000: one record in ten is an alert. */
const LARGE_CENTS = 45_000;
const START_MS = Date.UTC(2026, 0, 1);
/** The gap of the sessions. */
const SESSION_MS = 30_000;
const DAY_MS = 86_400_000;
/** With it Kafka Streams reads the same topic. */
const WITH_STREAMS = process.env.BENCH_STREAMS !== undefined;

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';

export interface KafkaFigure {
  readonly what: string;
  readonly figure: string;
}

export async function runKafka(): Promise<KafkaFigure[]> {
  const brokers = process.env.KAFKA_BROKERS;
  if (brokers === undefined)
    throw new Error('KAFKA_BROKERS is not set: scripts/kafka start, then eval "$(scripts/kafka env)" and export it');
  const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
  const figures = await readFigures(kafka, brokers);
  for (const delivery of ['at_least_once', 'exactly_once']) figures.push(await latency(kafka, brokers, delivery));
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return figures.map((figure) => ({ ...figure, what: `${figure.what} (load ${load})` }));
}

async function readFigures(kafka: Kafka, brokers: string): Promise<KafkaFigure[]> {
  const topic = await makeTopic(kafka, 'bench-in');
  const producer = kafka.producer();
  await producer.connect();
  for (let at = 0; at < RECORDS; at += BATCH) {
    await producer.send({
      topic,
      messages: Array.from({ length: BATCH }, (_, i) => messageOf(at + i, START_MS + (at + i) * 10)),
    });
  }
  await producer.disconnect();
  const bare = await readBare(kafka, topic);
  const whole = await readWhole(brokers, topic, '{}');
  const peers = WITH_STREAMS ? await besideStreams(kafka, brokers, topic) : [];
  return [
    ...peers,
    { what: `kafkajs alone, counting ${RECORDS.toLocaleString('en')} records`, figure: rate(RECORDS, bare) },
    {
      what: 'the service, windows, sessions and journal',
      figure: `${rate(RECORDS, whole)}, ${Math.round((bare / whole) * 100)} % of it`,
    },
  ];
}

function rate(records: number, seconds: number): string {
  return `${Math.round(records / seconds).toLocaleString('en')} records/s a core`;
}

/** Both read all of the topic and write their results in transactions; what is in their topics then is compared. */
async function besideStreams(kafka: Kafka, brokers: string, topic: string): Promise<KafkaFigure[]> {
  const producer = kafka.producer();
  await producer.connect();
  // One in each partition, behind all others: every window closes.
  const last = Array.from({ length: PARTITIONS }, (_, i) => messageOf(RECORDS + i, START_MS + RECORDS * 10 + DAY_MS));
  await producer.send({ topic, messages: last.map((message, partition) => ({ ...message, partition })) });
  await producer.disconnect();
  const [own, theirs] = [await resultTopics(kafka, 'own'), await resultTopics(kafka, 'streams')];
  const sink = (to: string, from: string): string =>
    `{ kafka: { topic: ${to} }, from: [${from}], delivery: exactly_once }`;
  const sinks = `{ w: ${sink(own.windows, 'per_minute')}, s: ${sink(own.sessions, 'visits')} }`;
  const seconds = await readWhole(brokers, topic, sinks, RECORDS + PARTITIONS);
  const streams = await runStreams(brokers, topic, RECORDS + PARTITIONS, theirs);
  const ours = ownResults(brokers, own);
  const equal = JSON.stringify(ours) === JSON.stringify(theirResults(brokers, theirs));
  const ratio = RECORDS / seconds / (streams.records / streams.seconds);
  return [
    { what: 'the service, results in transactions', figure: rate(RECORDS, seconds) },
    {
      what: 'Kafka Streams 4.4, exactly_once_v2, RocksDB, warm',
      figure: `${rate(streams.records, streams.seconds)}; the service has ${ratio.toFixed(1)} times that; ${ours.length.toLocaleString('en')} results ${equal ? 'equal' : 'NOT EQUAL'}`,
    },
  ];
}

async function resultTopics(kafka: Kafka, name: string): Promise<ResultTopics> {
  return { windows: await makeTopic(kafka, `${name}-windows`), sessions: await makeTopic(kafka, `${name}-sessions`) };
}

function ownResults(brokers: string, { windows, sessions }: ResultTopics): string[] {
  const parsed = (topic: string) =>
    committed(brokers, topic).map((line) => JSON.parse(line.slice(line.indexOf('\t') + 1)));
  return [
    ...parsed(windows).map(({ key, start, end, n, total, largest }) => [key, start, end, n, total, largest].join('/')),
    // Kafka Streams gives the last event as the end of a session.
    ...parsed(sessions).map(({ key, start, end, n }) => [key, start, end - SESSION_MS, n].join('/')),
  ].sort();
}

function theirResults(brokers: string, { windows, sessions }: ResultTopics): string[] {
  return [windows, sessions]
    .flatMap((topic) => committed(brokers, topic).map((line) => line.replace('\t', '/')))
    .sort();
}

/** CPU seconds of a consumer in this process. */
async function readBare(kafka: Kafka, topic: string): Promise<number> {
  const consumer = kafka.consumer({ groupId: `bare-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const before = process.cpuUsage();
  let left = RECORDS;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        async eachBatch({ batch }) {
          left -= batch.messages.length;
          if (left <= 0) resolve();
        },
      })
      .catch(reject);
  });
  const { user, system } = process.cpuUsage(before);
  await consumer.disconnect();
  return (user + system) / 1e6;
}

/** CPU seconds of the service from when it listens, until so many records are in its journal and its sinks have sent all. */
async function readWhole(brokers: string, topic: string, sinks: string, records = RECORDS): Promise<number> {
  const service = await startService(brokers, topic, 'avro', sinks, true);
  try {
    const before = cpuSeconds(service.child.pid);
    while (!(await hasRead(service, records)) || !(await hasSent(service))) await sleep(100);
    return cpuSeconds(service.child.pid) - before;
  } finally {
    await service.stop();
  }
}

async function hasRead({ url }: Running, records: number): Promise<boolean> {
  const [source]: readonly { readonly inputs: readonly { readonly next: number }[] }[] = JSON.parse(
    await (await fetch(`${url}/api/v1/sources`)).text(),
  );
  return (source?.inputs.reduce((sum, { next }) => sum + next, 0) ?? 0) >= records;
}

async function hasSent({ url }: Running): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/lag_events\{stage="sink:[^"]*"\} (\d+)/g)].every(([, lag]) => lag === '0');
}

async function latency(kafka: Kafka, brokers: string, delivery: string): Promise<KafkaFigure> {
  const from = await makeTopic(kafka, 'bench-payments');
  const to = await makeTopic(kafka, 'bench-alerts');
  const sink = `{ alerts: { kafka: { topic: ${to} }, from: [large], delivery: ${delivery} } }`;
  const service = await startService(brokers, from, 'avro', sink, false);
  const consumer = kafka.consumer({ groupId: `alerts-${to}`, maxWaitTimeInMs: 100 });
  const producer = kafka.producer({ idempotent: true });
  const took: number[] = [];
  try {
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topics: [to], fromBeginning: true });
    await consumer.run({
      async eachBatch({ batch }) {
        const now = Date.now();
        for (const { value } of batch.messages) took.push(now - Number(JSON.parse(String(value)).ts));
      },
    });
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
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
    await service.stop();
  }
  // The first second is a cold process, and a group that is still joining.
  const warm = took.slice(Math.floor(took.length / SECONDS)).toSorted((a, b) => a - b);
  const at = (share: number): number => warm[Math.min(warm.length - 1, Math.floor(warm.length * share))] ?? Number.NaN;
  const figure = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${took.length.toLocaleString('en')} alerts`;
  return { what: `producer to alert's consumer, ${delivery}, ${RATE.toLocaleString('en')} records/s`, figure };
}

let topics = 0;

async function makeTopic(kafka: Kafka, name: string): Promise<string> {
  const topic = `${name}.${process.pid}-${++topics}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

function messageOf(id: number, occurredAt: number): Message {
  const customerId = id % 997;
  const event = { transactionId: id, customerId, terminalId: id % 11, amountCents: (id * 7919) % 50_000, occurredAt };
  return { key: String(customerId), value: transactionType.encode(event), partition: customerId % PARTITIONS };
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  stop(): Promise<void>;
}

async function startService(
  brokers: string,
  topic: string,
  value: string,
  sinks: string,
  withWindows: boolean,
): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-bench-'));
  const config = join(directory, 'p.yaml');
  const windows = `
windows:
  per_minute: { stream: payments.transactions, window: { tumbling: 1m }, aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) } }
  visits: { stream: payments.transactions, window: { session: 30s }, aggregate: { n: count(), total: sum(amountCents) } }`;
  const derived = `
derived:
  large: { stream: payments.transactions, where: amountCents > ${LARGE_CENTS}, select: { customerId: customerId, amountCents: amountCents } }`;
  writeFileSync(
    config,
    `name: bench
kafka: { brokers: [${brokers}] }
log: { level: error }
stores: { sqlite: false, duckdb: false }
streams:
  payments.transactions:
    builtin: Transaction
    key: customerId
    eventTime: occurredAt
    partitions: ${PARTITIONS}
    watermark: { outOfOrderness: 5s }
    source: { kafka: { topic: ${topic}, group: ${topic}.${++topics}, value: ${value} } }
sinks: ${sinks}${withWindows ? windows : derived}
`,
  );
  const main = new URL('../dist/main.js', import.meta.url).pathname;
  const words = [main, 'start', '--config', config, '--data', join(directory, 'data'), '--port', '0', '--quiet'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`The service ended: ${output}`)));
  });
  return {
    child,
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
