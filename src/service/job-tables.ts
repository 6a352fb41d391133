/**
 * Job tables of a running service. A statement sees the read models once they have everything that was durable when the
 * statement came. A publication is a fact of the journal.
 */
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config/config.ts';
import { linesTable, names, textOf } from '../job-tables/models.ts';
import { hasJobTables, JOBS_SCRATCH } from '../job-tables/names.ts';
import { type LinesTable, MODELS_CATALOG, type Publication, type RunStatement } from '../job-tables/protocol.ts';
import { tablePublishedType } from '../messages/types.ts';
import { windowRowsSql, windowTable } from '../projections/duckdb-schema.ts';
import { storedName } from '../projections/table.ts';
import { TABLES } from '../tables.ts';
import { type JobTablesProcess, startJobTables } from '../workers/job-tables-process.ts';
import type { InternalSource } from './intake.ts';
import type { Pipeline } from './pipeline.ts';
import { type ReadModels, tableShapes } from './read-models.ts';

export type StatementOf = Omit<RunStatement, 'models' | 'lines' | 'windows'>;

export interface JobTables extends Pick<JobTablesProcess, 'ask' | 'rows' | 'close'> {
  /** Resolves with the number of rows. When the signal aborts, rejects once the statement has stopped. */
  run(statement: StatementOf, signal: AbortSignal, onProgress: (share: number) => void): Promise<number>;
  /** Journals the publications that were made just before an earlier process ended. */
  recover(): Promise<void>;
  /** Resolves once the rows are seen and the journal says so. */
  publish(runId: string, table: string): Promise<Publication>;
  /** Calls back once the journal has a publication, until the returned function is called. */
  onPublished(listener: (publication: Publication) => void): () => void;
}

const LOOK_EVERY_MS = 20;
const PROGRESS_EVERY_MS = 1_000;
const MEMORY_SHARE = 4;
const MEMORY_MAX_BYTES = 2 * 1024 ** 3;
/**
 * Logs of the service about itself. They do not count here: a statement's own run would make every copy of the read models
 * an old one.
 */
const OWN_LOGS = 'millrace.';

/** What DuckDB may hold for the statements of jobs. */
export function startOf(dataDir: string): JobTablesProcess {
  return startJobTables({
    directory: dataDir,
    memoryBytes: Math.min(MEMORY_MAX_BYTES, Math.floor(totalmem() / MEMORY_SHARE)),
    threads: availableParallelism(),
  });
}

interface Ports {
  readonly config: Config;
  readonly pipeline: Pipeline;
  readonly readModels: ReadModels;
  readonly operations: InternalSource;
}

export function createJobTables({ config, pipeline: own, readModels, operations }: Ports): JobTables {
  const { platform } = own;
  const { dataDir } = config;
  const scratch = join(dataDir, JOBS_SCRATCH);
  const process = startOf(dataDir);
  let copies = 0;
  const listeners = new Set<(publication: Publication) => void>();
  /** The newest copy of the analytics read model, how many statements read it, and what the logs had when it was taken. */
  let newest: { readonly file: string; readonly ends: string; users: number } | null = null;

  const analytics = [
    ...TABLES.filter(({ store }) => store === 'duckdb').flatMap((table) => [table.name, storedName(table)]),
    ...config.streams.map(({ name }) => name),
    ...config.windows.flatMap((window) => [window.name, windowTable(window)]),
    ...config.views.map(({ name }) => name),
    ...config.features.map(({ name }) => name),
    'window_results',
  ];
  const windows = tableShapes(config).windows.flatMap((shape) =>
    shape.columns === undefined ? [{ name: shape.name, sql: windowRowsSql(shape, `${MODELS_CATALOG}.main.`) }] : [],
  );
  const operational = TABLES.filter(({ store }) => store === 'sqlite');

  async function caughtUp(signal: AbortSignal): Promise<string> {
    const marks = own.units.map(({ log }) => ({ log: log.name, offset: log.durableOffset() }));
    while (!readModels.hasReached(marks)) {
      signal.throwIfAborted();
      await platform.sleep(LOOK_EVERY_MS, signal);
    }
    return JSON.stringify(marks.filter(({ log }) => !log.startsWith(OWN_LOGS)));
  }

  function remove(file: string): void {
    for (const suffix of ['', '.wal']) rmSync(file + suffix, { force: true });
  }

  /** A copy of the read models. One copy serves all statements that come while nothing new was journaled. */
  async function copyOfModels(ends: string): Promise<{ readonly file: string; users: number }> {
    if (newest?.ends === ends) {
      newest.users += 1;
      return newest;
    }
    copies += 1;
    const file = join(scratch, `models-${copies}.duckdb`);
    remove(file);
    await readModels.stores.of('duckdb').read({ kind: 'copy', to: file });
    if (newest !== null && newest.users === 0) remove(newest.file);
    newest = { file, ends, users: 1 };
    return newest;
  }

  function release(copy: { readonly file: string; users: number }): void {
    copy.users -= 1;
    if (copy.users === 0 && copy !== newest) remove(copy.file);
  }

  async function linesOf(text: string, signal: AbortSignal): Promise<LinesTable[]> {
    const lines: LinesTable[] = [];
    for (const table of operational) {
      if (!names(text, table.name)) continue;
      copies += 1;
      const file = join(scratch, `${table.name}-${copies}.jsonl`);
      const columns = table.columns.map(({ name }) => `"${name}"`).join(', ');
      const rows = readModels.stores
        .of('sqlite')
        .rows({ kind: 'query', sql: `SELECT ${columns} FROM "${table.name}"` }, signal);
      await pipeline(Readable.from(jsonLines(rows)), createWriteStream(file), { signal });
      lines.push(linesTable(table, file));
    }
    return lines;
  }

  async function record(publication: Publication): Promise<void> {
    await operations.write(0, [tablePublishedType.encodeBlock([publication])]);
    const { runId, table } = publication;
    await process.ask({ kind: 'recorded', runId, table });
    for (const tell of listeners) tell(publication);
  }

  return {
    ask: process.ask,
    rows: process.rows,
    async run(statement, signal, onProgress) {
      mkdirSync(scratch, { recursive: true });
      const text = textOf(statement.sql, statement.parameters);
      const usesModels = analytics.some((name) => names(text, name));
      const ends = await caughtUp(signal);
      const copy = usesModels ? await copyOfModels(ends) : null;
      const lines = await linesOf(text, signal);
      const { key } = statement.identity;
      const timer = setInterval(() => {
        process.ask({ kind: 'progress', key }).then(
          (share) => share !== null && onProgress(share),
          () => {},
        );
      }, PROGRESS_EVERY_MS);
      try {
        const named = windows.filter(({ name }) => names(text, name));
        return await process.run({ ...statement, models: copy?.file ?? null, lines, windows: named }, signal);
      } finally {
        clearInterval(timer);
        for (const { file } of lines) remove(file);
        if (copy !== null) release(copy);
      }
    },
    async recover() {
      rmSync(scratch, { recursive: true, force: true });
      if (!hasJobTables(dataDir)) return;
      for (const publication of await process.ask({ kind: 'unrecorded' })) await record(publication);
    },
    async publish(runId, table) {
      const publication = await process.ask({ kind: 'publish', runId, table, nowMs: platform.nowMs() });
      await record(publication);
      return publication;
    },
    onPublished(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: process.close,
  };
}

async function* jsonLines(batches: AsyncGenerator<readonly object[]>): AsyncGenerator<string> {
  for await (const rows of batches) yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
