/** The environment of a command. */
import type { StepContext } from './step.ts';

/** Of the service's own environment: a command gets no secret that it is not given. */
const KEPT = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export function keptEnv(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Which attempt it is. */
export function tellsOf({ job, step, runId, attempt, interval, idempotencyKey }: StepContext): Record<string, string> {
  return {
    MILLRACE_JOB: job,
    MILLRACE_STEP: step,
    MILLRACE_RUN: runId,
    MILLRACE_ATTEMPT: String(attempt),
    MILLRACE_INTERVAL_START: new Date(interval.start).toISOString(),
    MILLRACE_INTERVAL_END: new Date(interval.end).toISOString(),
    MILLRACE_IDEMPOTENCY_KEY: idempotencyKey,
  };
}
