/**
 * The database of job tables, in an instance of its own: statements may read files, and take memory that no read model may
 * miss. A statement's rows are a table of its run first; publishing makes them seen. Statements run side by side, each on a
 * connection of its own with a catalog of its own, in which the read models have the names that they have everywhere.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { duckdbApi } from '../projections/duckdb-api.ts';
import { createDuckdbReaders, type DuckdbReaders, digestOf, rowsOf } from '../projections/duckdb-reading.ts';
import type { TableDigest } from '../projections/store.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { openCatalog } from './catalog.ts';
import { JOBS_COPY, JOBS_FILE, JOBS_SCRATCH, PUBLISHED, STAGED, stagedTable } from './names.ts';
import type { Publication, RunIdentity, RunStatement, TableTarget } from './protocol.ts';
import { type JobConnection, publicationOf, publish } from './publish.ts';
import { runInto } from './run-into.ts';

export interface JobDatabase {
  readonly readers: DuckdbReaders;
  /** Resolves with the number of rows. */
  run(statement: RunStatement): Promise<number>;
  stop(key: string): void;
  progress(key: string): number | null;
  /** `isOfRun`: rows of another run will not do. */
  relation(runId: string, table: string, isOfRun: boolean): Promise<string>;
  /** Notes that a step has passed the run's rows. Resolves with whether all of these have. */
  audited(runId: string, table: string, step: string, all: readonly string[]): Promise<boolean>;
  discard(runId: string, table: string): Promise<void>;
  publish(runId: string, table: string, nowMs: number): Promise<Publication>;
  unrecorded(): Promise<Publication[]>;
  recorded(runId: string, table: string): Promise<void>;
  digest(): Promise<TableDigest[]>;
  copy(to: string): Promise<void>;
  close(): Promise<void>;
}

/** Of rows that no check has let pass yet, or that failed one, those of so many runs of a job are kept: somebody may look at them. */
const STAGED_RUNS = 20;

export interface JobDatabaseOptions {
  /** The data directory. */
  readonly directory: string;
  /** What DuckDB's buffer manager may hold; what is more goes to files in the scratch folder. */
  readonly memoryBytes: number;
  readonly threads: number;
}

