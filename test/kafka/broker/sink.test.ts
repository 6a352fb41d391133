/** Results as records of a topic: read back by clients that Millrace has no part in. */
import { cpSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { millrace } from '../../integration/millrace.ts';
import { type Consumed, committedRecords, consumedByJava } from './consumed.ts';
import { kafkaScript, ONE } from './script.ts';
import { type Place, place, query, type Running, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const PARTITIONS = 4;
const RECORDS = 6000;
const script = kafkaScript('one', 19_392);

/** As in once.test.ts: `KILLS=30 npm run test:kafka -- sink` for more of them, at random. */
const kills = Number(process.env.KILLS ?? 0);
const moments = kills === 0 ? [150, 500, 700, 900, 1300] : Array.from({ length: kills }, () => Math.random() * 3000);

let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

interface Way {
  readonly from: string;
  readonly to: string;
  readonly delivery: 'at_least_once' | 'exactly_once';
  readonly streams?: string;
  readonly settings?: string;
}

const of = ({ from, to, delivery, streams = 'per_minute', settings = '' }: Way): Place =>
  place({
    source: `{ topic: ${from}, value: json, commitEvery: 300ms, sessionTimeout: 2s }`,
    partitions: PARTITIONS,
    sinks: `{ out: { kafka: { topic: ${to}${settings} }, from: [${streams}], delivery: ${delivery} } }`,
  });
const produce = (topic: string, from: number, to: number): Promise<void> =>
  kafka.produce(topic, messagesOf(payments(from, to), PARTITIONS));
/** Runs until so many records are in the journal, and all that comes of them in the topic. */
async function runThrough(at: Place, records: number): Promise<void> {
  const service = await start(at);
  await service.hasRead(records);
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);
}
const idsOf = (records: readonly Consumed[]): string[] =>
  records.map(({ headers }) => headers['millrace.id'] ?? '').sort();

/** Results of the window in the store, as key, end and count. */
async function stored({ data }: Place): Promise<string[]> {
  const sql = 'SELECT key, epoch_ms(end_at)::BIGINT AS e, revision, count FROM window_per_minute';
  const rows = await query(data, sql);
  return rows.map(({ key, e, revision, count }) => [key, e, revision, count].join('/')).sort();
}

function sent(records: readonly Consumed[]): string[] {
  return records
    .map(({ value }) => JSON.parse(value ?? ''))
    .map(({ key, end, revision, n }) => [key, end, revision, n].join('/'))
    .sort();
}

async function text({ url }: Running, path: string): Promise<string> {
  return (await fetch(`${url}${path}`, { headers: { connection: 'close' } })).text();
}
const readiness = async (
  service: Running,
): Promise<{ readonly ready: boolean; readonly reasons: readonly string[]; readonly waiting: readonly string[] }> =>
  JSON.parse(await text(service, '/readyz'));

describe('results in a topic', () => {
  it('are keyed, have their ids, and lie in the partitions that Java chooses for their keys', async () => {
    const [from, to, byJava] = [
      await kafka.topic('in', PARTITIONS),
      await kafka.topic('out', 7),
      await kafka.topic('java', 7),
    ];
    await produce(from, 0, RECORDS);
    const at = of({ from, to, delivery: 'at_least_once' });
    await runThrough(at, RECORDS);
    const results = committedRecords(to);
    expect(sent(results)).toEqual(await stored(at));
    expect(new Set(idsOf(results)).size).toBe(results.length);
    for (const { key, value, headers } of results) {
      expect(JSON.parse(value ?? '').key).toBe(key);
      expect(headers['millrace.stream']).toBe('per_minute');
    }
    const keys = [...new Set(results.map(({ key }) => key))];
    script.typed(
      keys.map((key) => `${key}\tv\n`).join(''),
      ...['tool', 'org.apache.kafka.tools.ConsoleProducer', '--topic', byJava, '--reader-property', 'parse.key=true'],
    );
    const placeOf = new Map(consumedByJava(script, byJava, keys.length).map(({ key, partition }) => [key, partition]));
    for (const { key, partition } of consumedByJava(script, to, results.length))
      expect(partition).toBe(placeOf.get(key));
  });

  it.each(['exactly_once', 'at_least_once'] as const)('are there %s after kill -9 at any moment', async (delivery) => {
    const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
    const at = of({ from, to, delivery, streams: 'per_minute, payments.transactions' });
    const ofEach = Math.floor(RECORDS / moments.length);
    for (const [i, afterMs] of moments.entries()) {
      const service = await start(at);
      await produce(from, i * ofEach, i === moments.length - 1 ? RECORDS : (i + 1) * ofEach);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await service.kill();
    }
    await runThrough(at, RECORDS);
    const records = committedRecords(to);
    const ids = idsOf(records);
    const different = [...new Set(ids)];
    const once = [...new Map(records.map((record) => [record.headers['millrace.id'], record])).values()];
    const sentOf = (stream: string): Consumed[] => once.filter(({ headers }) => headers['millrace.stream'] === stream);
    expect(sent(sentOf('per_minute'))).toEqual(await stored(at));
    expect(sentOf('payments.transactions')).toHaveLength(RECORDS);
    if (delivery === 'exactly_once') expect(ids).toEqual(different);
  });

  it('are there once when the broker was killed, and HTTP says meanwhile that they wait', async () => {
    const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
    const at = of({ from, to, delivery: 'exactly_once', streams: 'payments.transactions' });
    const service = await start(at);
    await produce(from, 0, RECORDS / 2);
    await service.hasRead(1000);
    script('kill', '1');
    await service.until(({ problem }) => problem !== null, 'in trouble');
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    script('revive', '1');
    await produce(from, RECORDS / 2, RECORDS);
    await service.hasRead(RECORDS);
    await service.hasSent();
    expect((await service.stop()).code).toBe(0);
    // The producer of the test may have sent some twice when it was cut off: these are other events.
    const records = (await kafka.ends(from)).reduce((a, b) => a + b, 0);
    const ids = idsOf(committedRecords(to));
    expect([ids.length, new Set(ids).size]).toEqual([records, records]);
  });

  it('wait while their topic takes none: /readyz, the overview and the metrics say why, and how many', async () => {
    const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
    const at = of({ from, to, delivery: 'at_least_once', streams: 'payments.transactions' });
    const service = await start(at);
    await produce(from, 0, 500);
    await service.hasRead(500);
    await service.hasSent();
    expect(await readiness(service)).toMatchObject({ waiting: [] });
    await kafka.deleteTopic(to);
    await produce(from, 500, 900);
    let waiting: readonly string[] = [];
    while (waiting.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ({ waiting } = await readiness(service));
    }
    expect(waiting).toEqual([expect.stringMatching(new RegExp(`^sink out: [1-9]\\d* events wait: topic ${to}: `))]);
    const overview = JSON.parse(await text(service, '/api/v1/overview'));
    const stage = overview.stages.find(({ id }: { readonly id: string }) => id === 'sink:out');
    expect(stage.problem).toContain(`topic ${to}: `);
    expect(await text(service, '/metrics')).toContain('millrace_sink_waiting{sink="out"} 1');
    await kafka.again(to, 3);
    await service.hasSent();
    expect(await readiness(service)).toMatchObject({ waiting: [] });
    expect(await text(service, '/metrics')).toContain('millrace_sink_waiting{sink="out"} 0');
    expect((await service.stop()).code).toBe(0);
    expect(new Set(idsOf(committedRecords(to))).size).toBe(400);
  });

  it('come once, also when Kafka has forgotten how far the group and the sink are', async () => {
    const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
    const at = place({
      source: `{ topic: ${from}, group: ${from}, value: json, sessionTimeout: 2s }`,
      partitions: PARTITIONS,
      sinks: `{ out: { kafka: { topic: ${to}, transactionalId: ${to} }, from: [payments.transactions], delivery: exactly_once } }`,
    });
    await produce(from, 0, 1000);
    await runThrough(at, 1000);
    const groups = [from, to].flatMap((group) => ['--group', group]);
    script('tool', 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', '--delete', ...groups);
    await produce(from, 1000, 2000);
    await runThrough(at, 2000);
    const ids = idsOf(committedRecords(to));
    expect([ids.length, new Set(ids).size]).toEqual([2000, 2000]);
  });

  it('come once, also when an older copy of the data directory goes on', async () => {
    const [from, to] = [await kafka.topic('in', PARTITIONS), await kafka.topic('out', 3)];
    const at = of({ from, to, delivery: 'exactly_once', streams: 'payments.transactions' });
    await produce(from, 0, 1000);
    await runThrough(at, 1000);
    const copy = { ...at, data: `${at.data}-copy` };
    cpSync(at.data, copy.data, { recursive: true });
    const first = await start(at);
    await produce(from, 1000, 2000);
    await first.hasRead(2000);
    await first.hasSent();
    await first.stop();
    // The copy has 1000 events, and the topic 2000.
    const older = await start(copy);
    await produce(from, 2000, 3000);
    await older.hasRead(2000);
    await older.stop();
    // Behind the mark it sends nothing; once it has read again what the first had, it goes on from there.
    const ids = idsOf(committedRecords(to));
    expect(ids.length).toBeGreaterThanOrEqual(2000);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a sink of a topic', () => {
  it('that is not there is refused at the start, with 78', async () => {
    const from = await kafka.topic('in', PARTITIONS);
    const absent = of({ from, to: 'absent', delivery: 'at_least_once' });
    const refused = await millrace(['start', '--config', absent.config, '--data', absent.data]);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain(`Kafka at ${ONE.brokers} has no topic absent; create it first`);
  });
});
