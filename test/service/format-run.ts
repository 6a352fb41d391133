/** Runs input files of any format through a stream `e`, whose events come out again as they are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { type RunSummary, runInputs } from '../../src/run/run.ts';
import { temporaryDirectory } from './script-run.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export interface FormatRun {
  /** Beside `k`, a text and the key, and `t`, the event time. */
  readonly fields?: readonly object[];
  readonly partitions?: number;
  /** What comes out beside the fields: names and expressions. */
  readonly select?: Readonly<Record<string, string>>;
  /** Windows, as YAML. */
  readonly windows?: string;
  /** Given, the data stays. */
  readonly data?: string;
}

export interface FormatResult {
  readonly summary: RunSummary;
  readonly events: readonly Record<string, unknown>[];
  readonly deadLetters: readonly Record<string, unknown>[];
  /** Results of all windows. */
  readonly results: readonly Record<string, unknown>[];
}

export function eventSchema(fields: readonly object[] = []): AvroRecord {
  const time = { type: 'long', logicalType: 'timestamp-millis' };
  const all = [{ name: 'k', type: 'string' }, { name: 't', type: time }, ...fields];
  return JSON.parse(JSON.stringify({ type: 'record', name: 'E', fields: all }));
}

export async function runFile(
  name: string,
  content: string | Buffer | null,
  run: FormatRun = {},
): Promise<FormatResult> {
  const directory = run.data ?? temporaryDirectory();
  const schema = eventSchema(run.fields);
  // A list is read as an object an event, and is no column that can be selected.
  const single = schema.fields.filter(({ type }) => !JSON.stringify(type).includes('array'));
  const fields = single.map(({ name: field }) => `${field}: ${field}`);
  const select = [...fields, ...Object.entries(run.select ?? {}).map(([own, expression]) => `${own}: "${expression}"`)];
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(schema));
  writeFileSync(
    join(directory, 'p.yaml'),
    `streams: { e: { schema: ./e.avsc, key: k, eventTime: t, partitions: ${run.partitions ?? 1} } }
derived: { v: { stream: e, select: { ${select.join(', ')} } } }
${run.windows === undefined ? '' : `windows: { ${run.windows} }`}
stores: { sqlite: false, duckdb: false }`,
  );
  const file = name.includes('/') ? name : join(directory, name);
  if (content !== null) writeFileSync(file, content);
  const config = loadConfig(join(directory, 'p.yaml'), {});
  const output: string[] = [];
  const summary = await runInputs({
    config: run.data === undefined ? config : { ...config, dataDir: join(run.data, 'data') },
    logger: SILENT,
    inputs: [{ stream: 'e', file }],
    temporary: run.data === undefined,
    flush: true,
    only: [],
    async output(lines) {
      for await (const line of lines) output.push(line);
    },
    onProgress() {},
  });
  const lines: Record<string, unknown>[] = output.map((line) => JSON.parse(line));
  return {
    summary,
    events: lines.filter(({ stream }) => stream === 'v').map(({ stream, ts, ...event }) => event),
    deadLetters: lines.filter(({ stream }) => stream === 'e.dead-letters').map(({ stream, ...letter }) => letter),
    results: lines.filter(({ stream }) => stream !== 'v' && stream !== 'e.dead-letters'),
  };
}
