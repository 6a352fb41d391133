/** A service on a topic, as a real process, and what its stores have in the end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, millrace, startService, temporaryDirectory } from '../../integration/millrace.ts';
import { ONE } from './script.ts';

export interface Setup {
  /** The settings of the source. */
  readonly source: string;
  readonly partitions: number;
  /** The section kafka. */
  readonly kafka?: string;
  /** What the stream has besides. */
  readonly stream?: string;
  readonly sinks?: string;
}

export interface Place {
  readonly config: string;
  readonly data: string;
}

let groups = 0;

/** A pipeline file, and a data directory of its own; and a group of its own, where the source names none. */
export function place({
  source,
  partitions,
  kafka = `brokers: [${ONE.brokers}]`,
  stream = 'builtin: Transaction',
  sinks = '{}',
}: Setup): Place {
  const directory = temporaryDirectory();
  const group = source.includes('group:') ? '' : `, group: g-${process.pid}-${++groups}`;
  const config = join(directory, 'pipeline.yaml');
  writeFileSync(
    config,
    `name: test
kafka: { ${kafka} }
log: { level: warn }
supervision: { shutdown: 20s }
streams:
  payments.transactions:
    ${stream}
    key: customerId
    eventTime: occurredAt
    partitions: ${partitions}
    watermark: { outOfOrderness: 5s }
    source: { kafka: ${source.replace(/ }$/, `${group} }`)} }
windows:
  per_minute:
    stream: payments.transactions
    window: { tumbling: 1m }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
  visits:
    stream: payments.transactions
    window: { session: 30s }
    aggregate: { n: count(), total: sum(amountCents) }
sinks: ${sinks}
`,
  );
  return { config, data: join(directory, 'data') };
}

export interface Input {
  readonly topic: string;
  readonly partition: number;
  readonly state: string;
  readonly problem: string | null;
  readonly next: number;
  readonly end: number;
  readonly lag: number;
}

export interface SourceState {
  readonly state: string;
  readonly problem: string | null;
  readonly inputs: readonly Input[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface Running {
  readonly pid: number;
  readonly url: string;
  source(): Promise<SourceState>;
  /** Resolves with the first state of the source that holds; fails after a while. */
  until(holds: (source: SourceState) => boolean, what: string): Promise<SourceState>;
  /** Everything that is in the topics is in the journal: so many records, over all partitions. */
  hasRead(records: number): Promise<void>;
  /** The sinks have sent all that is in the journal. */
  hasSent(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  stop(): Promise<Finished>;
}

const PATIENCE_MS = 60_000;

export async function start({ config, data }: Place): Promise<Running> {
  const { child, url, ended } = await startService(['--config', config, '--data', data, '--quiet']);
  let gone: Finished | null = null;
  ended.then(
    (finished) => {
      gone = finished;
    },
    () => {},
  );
  async function source(): Promise<SourceState> {
    // A connection that was idle may be closed at the moment in which it is used again.
    const response = await fetch(`${url}/api/v1/sources`, { headers: { connection: 'close' } });
    const answer: readonly SourceState[] = JSON.parse(await response.text());
    const [own] = answer;
    if (own === undefined) throw new Error('There is no source');
    return own;
  }
  async function until(holds: (state: SourceState) => boolean, what: string): Promise<SourceState> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    let last: SourceState | null = null;
    while (performance.now() < deadlineMs) {
      if (gone !== null) throw new Error(`It ended before ${what}: ${JSON.stringify(gone)}`);
      last = await source();
      if (holds(last)) return last;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`After ${PATIENCE_MS} ms not ${what}: ${JSON.stringify(last)}`);
  }
  return {
    pid: child.pid ?? 0,
    url,
    source,
    until,
    hasRead: async (records) =>
      void (await until(
        ({ inputs }) => inputs.reduce((sum, { next }) => sum + next, 0) >= records,
        `${records} records`,
      )),
    async hasSent() {
      const deadlineMs = performance.now() + PATIENCE_MS;
      for (let lags: number[] = [1]; lags.some((lag) => lag > 0); ) {
        if (performance.now() > deadlineMs) {
          const why = await (await fetch(`${url}/readyz`)).text();
          throw new Error(`After ${PATIENCE_MS} ms ${lags} events are not sent: ${why}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
        const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
        lags = [...text.matchAll(/lag_events\{stage="(?:sink|alerter)[^"]*"\} (\d+)/g)].map(([, lag]) => Number(lag));
        if (lags.length === 0) throw new Error('There is no sink');
      }
    },
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Runs until so many records are in the journal, then stops in order. */
export async function consume(at: Place, records: number): Promise<void> {
  const service = await start(at);
  await service.hasRead(records);
  const { code, stderr } = await service.stop();
  if (code !== 0) throw new Error(`It ended with ${code}: ${stderr}`);
}

/** What a store answers. */
export async function query(data: string, sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const { stdout, stderr, code } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
  if (code !== 0) throw new Error(`query ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The payments and the results of all windows, each as one number for all rows: equal where all rows are. */
export async function results(data: string): Promise<Readonly<Record<string, unknown>>[]> {
  const digest = (columns: string, table: string): string =>
    `SELECT '${table}' AS name, count(*)::INT AS rows, sum(hash(${columns}) % 1000000007)::VARCHAR AS digest FROM ${table}`;
  return query(
    data,
    `${[
      digest('transaction_id, customer_id, terminal_id, amount_cents, occurred_at', 'transactions'),
      digest('key, start_at, end_at, revision, count, agg_total, agg_largest', 'window_per_minute'),
      digest('key, start_at, end_at, revision, count, agg_total', 'window_visits'),
    ].join(' UNION ALL ')} ORDER BY 1`,
  );
}

/** How many payments there are, and how many different ones. */
export async function ids(data: string): Promise<{ readonly n: number; readonly ids: number }> {
  const [row] = await query(
    data,
    'SELECT count(*)::INT AS n, count(DISTINCT transaction_id)::INT AS ids FROM transactions',
  );
  return { n: Number(row?.n), ids: Number(row?.ids) };
}

/** Dead letters by reason. */
export async function deadLetters(data: string): Promise<Record<string, number>> {
  const { stdout } = await millrace(['dlq', 'list', '--data', data, '--json', '--limit', '1000']);
  const counts: Record<string, number> = {};
  for (const { reason } of JSON.parse(stdout)) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
