/**
 * Statements of jobs beside the same statement in plain DuckDB, on the same files, by turns: what a step costs beside its
 * statement, which is the table of the run, its hash and its publication.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { openJobDatabase } from '../dist/job-tables/database.js';
import { bindSql } from '../dist/jobs/sql-text.js';
import { parseTemplate } from '../dist/jobs/template.js';

const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const MB = 1024 ** 2;
const THREADS = availableParallelism();

interface Work {
  readonly name: string;
  readonly sql: string;
  readonly memoryBytes: number;
}

/** Seconds are medians over the runs. */
export async function runBatch(rows: number): Promise<readonly Record<string, string | number>[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-batch-'));
  try {
    await makeFiles(directory, rows);
    const measured: Record<string, string | number>[] = [];
    for (const work of worksOf(directory)) measured.push(await measure(work, directory));
    return measured;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function makeFiles(directory: string, rows: number): Promise<void> {
  await plain(':memory:', 1024 * MB, [
    `COPY (SELECT range AS place, 'place ' || range AS name, 'country ' || range % 50 AS country FROM range(400))
     TO '${directory}/places.parquet'`,
    `COPY (SELECT i % 400 AS place, TIMESTAMP '2013-01-01' + INTERVAL (i // 400) HOUR AS taken, ((i * 7919) % 600 - 200) / 10 AS celsius
     FROM range(${rows}) t(i)) TO '${directory}/hours.parquet' (COMPRESSION zstd)`,
    `COPY (SELECT 'station ' || (i * 7919) % 413 AS name, printf('%.1f', ((i * 7919) % 1998 - 999) / 10) AS celsius
     FROM range(${rows}) t(i)) TO '${directory}/measurements.txt' (FORMAT csv, DELIMITER ';', HEADER false, QUOTE '')`,
  ]);
}

function worksOf(directory: string): Work[] {
  const memoryBytes = 1024 * MB;
  const file = readFileSync(fileURLToPath(new URL('../config/measurements.yaml', import.meta.url)), 'utf8');
  const text = /sql: \|\n([\s\S]*?)\n {8}into:/.exec(file)?.[1] ?? '';
  const template = parseTemplate(text);
  if ('problem' in template) throw new Error(template.problem);
  const { sql } = bindSql(template, () => '');
  return [
    {
      name: 'Parquet: join with places, by country and month',
      sql: `SELECT country, date_trunc('month', taken) AS month, count(*) AS n, avg(celsius) AS mean, max(celsius) AS highest
            FROM '${directory}/hours.parquet' JOIN '${directory}/places.parquet' USING (place) GROUP BY ALL`,
      memoryBytes,
    },
    {
      name: 'text: exact minimum, mean, maximum a station',
      sql: sql.replace('$1', `'${directory}/measurements.txt'`),
      memoryBytes,
    },
    {
      name: 'spilling: as many groups as rows, in 256 MB',
      sql: `SELECT count(*) AS n, sum(n) AS rows FROM (
              SELECT place, taken, celsius, place::VARCHAR || taken::VARCHAR AS text, count(*) AS n FROM '${directory}/hours.parquet' GROUP BY ALL)`,
      memoryBytes: 256 * MB,
    },
  ];
}

async function measure({ name, sql, memoryBytes }: Work, directory: string): Promise<Record<string, string | number>> {
  const own: number[] = [];
  const theirs: number[] = [];
  const data = mkdtempSync(join(directory, 'data-'));
  const database = await openJobDatabase({ directory: data, memoryBytes, threads: THREADS });
  for (let run = 0; run <= RUNS; run++) {
    const identity = { job: 'bench', step: 'sql', runId: `${run}`, key: `${run}` };
    const target = { kind: 'table', table: 'result', write: { mode: 'replace' } } as const;
    const job = await seconds(async () => {
      await database.run({ identity, sql, parameters: [], models: null, lines: [], windows: [], target });
      await database.publish(`${run}`, 'result', 0);
    });
    const duckdb = await seconds(() =>
      plain(join(data, 'plain.duckdb'), memoryBytes, [`CREATE OR REPLACE TABLE result AS ${sql}`]),
    );
    // The first of each warms the page cache.
    if (run === 0) continue;
    own.push(job);
    theirs.push(duckdb);
  }
  await database.close();
  return {
    statement: name,
    'step of a job, s': median(own),
    'plain DuckDB, s': median(theirs),
    ratio: Number((median(own) / median(theirs)).toFixed(2)),
  };
}

async function plain(file: string, memoryBytes: number, statements: readonly string[]): Promise<void> {
  const settings = {
    threads: String(THREADS),
    memory_limit: `${memoryBytes / 1024}KiB`,
    preserve_insertion_order: 'false',
  };
  const instance = await DuckDBInstance.create(file, settings);
  const connection = await instance.connect();
  for (const sql of statements) await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[sorted.length >> 1] ?? 0).toFixed(2));
}
