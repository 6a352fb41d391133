/**
 * What each setting of a topic, a source and a sink gives: CPU time of the service for a record, beside the settings as they
 * come. All are measured by turns, in rounds, so that a busy machine is busy for each; the medians are compared.
 */
import type { Kafka } from 'kafkajs';
import type { KafkaFigure } from './latency.ts';
import { type Served, secondsFor } from './service.ts';
import { fill, makeTopic, PARTITIONS } from './topics.ts';

const RECORDS = Number(process.env.BENCH_EVENTS ?? 200_000);
const ROUNDS = Number(process.env.BENCH_RUNS ?? 3);
/** The broker packs what comes, by the topic's compression.type. */
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'];

interface Variant {
  readonly what: string;
  readonly served: Served;
}

export async function tuning(kafka: Kafka, brokers: string): Promise<KafkaFigure[]> {
  const filled = async (name: string, partitions = PARTITIONS, compression = 'producer'): Promise<Served> => {
    const topic = await makeTopic(kafka, name, { partitions, config: { 'compression.type': compression } });
    await fill(kafka, topic, RECORDS, partitions);
    return { brokers, topic, partitions };
  };
  const plain = await filled('plain');
  const variants: Variant[] = [{ what: 'as it comes: 4 partitions, not packed, fetch.partition 1MB', served: plain }];
  for (const name of CODECS) {
    variants.push({ what: `the topic packed with ${name}`, served: await filled(name, PARTITIONS, name) });
  }
  for (const partitions of [1, 16]) {
    variants.push({ what: `partitions: ${partitions}`, served: await filled(`of-${partitions}`, partitions) });
  }
  for (const size of ['64KB', '256KB', '4MB']) {
    const source = `, fetch: { partition: ${size} }`;
    variants.push({ what: `fetch.partition: ${size}`, served: { ...plain, source } });
  }
  const out = await makeTopic(kafka, 'tuning-out');
  const sent = (settings: string, delivery = 'at_least_once'): Served => {
    const sinks = `{ out: { kafka: { topic: ${out}${settings} }, from: [payments.transactions], delivery: ${delivery}, startFrom: earliest } }`;
    return { ...plain, sinks };
  };
  variants.push(
    { what: 'each record into a topic, at least once, batch.events 2000', served: sent('') },
    { what: 'the same, batch.events: 200', served: sent(', batch: { events: 200 }') },
    { what: 'the same, batch.events: 10000, bytes: 900KB', served: sent(', batch: { events: 10000, bytes: 900KB }') },
    { what: 'the same, compression: snappy', served: sent(', compression: snappy') },
    { what: 'the same, compression: gzip', served: sent(', compression: gzip') },
    { what: 'the same, exactly once', served: sent('', 'exactly_once') },
  );
  const took = new Map<string, number[]>(variants.map(({ what }) => [what, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { what, served } of variants) {
      const seconds = await secondsFor(served, RECORDS);
      took.get(what)?.push(seconds);
      process.stderr.write(`${round} ${what}: ${seconds.toFixed(2)} s\n`);
    }
  }
  const own = (what: string): number => median(took.get(what) ?? []);
  const base = own(variants[0]?.what ?? '');
  return variants.map(({ what }) => {
    const spread = (took.get(what) ?? []).map((seconds) => micros(seconds)).join(', ');
    const change = Math.round((own(what) / base - 1) * 100);
    return { what, figure: `${micros(own(what))} us of CPU a record (${spread}), ${change < 0 ? '' : '+'}${change} %` };
  });
}

function micros(seconds: number): string {
  return ((seconds / RECORDS) * 1e6).toFixed(2);
}

function median(all: readonly number[]): number {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
