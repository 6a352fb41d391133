/**
 * Kafka in and out: `npm run bench -- kafka`, with a broker that `scripts/kafka start` has started and KAFKA_BROKERS naming it.
 * What the service reads, in windows and sessions, stands beside a kafkajs consumer that only counts the same records; then how
 * long it takes from the producer of a record to the consumer of its alert. CPU time is that of the process, not of the broker.
 * With BENCH_STREAMS=1 Kafka Streams reads the same topic too (bench/peers), and both write their results in transactions.
 * `npm run bench -- kafka latency` and `kafka tuning` measure these alone.
 */
import { loadavg } from 'node:os';
import kafkajs, { type Kafka } from 'kafkajs';
import { type KafkaFigure, latency } from './kafka/latency.ts';
import { secondsFor } from './kafka/service.ts';
import { fill, makeTopic, messageOf, PARTITIONS, timeOf } from './kafka/topics.ts';
import { tuning } from './kafka/tuning.ts';
import { committed, type ResultTopics, runStreams } from './peers/kafka-streams.ts';

const RECORDS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
/** The gap of the sessions. */
const SESSION_MS = 30_000;
const DAY_MS = 86_400_000;
/** With it Kafka Streams reads the same topic. */
const WITH_STREAMS = process.env.BENCH_STREAMS !== undefined;

export async function runKafka(part: string | undefined): Promise<KafkaFigure[]> {
  const brokers = process.env.KAFKA_BROKERS;
  if (brokers === undefined)
    throw new Error('KAFKA_BROKERS is not set: scripts/kafka start, then eval "$(scripts/kafka env)" and export it');
  const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
  const figures: KafkaFigure[] = [];
  if (part === 'tuning') figures.push(...(await tuning(kafka, brokers)));
  if (part === undefined) figures.push(...(await readFigures(kafka, brokers)));
  if (part === undefined || part === 'latency') {
    for (const delivery of ['at_least_once', 'exactly_once'])
      figures.push(...(await latency(kafka, brokers, delivery)));
  }
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return figures.map((figure) => ({ ...figure, what: `${figure.what} (load ${load})` }));
}

async function readFigures(kafka: Kafka, brokers: string): Promise<KafkaFigure[]> {
  const topic = await makeTopic(kafka, 'bench-in');
  await fill(kafka, topic, RECORDS);
  const bare = await readBare(kafka, topic);
  const whole = await secondsFor({ brokers, topic }, RECORDS);
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
  const last = Array.from({ length: PARTITIONS }, (_, i) => messageOf(RECORDS + i, timeOf(RECORDS) + DAY_MS));
  await producer.send({ topic, messages: last.map((message, partition) => ({ ...message, partition })) });
  await producer.disconnect();
  const [own, theirs] = [await resultTopics(kafka, 'own'), await resultTopics(kafka, 'streams')];
  const sink = (to: string, from: string): string =>
    `{ kafka: { topic: ${to} }, from: [${from}], delivery: exactly_once }`;
  const sinks = `{ w: ${sink(own.windows, 'per_minute')}, s: ${sink(own.sessions, 'visits')} }`;
  const seconds = await secondsFor({ brokers, topic, sinks }, RECORDS + PARTITIONS);
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
