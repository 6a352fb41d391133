/** Commands of people to jobs, as events; or why a command can't be done, in words for people. */
import { nameHint } from '../nearest-word.ts';
import { backfillIntervals } from './backfill.ts';
import { cancelled } from './early-end.ts';
import { triggerInterval } from './interval.ts';
import type { Job } from './job.ts';
import { type Mark, marked } from './mark.ts';
import type { PlannedJob } from './planner.ts';
import { queuedRun } from './queued-run.ts';
import { type JobEvent, type JobsState, type Run, runNamed, runsOf } from './runs.ts';
import { type ArrivedFile, fileTrigger } from './triggers.ts';

type ParamValue = string | number | boolean | null;
export type Params = Readonly<Record<string, ParamValue>>;

export type JobCommand =
  /** `key` is the same when a request is repeated. */
  | { readonly kind: 'run'; readonly job: string; readonly params: Params; readonly key: string | null }
  /** It has been there for a while as it is. */
  | { readonly kind: 'file'; readonly job: string; readonly file: ArrivedFile }
  | { readonly kind: 'pause' | 'resume'; readonly job: string }
  | { readonly kind: 'cancel'; readonly run: string }
  /** A step, and those after it; null for all that did not succeed. */
  | { readonly kind: 'clear'; readonly run: string; readonly step: string | null }
  /** A step, or null for the run as a whole. */
  | { readonly kind: 'mark'; readonly run: string; readonly step: string | null; readonly as: Mark }
  | {
      readonly kind: 'backfill';
      readonly job: string;
      /** Epoch milliseconds, `to` exclusive. */
      readonly from: number;
      readonly to: number;
      readonly parallel: number;
      readonly reprocess: 'none' | 'failed' | 'completed';
      readonly isDryRun: boolean;
    }
  | { readonly kind: 'cancel-backfill'; readonly backfill: string };

export type CommandAnswer =
  /** `id` is the run or backfill that it is about; of a dry run, the intervals that there would be. */
  | { readonly kind: 'done'; readonly events: readonly JobEvent[]; readonly id: string; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** A backfill of more is several. */
const BACKFILL_MAX = 100_000;

export function commanded(
  state: JobsState,
  jobs: ReadonlyMap<string, PlannedJob>,
  command: JobCommand,
  nowMs: number,
): CommandAnswer {
  switch (command.kind) {
    case 'cancel':
    case 'mark':
    case 'clear': {
      const run = findRun(state, command.run);
      if (run === null) {
        return refused(`no run ${command.run} is open or among the last of its job; see millrace job runs JOB`);
      }
      if (command.kind === 'cancel') return cancelRun(run, nowMs);
      const job = jobs.get(run.event.job);
      if (job === undefined) return refused(`the job ${run.event.job} is no more`);
      if (command.kind === 'clear') return clearRun(run, job, command.step, nowMs);
      const answer = marked(run, job, command.step, command.as, nowMs);
      return typeof answer === 'string' ? refused(answer) : done(answer.events, run.event.runId, answer.message);
    }
    case 'cancel-backfill':
      return cancelBackfill(state, command.backfill, nowMs);
  }
  const job = jobs.get(command.job);
  if (job === undefined) return refused(`there is no job ${command.job}; ${nameHint(command.job, [...jobs.keys()])}`);
  switch (command.kind) {
    case 'run':
      return trigger(state, job, command.params, command.key, nowMs);
    case 'file':
      return arrived(state, job, command.file, nowMs);
    case 'pause':
    case 'resume': {
      const isPaused = command.kind === 'pause';
      const events: JobEvent[] =
        runsOf(state, job.name).isPaused === isPaused
          ? []
          : [{ kind: 'paused', event: { job: job.name, isPaused, changedAt: nowMs } }];
      return done(events, job.name, isPaused ? 'paused: no run by its schedule until it is resumed' : 'resumed');
    }
    case 'backfill':
      return backfill(state, job, command, nowMs);
  }
}

function trigger(state: JobsState, job: PlannedJob, given: Params, key: string | null, nowMs: number): CommandAnswer {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(job.params, name)) continue;
    return refused(`${job.name} has no parameter ${name}; ${nameHint(name, Object.keys(job.params))}`);
  }
  const params = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, likeDefault(value, job.params[name] ?? null)] as const),
  );
  const runs = runsOf(state, job.name);
  const by = key === null ? 'manual' : `manual#${key}`;
  const before = [...runs.open.values(), ...runs.recent].find(({ event }) => key !== null && event.trigger === by);
  if (before !== undefined) return done([], before.event.runId, 'was asked for before');
  const interval = triggerInterval(job.timetable, runs.lastTriggeredAt, nowMs);
  const event = { ...queuedRun(job.name, interval, by, nowMs), params: JSON.stringify(params) };
  return done([{ kind: 'run', event }], event.runId, 'queued');
}

function arrived(state: JobsState, job: PlannedJob, file: ArrivedFile, nowMs: number): CommandAnswer {
  const runs = runsOf(state, job.name);
  const by = fileTrigger(file);
  if (runs.triggers.get(file.path) === by) return done([], job.name, 'has had its run');
  if (runs.isPaused) return refused(`${job.name} is paused`);
  const interval = triggerInterval(job.timetable, runs.lastTriggeredAt, nowMs);
  const params = JSON.stringify({ file: file.path });
  const event = { ...queuedRun(job.name, interval, by, nowMs), params };
  return done([{ kind: 'run', event }], event.runId, 'queued');
}

