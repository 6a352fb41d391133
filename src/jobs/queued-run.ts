/** The first event of a run, whatever started it: its schedule, a person, another job, a backfill. */
import type { RunChanged } from '../messages/operations.ts';
import { type DataInterval, runId } from './interval.ts';

export function queuedRun(job: string, interval: DataInterval, trigger: string, nowMs: number): RunChanged {
  return {
    job,
    runId: runId(job, interval),
    intervalStart: interval.start,
    intervalEnd: interval.end,
    state: 'queued',
    attempt: 0,
    changedAt: nowMs,
    records: 0,
    message: null,
    trigger,
    params: '{}',
    backfill: null,
    ending: null,
  };
}
