/** The service on a topic, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds } from '../peers/kafka-streams.ts';
import { PARTITIONS } from './topics.ts';

export interface Served {
  readonly brokers: string;
  readonly topic: string;
  readonly partitions?: number;
  /** The section sinks. */
  readonly sinks?: string;
  /** What the source has besides. */
  readonly source?: string;
  /** What stands at the top of the file besides: windows, derived streams, runtime. */
  readonly more?: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  stop(): Promise<void>;
}

const WINDOWS = `
windows:
  per_minute: { stream: payments.transactions, window: { tumbling: 1m }, aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) } }
  visits: { stream: payments.transactions, window: { session: 30s }, aggregate: { n: count(), total: sum(amountCents) } }`;

let groups = 0;

export async function startService(served: Served): Promise<Running> {
  const { brokers, topic, partitions = PARTITIONS, sinks = '{}', source = '', more = WINDOWS } = served;
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-bench-'));
  const config = join(directory, 'p.yaml');
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
    partitions: ${partitions}
    watermark: { outOfOrderness: 5s }
    source: { kafka: { topic: ${topic}, group: ${topic}.${++groups}, value: avro${source} } }
sinks: ${sinks}${more}
`,
  );
  const main = new URL('../../dist/main.js', import.meta.url).pathname;
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

/** CPU seconds of the service from when it listens, until so many records are in its journal and its sinks have sent all. */
export async function secondsFor(served: Served, records: number): Promise<number> {
  const service = await startService(served);
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

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
