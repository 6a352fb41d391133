/**
 * Hands runs to the jobs' fetchers. The run of a fetcher that is down waits for its restart: the scheduler may start the
 * next one while the supervisor still backs off.
 */
import type { FetcherEvent } from '../actors/fetcher.ts';
import type { RunChanged } from '../messages/operations.ts';

export interface JobWorkers {
  start(run: RunChanged): void;
  /** The fetcher of a job takes runs from now on. */
  up(job: string, send: (event: FetcherEvent) => void): void;
  down(job: string): void;
}

export function createJobWorkers(): JobWorkers {
  const sends = new Map<string, (event: FetcherEvent) => void>();
  /** At most one run a job: the scheduler starts one at a time, and a later run replaces one that it gave up. */
  const waiting = new Map<string, RunChanged>();
  return {
    start(run) {
      const send = sends.get(run.job);
      if (send === undefined) waiting.set(run.job, run);
      else send({ type: 'RUN', run });
    },
    up(job, send) {
      sends.set(job, send);
      const run = waiting.get(job);
      waiting.delete(job);
      if (run !== undefined) send({ type: 'RUN', run });
    },
    down: (job) => void sends.delete(job),
  };
}
