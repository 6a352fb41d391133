/** What the end of an attempt means for its step, and what becomes of steps whose process ended before they did. */
import type { StepChanged } from '../messages/job-events.ts';
import type { Job } from './job.ts';
import type { PlannedJob } from './planner.ts';
import { isStepOver, stepEvent } from './progress.ts';
import { type RetryPolicy, retryDelayMs } from './retry.ts';
import { type JobEvent, type JobsState, type Run, stepKey } from './runs.ts';

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'done'; readonly records: number; readonly output: unknown }
  | { readonly kind: 'retryable'; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: 'permanent'; readonly reason: string }
  | { readonly kind: 'timed_out'; readonly afterMs: number }
  /** Its run is ending early, or the service stops. */
  | { readonly kind: 'stopped'; readonly reason: string };

export interface AttemptReport {
  readonly job: string;
  readonly runId: string;
  readonly step: string;
  readonly item: number;
  readonly attempt: number;
  readonly end: AttemptEnd;
}

/** Of the output of a step: it is kept in the journal and in memory. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/** Null when the attempt is none that is under way. */
export function reported(
  state: JobsState,
  jobs: ReadonlyMap<string, Job>,
  { job, runId, step, item, attempt, end }: AttemptReport,
  nowMs: number,
): StepChanged | null {
  const run = state.jobs.get(job)?.open.get(runId);
  const known = run?.steps.get(stepKey(step, item));
  if (run === undefined || known?.state !== 'running' || known.attempt !== attempt) return null;
  const policy = jobs.get(job)?.steps.find(({ name }) => name === step)?.retry ?? NO_RETRIES;
  const event = stepEvent(run, step, item, 'running', attempt, nowMs);
  switch (end.kind) {
    case 'done': {
      const output = end.output === null || end.output === undefined ? null : JSON.stringify(end.output);
      if (output !== null && Buffer.byteLength(output) > OUTPUT_BYTES_MAX) {
        const message = `Its output is larger than ${OUTPUT_BYTES_MAX} bytes: bring records into a stream or a table instead`;
        return { ...event, state: 'failed', message };
      }
      return { ...event, state: 'success', records: end.records, output };
    }
    case 'permanent':
      return { ...event, state: 'failed', message: end.reason };
    case 'retryable':
      return retried(event, policy, end.reason, end.waitMs, nowMs) ?? last(event, 'failed', end.reason);
    case 'timed_out': {
      const reason = `No end within its timeout of ${end.afterMs / 1000} s`;
      return retried(event, policy, reason, null, nowMs) ?? last(event, 'timed_out', reason);
    }
    case 'stopped':
      // An orderly stop is no fault of the attempt, and does not count.
      if (run.event.ending !== null) return { ...event, state: 'cancelled', message: end.reason };
      return { ...event, state: 'queued', attempt: attempt - 1, message: end.reason };
  }
}

/**
 * Settles what was under way when the process ended: an attempt counts as one, and is tried again while there are retries.
 * Runs of jobs that are no more end.
 */
export function adoptOrphans(state: JobsState, jobs: ReadonlyMap<string, PlannedJob>, nowMs: number): JobEvent[] {
  const open = [...state.jobs.values()].flatMap((runs) => [...runs.open.values()]);
  open.sort((a, b) => a.event.intervalEnd - b.event.intervalEnd);
  return open.flatMap((run): JobEvent[] => {
    const job = jobs.get(run.event.job);
    if (job === undefined) {
      const message = `Orphaned: the process ended while this run was ${run.event.state}; its job is no more`;
      return [{ kind: 'run', event: { ...run.event, state: 'failed', ending: null, changedAt: nowMs, message } }];
    }
    if (run.event.trigger === '' && run.event.state !== 'queued') return adoptEarlier(run, job, nowMs);
    return [...run.steps.values()].flatMap((known): JobEvent[] => {
      if (isStepOver(known.state)) return [];
      const step = job.steps.find(({ name }) => name === known.step);
      // A step that is no more holds nothing up.
      if (step === undefined) return [{ kind: 'step', event: { ...known, state: 'cancelled', changedAt: nowMs } }];
      if (known.state !== 'running') return [];
      const event = { ...known, changedAt: nowMs };
      return [{ kind: 'step', event: orphaned(event, step.retry, nowMs) }];
    });
  });
}

/** A run of a version without steps: its attempts are those of its first step. */
function adoptEarlier(run: Run, { steps }: PlannedJob, nowMs: number): JobEvent[] {
  const [first] = steps;
  const running: JobEvent = {
    kind: 'run',
    event: { ...run.event, state: 'running', attempt: Math.max(1, run.event.attempt), changedAt: nowMs, message: null },
  };
  if (first === undefined || run.steps.has(first.name)) return [running];
  const event = stepEvent(run, first.name, -1, 'running', run.event.attempt, nowMs);
  return [running, { kind: 'step', event: orphaned(event, first.retry, nowMs) }];
}

function orphaned(event: StepChanged, policy: RetryPolicy, nowMs: number): StepChanged {
  const reason = `Orphaned: the process ended during attempt ${event.attempt}`;
  if (event.attempt > policy.retries) return last(event, 'failed', reason);
  return { ...event, state: 'up_for_retry', waitUntil: nowMs, message: `${reason}; it is tried again` };
}

const NO_RETRIES: RetryPolicy = { retries: 0, baseMs: 0, factor: 1, capMs: 0 };

/** Null when its retries are spent. */
function retried(
  event: StepChanged,
  policy: RetryPolicy,
  reason: string,
  askedMs: number | null,
  nowMs: number,
): StepChanged | null {
  if (event.attempt > policy.retries) return null;
  const identity = `${event.runId}/${stepKey(event.step, event.item)}`;
  const waitMs = Math.max(askedMs ?? 0, retryDelayMs(policy, identity, event.attempt));
  const message = `${reason}; retried in ${Math.ceil(waitMs / 1000)} s`;
  return { ...event, state: 'up_for_retry', waitUntil: nowMs + waitMs, message };
}

function last(event: StepChanged, state: 'failed' | 'timed_out', reason: string): StepChanged {
  return { ...event, state, message: `${reason}; attempt ${event.attempt} was the last` };
}
