/**
 * Explanations over a long journal: a generator's transactions through the engine, then each kind of question, as a running
 * service answers it: it knows where its logs end, and each question opens the journal anew. CPU time of the median question;
 * every kind is asked once before.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explain } from '../dist/explain/explain.js';
import { openLineage } from '../dist/explain/lineage.js';
import { parseTarget } from '../dist/explain/target.js';
import { startWatched } from './soak/process.ts';

const CUSTOMERS = 50_000;
/** Of the simulated days, events of a day are about 1.94 a customer. */
const EVENTS_A_DAY = 97_000;
const ROUNDS = 9;
const DAY_MS = 86_400_000;
const BEGIN = Date.UTC(2018, 3, 1);

const pipeline = (days: number): string => `
log: { level: warn }
stores: { sqlite: false, duckdb: false }
streams:
  payments.transactions:
    builtin: Transaction
    key: customerId
    eventTime: occurredAt
    partitions: 4
    watermark: { outOfOrderness: 5s }
    source: { generator: { seed: 1, rate: 500000, customers: ${CUSTOMERS}, terminals: 10000, startAt: 2018-04-01, days: ${days} } }
windows:
  per_minute: { stream: payments.transactions, key: null, window: { tumbling: 1m }, aggregate: { n: count() } }
  per_customer_day: { stream: payments.transactions, key: customerId, window: { tumbling: 1d }, aggregate: { total: sum(amountCents) } }
`;

export async function runExplain(events: number): Promise<object[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const data = join(directory, 'data');
  const days = Math.max(4, Math.ceil(events / EVENTS_A_DAY));
  writeFileSync(join(directory, 'pipeline.yaml'), pipeline(days));
  const service = await startWatched(join(directory, 'pipeline.yaml'), data, 0, {});
  let taken = 0;
  for (let before = -1; taken !== before || taken === 0; ) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const overview = JSON.parse(await (await fetch(`${service.url}/api/v1/overview`)).text());
    taken = overview.sinceStart.eventsIn;
  }
  service.child.kill('SIGTERM');
  await service.ended;
  const found = await questions(data, BEGIN + Math.floor(days / 2) * DAY_MS, taken);
  rmSync(directory, { recursive: true });
  return found;
}

async function questions(data: string, day: number, taken: number): Promise<object[]> {
  const whole = await openLineage(data);
  const ends = new Map<string, number>();
  for (const { log, end } of whole.logs) ends.set(log, await end());
  const asked: [string, string][] = [
    ['a minute of all', `window:per_minute//${day + 12 * 3_600_000}`],
    [`a day of one of ${CUSTOMERS.toLocaleString('en')} customers`, `window:per_customer_day/49991/${day}`],
    ['an event, forward into both windows', `payments.transactions/1/${Math.floor(taken / 8)}`],
    ['an early event, forward', 'payments.transactions/2/500'],
  ];
  const rows: object[] = [];
  for (const [what, text] of asked) {
    const target = parseTarget(text);
    if ('problem' in target) throw new Error(target.problem);
    const cpuMs: number[] = [];
    let inputs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const before = process.cpuUsage();
      const lineage = await openLineage(data, (log) => ends.get(log));
      const answer = await explain(lineage, target, async () => []);
      const { user, system } = process.cpuUsage(before);
      if ('notFound' in answer) throw new Error(answer.notFound);
      inputs = answer.inputs;
      cpuMs.push((user + system) / 1_000);
    }
    const [first = 0, ...again] = cpuMs;
    const median = again.toSorted((a, b) => a - b)[Math.floor(again.length / 2)] ?? 0;
    rows.push({
      events: taken,
      what,
      inputs,
      'first, CPU ms': Math.round(first),
      'median, CPU ms': Math.round(median),
    });
  }
  return rows;
}
