/** Jobs over the channel: lists of jobs and runs, and people's commands to them. */
import { JOB_ACTIONS, jobCommandOf } from '../jobs/command-words.ts';
import { backfillSql } from '../jobs/run-file.ts';
import { quotedText } from '../sql-quotes.ts';
import { channelCommand, RequestError } from './channel-commands.ts';

const PATIENCE_MS = 10_000;

export const jobListCommand = channelCommand({
  name: 'job list',
  schema: {},
  async *rows({ running }) {
    if (running === null) throw new RequestError('nothing runs on this data: this needs --config FILE');
    yield (await running.jobs.standings()).map(({ job, schedule, isPaused, nextRunAt, openRuns, steps, params }) => ({
      job,
      schedule,
      is_paused: isPaused,
      next_run_at: nextRunAt,
      open_runs: openRuns,
      steps: JSON.stringify(steps),
      params: JSON.stringify(params),
    }));
  },
});

export const jobRunsCommand = channelCommand({
  name: 'job runs',
  schema: { job: 'text', run: 'text' },
  async *rows(target, { job, run }, { signal, ...context }) {
    await target.caughtUp(PATIENCE_MS, { signal, ...context });
    const ofJob = job === undefined ? '' : `WHERE job = ${quotedText(job)}`;
    const where = run === undefined ? ofJob : `WHERE run_id = ${quotedText(run)}`;
    const sql = `SELECT run_id, job, state, interval_start, interval_end, attempt, records, run_trigger, params, backfill,
      changed_at, message FROM runs ${where} ORDER BY interval_end DESC, run_id`;
    yield* target.stores.of('sqlite').rows({ kind: 'query', sql }, signal);
  },
});

export const jobStepsCommand = channelCommand({
  name: 'job steps',
  schema: { run: 'text' },
  async *rows(target, { run = '' }, { signal, ...context }) {
    await target.caughtUp(PATIENCE_MS, { signal, ...context });
    const sql = `SELECT step, item, state, attempt, records, changed_at, wait_until, output, message FROM run_steps
      WHERE run_id = ${quotedText(run)} ORDER BY changed_at, step, item`;
    yield* target.stores.of('sqlite').rows({ kind: 'query', sql }, signal);
  },
});

export const jobBackfillsCommand = channelCommand({
  name: 'job backfills',
  schema: { job: 'text' },
  async *rows(target, { job }, { signal, ...context }) {
    await target.caughtUp(PATIENCE_MS, { signal, ...context });
    yield* target.stores.of('sqlite').rows({ kind: 'query', sql: backfillSql(job ?? null) }, signal);
  },
});

export const jobActCommand = channelCommand({
  name: 'job act',
  schema: {
    ...{ action: JOB_ACTIONS, job: 'text', run: 'text', step: 'text', backfill: 'text', params: 'text', key: 'text' },
    as: 'text',
    ...{ from: 'whole', to: 'whole', parallel: 'whole', reprocess: 'text', dryRun: 'flag' },
  },
  async *rows({ running }, { key, ...words }) {
    const command = jobCommandOf(words, key ?? null);
    if (typeof command === 'string') throw new RequestError(command);
    if (running === null) throw new RequestError('nothing runs on this data: this needs --config FILE');
    const answer = await running.jobs.command(command);
    if (answer.kind === 'refused') throw new RequestError(answer.message);
    yield [{ id: answer.id, message: answer.message }];
  },
});
