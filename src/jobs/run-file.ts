/** What the operations store has of one run, and of the backfills of a job: each gives queries, and is given their rows. */
import type { Row, StoreQuery } from '../projections/store.ts';
import { hexText } from '../sql-quotes.ts';

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
  const of = `job = ${hexText(job)} AND run_id = ${hexText(runId)}`;
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

/**
 * The newest first, each with how many of its intervals have a run that is over, how many of those failed, how many of its steps
 * are at work, and about how many milliseconds are left at the pace of those that are over.
 */
export function* backfillFile(job: string): Generator<StoreQuery, readonly Row[], readonly Row[]> {
  return yield { store: 'sqlite', sql: backfillSql(job) };
}

/** Of a job, or of all; `left_ms` is null while fewer than two runs are over. */
export function backfillSql(job: string | null): string {
  const of = job === null ? '' : `WHERE job = ${hexText(job)}`;
  const isOver = "FILTER (WHERE r.state NOT IN ('queued', 'running'))";
  return `SELECT *, CASE WHEN state = 'running' AND over > 1 THEN (intervals - over) * (last_at - first_at) / (over - 1) END AS left_ms
    FROM (SELECT b.backfill, b.job, b.from_time, b.to_time, b.parallel, b.reprocess, b.state, b.intervals, b.changed_at,
      count(r.run_id) ${isOver} AS over, count(r.run_id) FILTER (WHERE r.state = 'failed') AS failed,
      min(r.changed_at) ${isOver} AS first_at, max(r.changed_at) ${isOver} AS last_at,
      (SELECT count(*) FROM runs AS o JOIN run_steps AS s ON s.job = o.job AND s.run_id = o.run_id
        WHERE o.job = b.job AND o.backfill = b.backfill AND o.state = 'running' AND s.state = 'running') AS at_work
      FROM (SELECT * FROM backfills ${of} ORDER BY changed_at DESC LIMIT ${BACKFILLS_MAX}) AS b
      LEFT JOIN runs AS r ON r.job = b.job AND r.backfill = b.backfill
      GROUP BY b.backfill) ORDER BY changed_at DESC`;
}