export async function openJobDatabase({ directory, memoryBytes, threads }: JobDatabaseOptions): Promise<JobDatabase> {
  const file = join(directory, JOBS_FILE);
  const scratch = join(directory, JOBS_SCRATCH);
  rmSync(join(scratch, 'spill'), { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const restored = join(directory, JOBS_COPY);
  if (!existsSync(file) && existsSync(restored)) renameSync(restored, file);
  const instance = await duckdbApi.DuckDBInstance.create(file, {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
    temp_directory: join(scratch, 'spill'),
    // Rows of a statement that does not order them may come in any order, which takes less memory.
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
  });
  const own = await instance.connect();
  await prepare(own);
  const running = new Map<string, Running>();
  /** What `own` is asked, one after another: nothing sees half of a publication, and no two changes fail each other. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = last.then(change, change);
    last = done.catch(() => {});
    return done;
  }
  const readers = createDuckdbReaders(instance, [], []);

  async function stage(connection: JobConnection, statement: RunStatement, target: TableTarget): Promise<number> {
    const { identity } = statement;
    const name = stagedTable(identity.runId, target.table);
    await inTurn(() => forget(own, identity.runId, target.table));
    await inTurn(() => forgetOldest(own, identity.job, target.table));
    const path = `${quotedName('jobs')}.main.${quotedName(name)}`;
    await runInto(connection, `CREATE TABLE ${path} AS`, statement);
    const { rows, hash } = await digestOf(connection, path, await columnsOf(connection, name));
    await inTurn(() => own.run(stagedRow(identity, target, name, rows, hash)));
    return rows;
  }

  return {
    readers,
    async run(statement) {
      const { identity, target } = statement;
      if (running.has(identity.key)) throw new Error(`${identity.job}.${identity.step} runs already in this run`);
      // Known before anything is waited for: it may be stopped from now on.
      const own: Running = { connection: null, stopping: null };
      running.set(identity.key, own);
      try {
        const connection = await instance.connect();
        own.connection = connection;
        try {
          const catalog = await openCatalog(connection, statement, await stagedBy(connection, identity.runId));
          try {
            // Asked for, DuckDB knows how far it is.
            await connection.run('SET enable_progress_bar = true');
            await connection.run('SET enable_progress_bar_print = false');
            if (own.stopping !== null) throw new Error('Interrupted before it began');
            if (target.kind === 'table') return await stage(connection, statement, target);
            return await runInto(connection, 'COPY', statement);
          } finally {
            letGo(own);
            await catalog.close();
          }
        } finally {
          connection.closeSync();
        }
      } finally {
        letGo(own);
        running.delete(identity.key);
      }
    },
    stop(key) {
      const own = running.get(key);
      if (own === undefined) return;
      own.connection?.interrupt();
      // DuckDB forgets an interruption that comes before the statement begins to execute.
      own.stopping ??= setInterval(() => own.connection?.interrupt(), INTERRUPT_EVERY_MS);
    },
    progress(key) {
      const percentage = running.get(key)?.connection?.progress.percentage ?? -1;
      return percentage < 0 ? null : percentage / 100;
    },
    relation: (runId, table, isOfRun) =>
      inTurn(async () => {
        const staged = await stagedBy(own, runId);
        if (staged.has(table)) return quotedName(stagedTable(runId, table));
        const of = `run_id = ${quotedText(runId)} AND table_name = ${quotedText(table)}`;
        const known = await rowsOf(own, `SELECT 1 FROM ${quotedName(PUBLISHED)} WHERE ${of}`);
        if (isOfRun && known.length === 0)
          throw new Error(`The run has no rows for ${table}: run the step again that writes it`);
        return quotedName(table);
      }),
    audited: (runId, table, step, all) =>
      inTurn(async () => {
        const of = `run_id = ${quotedText(runId)} AND table_name = ${quotedText(table)}`;
        const [staged] = await rowsOf(own, `SELECT passed FROM ${quotedName(STAGED)} WHERE ${of}`);
        // What is published has passed.
        if (staged === undefined) return true;
        const passed = new Set([...String(staged.passed ?? '').split('\n'), step]);
        await own.run(`UPDATE ${quotedName(STAGED)} SET passed = ${quotedText([...passed].join('\n'))} WHERE ${of}`);
        return all.every((each) => passed.has(each));
      }),
    discard: (runId, table) => inTurn(() => forget(own, runId, table)),
    publish: (runId, table, nowMs) => inTurn(() => publish(own, runId, table, nowMs)),
    unrecorded: () =>
      inTurn(async () => {
        const rows = await rowsOf(own, `SELECT * FROM ${quotedName(PUBLISHED)} WHERE NOT recorded`);
        return rows.map(publicationOf);
      }),
    async recorded(runId, table) {
      const of = `run_id = ${quotedText(runId)} AND table_name = ${quotedText(table)}`;
      await inTurn(() => own.run(`UPDATE ${quotedName(PUBLISHED)} SET recorded = true WHERE ${of}`));
    },
    digest: () =>
      inTurn(async () => {
        const digests: TableDigest[] = [];
        for (const table of await publishedTables(own)) {
          digests.push({ ...(await digestOf(own, quotedName(table), await columnsOf(own, table))), table });
        }
        return digests;
      }),
    async copy(to) {
      mkdirSync(dirname(to), { recursive: true });
      const unfinished = `${to}.tmp`;
      rmSync(unfinished, { force: true });
      const connection = await instance.connect();
      try {
        // One transaction, so that statements may go on meanwhile: a copy of the file would have some of what they write.
        await connection.run(`ATTACH ${quotedText(unfinished)} AS copied`);
        await connection.run('COPY FROM DATABASE jobs TO copied');
        await connection.run('DETACH copied');
      } finally {
        connection.closeSync();
      }
      renameSync(unfinished, to);
    },
    async close() {
      for (const { connection } of running.values()) connection?.interrupt();
      await readers.close();
      await last;
      own.closeSync();
      instance.closeSync();
    },
  };
}

/** A statement from when it is asked for to its end. */
interface Running {
  connection: JobConnection | null;
  /** Interrupts it again and again, once it is to stop. */
  stopping: NodeJS.Timeout | null;
}

const INTERRUPT_EVERY_MS = 20;

/** What comes after it is not to be interrupted. */
function letGo(own: Running): void {
  if (own.stopping !== null) clearInterval(own.stopping);
  own.connection = null;
}

async function prepare(own: JobConnection): Promise<void> {
  await own.run(
    `CREATE TABLE IF NOT EXISTS ${quotedName(STAGED)} (run_id VARCHAR, table_name VARCHAR, job VARCHAR, step VARCHAR, mode VARCHAR,
       rows BIGINT, hash VARCHAR, name VARCHAR, write_mode VARCHAR, staged_at TIMESTAMP, passed VARCHAR)`,
  );
  await own.run(
    `CREATE TABLE IF NOT EXISTS ${quotedName(PUBLISHED)} (run_id VARCHAR, table_name VARCHAR, job VARCHAR, step VARCHAR, mode VARCHAR,
       rows BIGINT, hash VARCHAR, table_rows BIGINT, published_at BIGINT, recorded BOOLEAN)`,
  );
}

async function forgetOldest(own: JobConnection, job: string, table: string): Promise<void> {
  const old = await rowsOf(
    own,
    `SELECT run_id FROM ${quotedName(STAGED)} WHERE job = ${quotedText(job)} AND table_name = ${quotedText(table)}
     ORDER BY staged_at DESC OFFSET ${STAGED_RUNS - 1}`,
  );
  for (const { run_id: runId } of old) await forget(own, String(runId), table);
}

/** Drops what a run has staged for a table: an attempt before, or a run that was given up. */
async function forget(own: JobConnection, runId: string, table: string): Promise<void> {
  await own.run(`DROP TABLE IF EXISTS ${quotedName(stagedTable(runId, table))}`);
  await own.run(
    `DELETE FROM ${quotedName(STAGED)} WHERE run_id = ${quotedText(runId)} AND table_name = ${quotedText(table)}`,
  );
}

function stagedRow(
  { runId, job, step }: RunIdentity,
  { table, write }: TableTarget,
  name: string,
  rows: number,
  hash: string,
): string {
  const texts = [runId, table, job, step, write.mode].map(quotedText).join(', ');
  const more = [hash, name, JSON.stringify(write)].map(quotedText).join(', ');
  return `INSERT INTO ${quotedName(STAGED)} VALUES (${texts}, ${rows}, ${more}, now()::TIMESTAMP, NULL)`;
}

/** Tables that the run has rows for that are not published: by table, how its rows get in. */
async function stagedBy(own: JobConnection, runId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf(
    own,
    `SELECT table_name, mode FROM ${quotedName(STAGED)} WHERE run_id = ${quotedText(runId)}`,
  );
  return new Map(rows.map(({ table_name: table, mode }) => [String(table), String(mode)]));
}

async function publishedTables(own: JobConnection): Promise<string[]> {
  const rows = await rowsOf(
    own,
    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'jobs' AND NOT contains(table_name, '@') ORDER BY table_name",
  );
  return rows.map(({ table_name: table }) => String(table));
}

async function columnsOf(own: JobConnection, table: string): Promise<string[]> {
  const rows = await rowsOf(
    own,
    `SELECT column_name FROM duckdb_columns() WHERE database_name = 'jobs' AND table_name = ${quotedText(table)} ORDER BY column_index`,
  );
  return rows.map(({ column_name: name }) => String(name));
}
