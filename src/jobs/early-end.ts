/** Runs that end before their steps do: out of time, cancelled, or replaced by a newer run. */
import type { RunChanged } from '../messages/operations.ts';
import type { Job } from './job.ts';
import type { JobEvent, Run } from './runs.ts';

export function endInTime(run: Run, { timeoutMs }: Job, nowMs: number, emit: (event: JobEvent) => void): void {
  if (timeoutMs === null || run.startedAt === null || run.event.ending !== null) return;
  if (run.startedAt + timeoutMs > nowMs) return;
  const message = `It ran longer than its timeout of ${timeoutMs / 1000} s`;
  emit({ kind: 'run', event: { ...run.event, ending: 'failed', message, changedAt: nowMs } });
}

/** The event of a run that is to end early: at once when nothing of it is at work. */
export function cancelled({ event }: Run, message: string, nowMs: number): RunChanged {
  if (event.state === 'running') return { ...event, ending: 'cancelled', message, changedAt: nowMs };
  return { ...event, state: 'cancelled', ending: null, message, changedAt: nowMs };
}
