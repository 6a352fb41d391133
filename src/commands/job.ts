/** `millrace job`: what jobs there are, their runs and logs, and what people ask of them. */
import { connectChannel } from '../channel/channel-client.ts';
import { isLogOf, LINES_MAX, type LoggedAttempt, linesOf, loggedAttempts } from '../service/job-log-files.ts';
import { jobChildren } from '../service/jobs.ts';
import { ASK_OPTIONS, answered, limitOf } from './ask.ts';
import { type Command, dataDirOf, type OptionValues, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { withService } from './with-service.ts';

const ACTIONS = [
  'run',
  'list',
  'show',
  'runs',
  'backfills',
  'log',
  'pause',
  'resume',
  'cancel',
  'clear',
  'mark',
  'skip',
] as const;
const RUNS_LIMIT = 25;
const LOOK_EVERY_MS = 100;
const ENDS: readonly string[] = ['success', 'failed', 'skipped', 'cancelled'];

export const jobCommand: Command = {
  name: 'job',
  summary: `jobs and their runs

  list             every job: schedule, next run, open runs
  show JOB|RUN     a job and its last runs; or a run and its steps
  runs [JOB]       runs, the newest first
  backfills [JOB]  how far backfills are, and about how long they still take
  run JOB          run it now (--param k=v); where no service runs, here and to its end
  log RUN [STEP]   what its attempts said
  pause JOB        no run by its schedule until: resume JOB
  cancel RUN       end a run; cancel BACKFILL ends a backfill
  clear RUN        run again what did not succeed, or a step and those after it (--step NAME)
  mark RUN         say that a step (--step NAME), or the run, is --as success, failed or skipped; what waited for it runs
  skip RUN         the same as mark --as skipped`,
  usage: 'job ACTION [NAME] [--param k=v …] [--step NAME] [--wait] [--data DIR | --config FILE] [--json] …',
  options: {
    ...ASK_OPTIONS,
    param: { type: 'string', multiple: true, value: 'k=v', help: 'run: a parameter of the job' },
    key: { type: 'string', value: 'KEY', help: 'run: what is asked again with the same key is one run' },
    step: { type: 'string', value: 'NAME', help: 'clear: this step and those after it; mark, skip: this step' },
    as: { type: 'string', value: 'STATE', help: 'mark: success, failed or skipped' },
    wait: { type: 'boolean', help: 'run: until the run has ended; exit code 1 when it did not succeed' },
    limit: { type: 'string', value: 'N', help: `runs: so many at most; else ${RUNS_LIMIT}` },
  },
  async run(values, [word, name, ...rest]) {
    const action = ACTIONS.find((each) => each === word);
    if (action === undefined)
      throw new UsageError(`say what to do: ${ACTIONS.map((each) => `job ${each}`).join(', ')}`);
    if (action === 'log') return log(values, name, rest[0]);
    if (rest.length > 0) throw new UsageError(`job ${action} takes one name; there was ${rest.join(' ')} too`);
    if (action === 'list') return withJobs(values, () => list(values));
    if (action === 'runs') return runs(values, name);
    if (action === 'backfills') return backfills(values, name);
    if (name === undefined) throw new UsageError(`say which: job ${action} NAME`);
    if (action === 'show') return show(values, name);
    if (action === 'run') return run(values, name);
    const step = text(values, 'step');
    const isOfJob = action === 'pause' || action === 'resume';
    const subject = isOfJob ? { job: name } : name.startsWith('backfill-') ? { backfill: name } : { run: name };
    const whole = 'backfill' in subject && action === 'cancel' ? 'cancel-backfill' : action;
    const as = text(values, 'as');
    const words = { ...(step === undefined ? {} : { step }), ...(as === undefined ? {} : { as }) };
    return withJobs(values, () => act(values, { action: whole, ...subject, ...words }));
  },
};

/** Where no service runs, one of its own, in which the clock makes no runs. */
export function withJobs<T>(values: OptionValues, work: () => Promise<T>): Promise<T> {
  return withService(values, work, (core) => jobChildren(core, { bySchedule: false }));
}

export async function act(values: OptionValues, request: Readonly<Record<string, unknown>>): Promise<number> {
  const { rows } = await answered(values, { command: 'job act', request, defaultTimeout: '1m' });
  const [row] = rows;
  await print(values.json === true ? JSON.stringify(row) : `${row?.id}: ${row?.message}`);
  return EXIT.ok;
}

async function list(values: OptionValues): Promise<number> {
  const { rows } = await answered(values, { command: 'job list', request: {}, defaultTimeout: '30s' });
  const shown = rows.map(({ steps, params, next_run_at, ...row }) => ({
    ...row,
    next_run_at: instantOf(next_run_at),
    steps: values.json === true ? JSON.parse(String(steps)) : namesOf(String(steps)),
    ...(values.json === true ? { params: JSON.parse(String(params)) } : {}),
  }));
  await print(values.json === true ? JSON.stringify(shown) : tableText(shown));
  return EXIT.ok;
}

async function runs(values: OptionValues, job: string | undefined): Promise<number> {
  const limit = limitOf(values, RUNS_LIMIT);
  const request = job === undefined ? {} : { job };
  const { rows } = await answered(values, { command: 'job runs', request, defaultTimeout: '30s', limit });
  await printRows(values, rows);
  return EXIT.ok;
}

async function backfills(values: OptionValues, job: string | undefined): Promise<number> {
  const request = job === undefined ? {} : { job };
  const { rows } = await answered(values, { command: 'job backfills', request, defaultTimeout: '30s' });
  const shown = rows.map(({ from_time, to_time, first_at: _, last_at: __, ...row }) => {
    return { ...row, from_time: instantOf(from_time), to_time: instantOf(to_time) };
  });
  await printRows(values, shown);
  return EXIT.ok;
}

async function show(values: OptionValues, name: string): Promise<number> {
  const request = { run: name };
  const { rows } = await answered(values, { command: 'job runs', request, defaultTimeout: '30s' });
  const [run] = rows;
  if (run === undefined) {
    const { rows: all } = await withJobs(values, () =>
      answered(values, { command: 'job list', request: {}, defaultTimeout: '30s' }),
    );
    const job = all.find((each) => each.job === name);
    if (job === undefined) throw new UsageError(`there is no job and no run ${name}; job list and job runs have them`);
    const { rows: last } = await answered(values, {
      command: 'job runs',
      request: { job: name },
      defaultTimeout: '30s',
      limit: limitOf(values, RUNS_LIMIT),
    });
    const { steps, params, next_run_at, ...rest } = job;
    const whole = {
      ...rest,
      next_run_at: instantOf(next_run_at),
      steps: JSON.parse(String(steps)),
      params: JSON.parse(String(params)),
    };
    if (values.json === true) await print(JSON.stringify({ ...whole, runs: last.map(withInstants) }));
    else
      await print(
        `${tableText([{ ...whole, steps: namesOf(String(steps)) }])}\n\n${tableText(last.map(withInstants))}`,
      );
    return EXIT.ok;
  }
  const { rows: steps } = await answered(values, { command: 'job steps', request, defaultTimeout: '30s' });
  const shown = steps.map(withInstants);
  if (values.json === true) await print(JSON.stringify({ ...withInstants(run), steps: shown }));
  else await print(`${tableText([withInstants(run)])}\n\n${tableText(shown)}`);
  return EXIT.ok;
}

async function run(values: OptionValues, job: string): Promise<number> {
  const key = text(values, 'key');
  const request = {
    action: 'run',
    job,
    params: JSON.stringify(paramsOf(values)),
    ...(key === undefined ? {} : { key }),
  };
  const socket = await connectChannel(await dataDirOf(values));
  socket?.destroy();
  const waits = values.wait === true || socket === null;
  return withJobs(values, async () => {
    const { rows } = await answered(values, { command: 'job act', request, defaultTimeout: '1m' });
    const [asked] = rows;
    if (!waits) {
      await print(values.json === true ? JSON.stringify({ run: asked?.id, state: 'queued' }) : String(asked?.id));
      return EXIT.ok;
    }
    for (;;) {
      const of = { command: 'job runs', request: { run: String(asked?.id) }, defaultTimeout: '30s' };
      const [found] = (await answered(values, of)).rows;
      const state = found?.state;
      if (found !== undefined && ENDS.includes(String(state))) {
        const { run_id, records, message } = found;
        if (values.json === true) await print(JSON.stringify({ run: run_id, state, records, message }));
        else await print(`${run_id}: ${state}, ${records} records${message === null ? '' : `: ${message}`}`);
        return state === 'success' ? EXIT.ok : EXIT.failed;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  });
}

async function log(values: OptionValues, runId: string | undefined, step: string | undefined): Promise<number> {
  if (runId === undefined) throw new UsageError('say which: job log RUN [STEP]');
  const dataDir = await dataDirOf(values);
  const job = runId.split('@')[0] ?? '';
  const isAsked = ({ step: own }: LoggedAttempt): boolean => step === undefined || isLogOf(own, step);
  const attempts = (await loggedAttempts(dataDir, job, runId)).filter(isAsked);
  if (attempts.length === 0)
    throw new Error(`there is no log of ${runId}; those of the last 200 runs of a job are kept`);
  for (const { step: own, round, attempt } of attempts) {
    if (values.json !== true) await print(`— ${own}, attempt ${attempt}${round === 1 ? '' : ` of round ${round}`}`);
    const log = await linesOf(dataDir, { job, runId, step: own, round, attempt }, LINES_MAX);
    for (const line of log?.lines ?? []) await print(JSON.stringify(line));
  }
  return EXIT.ok;
}

function paramsOf(values: OptionValues): Record<string, string> {
  const words = Array.isArray(values.param) ? values.param : [];
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(String(word)) ?? [];
      if (name === undefined || value === undefined) throw new UsageError(`--param takes k=v, not ${String(word)}`);
      return [name, value] as const;
    }),
  );
}

async function printRows(values: OptionValues, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const shown = rows.map(withInstants);
  await print(values.json === true ? JSON.stringify(shown) : tableText(shown));
}

function withInstants(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const times = ['interval_start', 'interval_end', 'changed_at', 'wait_until'];
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, times.includes(name) ? instantOf(value) : value]),
  );
}

function instantOf(value: unknown): unknown {
  return typeof value === 'number' ? new Date(value).toISOString() : value;
}

function namesOf(steps: string): string {
  const list: unknown = JSON.parse(steps);
  return Array.isArray(list) ? list.map(({ name }) => String(name)).join(', ') : '';
}
