/** What the operations store has of one run, and of the backfills of a job: each gives queries, and is given their rows. */
import type { Row, StoreQuery } from '../projections/store.ts';

export interface RunFile {
  /** Columns as in the table `runs`. */
  readonly run: Row;
  /** As in `run_steps`, in the order in which they changed; of mapped steps 1,000 at most. */
  readonly steps: readonly Row[];
}

const STEPS_MAX = 1000;
const BACKFILLS_MAX = 10;

/** Null when there is no such run. */
export function* runFile(job: string, runId: string): Generator<StoreQuery, RunFile | null, readonly Row[]> {
  const of = `job = ${textLiteral(job)} AND run_id = ${textLiteral(runId)}`;
  const [run] = yield {
    store: 'sqlite',
    sql: `SELECT job, run_id, state, interval_start, interval_end, attempt, records, run_trigger, params, backfill, changed_at,
      message FROM runs WHERE ${of}`,
  };
  if (run === undefined) return null;
  const steps = yield {
    store: 'sqlite',
    sql: `SELECT step, item, state, attempt, records, changed_at, wait_until, output, message FROM run_steps WHERE ${of}
      ORDER BY changed_at, step, item LIMIT ${STEPS_MAX}`,
  };
  return { run, steps };
}

/** The newest first, each with how many of its intervals have a run that is over, and how many of those failed. */
export function* backfillFile(job: string): Generator<StoreQuery, readonly Row[], readonly Row[]> {
  return yield {
    store: 'sqlite',
    sql: `SELECT b.backfill, b.from_time, b.to_time, b.parallel, b.reprocess, b.state, b.intervals, b.changed_at,
      count(r.run_id) FILTER (WHERE r.state NOT IN ('queued', 'running')) AS over,
      count(r.run_id) FILTER (WHERE r.state = 'failed') AS failed
      FROM (SELECT * FROM backfills WHERE job = ${textLiteral(job)} ORDER BY changed_at DESC LIMIT ${BACKFILLS_MAX}) AS b
      LEFT JOIN runs AS r ON r.job = ${textLiteral(job)} AND r.backfill = b.backfill
      GROUP BY b.backfill ORDER BY b.changed_at DESC`,
  };
}

/** For SQLite, in hexadecimal: a text of a stranger, whatever is in it. */
function textLiteral(text: string): string {
  return `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
}