/** A command line gives texts: where the default is a number, yes or no, so is what stands for one. */
function likeDefault(given: ParamValue, standard: ParamValue): ParamValue {
  if (typeof given !== 'string') return given;
  if (typeof standard === 'boolean' && (given === 'true' || given === 'false')) return given === 'true';
  const isNumber = typeof standard === 'number' && given.trim() !== '' && Number.isFinite(Number(given));
  return isNumber ? Number(given) : given;
}

function cancelRun(run: Run, nowMs: number): CommandAnswer {
  const { event } = run;
  if (event.state !== 'running' && event.state !== 'queued') return refused(`${event.runId} is over: ${event.state}`);
  if (event.ending !== null) return done([], event.runId, 'is being cancelled already');
  return done([{ kind: 'run', event: cancelled(run, 'Cancelled by an operator', nowMs) }], event.runId, 'cancelled');
}

function clearRun(run: Run, job: Job, step: string | null, nowMs: number): CommandAnswer {
  const { event } = run;
  if (event.state === 'running' || event.state === 'queued') {
    return refused(`${event.runId} is ${event.state}: cancel it first`);
  }
  const names = job.steps.map(({ name }) => name);
  if (step !== null && !names.includes(step))
    return refused(`${job.name} has no step ${step}; ${nameHint(step, names)}`);
  const cleared = new Set<string>();
  for (const { name, needs } of job.steps) {
    const own = [...run.steps.values()].filter((each) => each.step === name);
    const isAsked = step === null ? own.length === 0 || own.some(({ state }) => state !== 'success') : name === step;
    if (isAsked || needs.some((need) => cleared.has(need))) cleared.add(name);
  }
  if (cleared.size === 0) return refused(`every step of ${event.runId} succeeded: name the one to begin again with`);
  const message = `Cleared from ${[...cleared].join(', ')}`;
  const again = { ...event, state: 'queued', ending: null, changedAt: nowMs, message } as const;
  const steps = [...run.steps.values()].filter((each) => cleared.has(each.step));
  return done(
    [
      { kind: 'run', event: again },
      ...steps.map((each): JobEvent => {
        const fresh = { ...each, attempt: 0, waitUntil: null, records: 0, output: null, message: null };
        return { kind: 'step', event: { ...fresh, state: 'queued', changedAt: nowMs } };
      }),
    ],
    event.runId,
    `queued again, from ${[...cleared].join(', ')}`,
  );
}

function backfill(
  state: JobsState,
  job: PlannedJob,
  { from, to, parallel, reprocess, isDryRun }: Extract<JobCommand, { kind: 'backfill' }>,
  nowMs: number,
): CommandAnswer {
  const { timetable, name } = job;
  if (timetable === null) return refused(`${name} has no cron and no every, so it has no intervals`);
  if (from >= to) return refused('--from must be before --to');
  if (to > nowMs) return refused('--to lies in the future: the schedule runs what is not over yet');
  const intervals = backfillIntervals(timetable, runsOf(state, name), { from, to, reprocess }, BACKFILL_MAX + 1);
  const [first] = intervals;
  if (first === undefined) return done([], name, 'no interval is left to process');
  if (intervals.length > BACKFILL_MAX) return refused(`there are more than ${BACKFILL_MAX} intervals: take less time`);
  const what = `${intervals.length} intervals from ${new Date(first.start).toISOString()}`;
  if (isDryRun) return done([], name, `${what}; nothing was begun`);
  const other = [...state.backfills.values()].find(({ event }) => event.job === name);
  if (other !== undefined) return refused(`${other.event.backfill} of ${name} is under way: wait, or cancel it`);
  const id = `backfill-${name}-${nowMs.toString(36)}`;
  const event = {
    backfill: id,
    job: name,
    from,
    to,
    parallel,
    reprocess,
    state: 'running',
    intervals: intervals.length,
    changedAt: nowMs,
  } as const;
  return done([{ kind: 'backfill', event }], id, what);
}

function cancelBackfill(state: JobsState, id: string, nowMs: number): CommandAnswer {
  const found = state.backfills.get(id);
  if (found === undefined) return refused(`no backfill ${id} is under way`);
  const runs = [...runsOf(state, found.event.job).open.values()].filter(({ event }) => event.backfill === id);
  return done(
    [
      { kind: 'backfill', event: { ...found.event, state: 'cancelled', changedAt: nowMs } },
      ...runs.map((run): JobEvent => ({ kind: 'run', event: cancelled(run, 'Its backfill was cancelled', nowMs) })),
    ],
    id,
    'cancelled',
  );
}

function findRun(state: JobsState, id: string): Run | null {
  for (const runs of state.jobs.values()) {
    const run = runNamed(runs, id);
    if (run !== undefined) return run;
  }
  return null;
}

function done(events: readonly JobEvent[], id: string, message: string): CommandAnswer {
  return { kind: 'done', events, id, message };
}

function refused(message: string): CommandAnswer {
  return { kind: 'refused', message };
}
