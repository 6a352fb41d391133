/** Runs events of a declared stream through the whole pipeline, on data that is kept from run to run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Offline, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Logger } from '../../src/logger.ts';
import { type RunSummary, runInputs } from '../../src/run/run.ts';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export const ORDER_FIELDS: readonly object[] = [
  { name: 'orderId', type: 'string' },
  { name: 'placedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'amount', type: 'int' },
];

export interface OrderRun {
  readonly directory: string;
  readonly lines: readonly object[];
  readonly fields?: readonly object[];
  readonly partitions?: number;
  readonly threads?: number;
  /** The value of `expect`, as JSON. */
  readonly expect?: unknown;
}

export interface OrderResult {
  readonly summary: RunSummary;
  readonly output: readonly Record<string, unknown>[];
}

let runs = 0;

/** The data are in `data` of the run's directory. */
export async function runOrders(run: OrderRun): Promise<OrderResult> {
  const { directory, lines, fields = ORDER_FIELDS, partitions = 1, threads = 0 } = run;
  writeFileSync(join(directory, 'order.avsc'), JSON.stringify({ type: 'record', name: 'Order', fields }));
  const expectations = run.expect === undefined ? '' : `, expect: ${JSON.stringify(run.expect)}`;
  const file = join(directory, 'orders.yaml');
  writeFileSync(
    file,
    `streams:
  orders: { schema: ./order.avsc, key: orderId, eventTime: placedAt, partitions: ${partitions}${expectations} }
windows:
  per_order: { stream: orders, window: { tumbling: 10s }, allowedLateness: 1d, aggregate: { n: count() } }
`,
  );
  // A file is known by its name: another one is other input.
  runs += 1;
  const script = join(directory, `script-${runs}.jsonl`);
  writeFileSync(script, lines.map((line) => JSON.stringify(line)).join('\n'));
  const output: string[] = [];
  const loaded = loadConfig(file, {});
  const summary = await runInputs({
    config: { ...loaded, dataDir: join(directory, 'data'), runtime: { ...loaded.runtime, threads } },
    logger: SILENT,
    inputs: [{ stream: 'orders', file: script }],
    temporary: false,
    flush: true,
    only: [],
    async output(results) {
      for await (const line of results) output.push(line);
    },
    onProgress() {},
  });
  return { summary, output: output.map((line) => JSON.parse(line)) };
}

/** Reads what a run has left. `before` runs while the stores are closed. */
export async function readOrders<T>(
  directory: string,
  read: (offline: Offline) => Promise<T>,
  before: () => void = () => {},
): Promise<T> {
  const offline = await openReadModels(join(directory, 'data'), before);
  try {
    await offline.catchUp();
    return await read(offline);
  } finally {
    await offline.close();
  }
}

/** Digests of the tables of the stream, in both stores. */
export const orderDigests = async (offline: Offline): Promise<unknown> =>
  (await offline.digests()).filter(({ name }) => name.endsWith('.orders'));
