/** Runs files into one data directory, as `millrace run` does, again and again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadConfig } from '../../src/config/load.ts';
import type { Logger } from '../../src/logger.ts';
import { eventType } from '../../src/messages/codec.ts';
import { type RunSummary, runInputs } from '../../src/run/run.ts';
import { containerFile } from '../sources/container.ts';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const ROW = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: 'long' },
  ],
} as const;
const rowType = eventType(ROW);

export interface Row {
  readonly k: string;
  readonly t: number;
  readonly x: number;
}

export const FORMATS = ['jsonl', 'csv', 'jsonl.gz', 'avro', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** The rows as a file of a format; of Avro each is a block, as of a writer that appends. */
export async function writeRows(path: string, format: Format, rows: readonly Row[]): Promise<void> {
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const csv = ['k,t,x', ...rows.map(({ k, t, x }) => `${k},${t},${x}`), ''].join('\n');
  switch (format) {
    case 'jsonl':
      return writeFileSync(path, jsonl);
    case 'csv':
      return writeFileSync(path, csv);
    case 'jsonl.gz':
      return writeFileSync(path, gzipSync(jsonl));
    case 'avro':
      return writeFileSync(
        path,
        containerFile(
          rowType,
          rows.map((row) => [row]),
          'null',
        ),
      );
    case 'parquet': {
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      const values = rows.map(({ k, t, x }) => `('${k}', ${t}::BIGINT, ${x}::BIGINT)`).join(', ');
      await connection.run(`COPY (SELECT * FROM (VALUES ${values}) AS r(k, t, x)) TO '${path}' (FORMAT parquet)`);
      instance.closeSync();
    }
  }
}

export interface FileRun {
  readonly directory: string;
  readonly files: readonly string[];
  readonly partitions?: number;
  readonly threads?: number;
  readonly flush?: boolean;
  readonly windows?: string;
  /** Whether there are read models; by default none. */
  readonly stores?: boolean;
}

export interface FileResult {
  readonly summary: RunSummary;
  /** Of everything that the data directory has. */
  readonly output: readonly Record<string, unknown>[];
}

/** The data are in `data` of the directory. */
export async function runFile(run: FileRun): Promise<FileResult> {
  const { directory, files, partitions = 1, threads = 0, flush = true, stores = false } = run;
  writeFileSync(join(directory, 'row.avsc'), JSON.stringify(ROW));
  const pipeline = join(directory, 'pipeline.yaml');
  writeFileSync(
    pipeline,
    `stores: { sqlite: ${stores}, duckdb: ${stores} }\nstreams:\n  e: { schema: ./row.avsc, key: k, eventTime: t, partitions: ${partitions} }\nwindows:\n  ${
      run.windows ?? 'w: { stream: e, window: { tumbling: 10s }, aggregate: { n: count(), ids: collect(x) } }'
    }\n`,
  );
  const { runtime, ...rest } = loadConfig(pipeline, {});
  const output: string[] = [];
  const summary = await runInputs({
    config: { ...rest, runtime: { ...runtime, threads }, dataDir: join(directory, 'data') },
    logger: SILENT,
    inputs: files.map((file) => ({ stream: 'e', file })),
    temporary: false,
    flush,
    only: [],
    async output(lines) {
      for await (const line of lines) output.push(line);
    },
    onProgress() {},
  });
  return { summary, output: output.map((line) => JSON.parse(line)) };
}

/** The newest result of each window and key, without its revision. */
export function newest(output: FileResult['output']): string[] {
  const rows = new Map<string, Record<string, unknown>>();
  for (const row of output) {
    const id = `${row.stream} ${row.key} ${row.start}`;
    if (Number(row.revision) >= Number(rows.get(id)?.revision ?? -1)) rows.set(id, row);
  }
  return [...rows.values()].map(({ revision: _, at: __, ...row }) => JSON.stringify(row)).sort();
}
