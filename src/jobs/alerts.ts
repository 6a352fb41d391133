/** What people are told of a job: that it has begun to fail, or has recovered; on the change alone. */
import type { ServiceAlert } from '../messages/check-facts.ts';
import type { JobEvent, JobsState } from './runs.ts';

/** The watched jobs whose newest run that ended has failed. */
export function failingJobs({ jobs }: JobsState): Set<string> {
  const failing = new Set<string>();
  for (const [job, { recent }] of jobs) {
    const last = recent.filter(({ event }) => event.state === 'success' || event.state === 'failed').at(-1);
    if (last?.event.state === 'failed') failing.add(job);
  }
  return failing;
}

/** Alerts of the events, in their order; `failing` is brought up to date. */
export function alertsOf(
  events: readonly JobEvent[],
  isWatched: (job: string) => boolean,
  failing: Set<string>,
): ServiceAlert[] {
  return events.flatMap(({ kind, event }): ServiceAlert[] => {
    if (kind !== 'run' || !isWatched(event.job) || (event.state !== 'success' && event.state !== 'failed')) return [];
    const { job, runId, changedAt, message } = event;
    const isFailing = event.state === 'failed';
    if (failing.has(job) === isFailing) return [];
    if (isFailing) failing.add(job);
    else failing.delete(job);
    const state = isFailing ? 'firing' : 'resolved';
    return [
      {
        alertId: `job:${runId}#${event.attempt}/${state}`,
        about: `job:${job}`,
        state,
        severity: 'critical',
        summary: isFailing ? `The job ${job} failed: run ${runId}` : `The job ${job} succeeds again: run ${runId}`,
        details: message === null ? [] : [message],
        at: changedAt,
      },
    ];
  });
}
