/** Runs lines of a test script through the whole pipeline, as `millrace run` does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Logger } from '../../src/logger.ts';
import { type RunSummary, runInputs } from '../../src/run/run.ts';

const CLICK = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'long', default: 1 },
  ],
};

/** Whoever reads only the output pays for no read model. */
const WITHOUT_STORES = 'stores: { sqlite: false, duckdb: false }\n';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface ScriptRun {
  /** Of the stream `clicks`. */
  readonly watermark: string;
  readonly partitions?: number;
  readonly threads?: number;
  readonly windows?: string;
  readonly joins?: string;
  readonly derived?: string;
  readonly operators?: string;
  readonly views?: string;
  /** More streams, indented by two. */
  readonly streams?: string;
  readonly lines: readonly (object | string)[];
  readonly flush?: boolean;
  readonly only?: readonly string[];
  /** A directory for script and data; those of a run without it are thrown away. */
  readonly data?: string;
}

export interface RunResult {
  readonly summary: RunSummary;
  readonly output: readonly Record<string, unknown>[];
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-run-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes the pipeline file of a run; returns its path. */
export function writePipeline(
  directory: string,
  { watermark, partitions = 1, windows, joins, derived, operators, views, streams = '' }: ScriptRun,
): string {
  writeFileSync(join(directory, 'click.avsc'), JSON.stringify(CLICK));
  const file = join(directory, 'pipeline.yaml');
  const text = `streams:
  clicks: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: ${partitions}, watermark: ${watermark} }
${streams}windows:
  ${windows ?? 'counts: { stream: clicks, window: { tumbling: 3s }, aggregate: { n: count() } }'}
${joins === undefined ? '' : `joins:\n  ${joins}\n`}${derived === undefined ? '' : `derived:\n  ${derived}\n`}${
  operators === undefined ? '' : `operators:\n  ${operators}\n`
}${views === undefined ? '' : `views:\n  ${views}\n`}${WITHOUT_STORES}`;
  writeFileSync(file, text);
  return file;
}

export async function runScriptLines(run: ScriptRun): Promise<RunResult> {
  const directory = run.data ?? temporaryDirectory();
  const { runtime, ...rest } = loadConfig(writePipeline(directory, run), {});
  const config = { ...rest, runtime: { ...runtime, threads: run.threads ?? 0 } };
  const file = join(directory, 'script.jsonl');
  writeFileSync(file, run.lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  const output: string[] = [];
  const summary = await runInputs({
    config: run.data === undefined ? config : { ...config, dataDir: join(run.data, 'data') },
    logger: SILENT,
    inputs: [{ stream: 'clicks', file }],
    temporary: run.data === undefined,
    flush: run.flush ?? true,
    only: run.only ?? [],
    async output(lines) {
      for await (const line of lines) output.push(line);
    },
    onProgress() {},
  });
  return { summary, output: output.map((line) => JSON.parse(line)) };
}

export const click = (userId: string, occurredAt: number, more: object = {}): object => ({
  userId,
  occurredAt,
  ...more,
});
