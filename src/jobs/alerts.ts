/**
 * The alerts of a job: it has begun to fail, is late, stuck or skipped too often, or has recovered. An alert comes on
 * the change alone. `told` has the newest alert of each subject, and is updated in place.
 */
import type { ServiceAlert } from '../messages/check-facts.ts';
import { hasClock, type Job } from './job.ts';
import { isScheduled, isTerminal, type JobEvent, type JobRuns, type Run } from './runs.ts';

export type Told = Map<string, ServiceAlert>;

/** Of the newest successes that an average is of, and how few are none. */
const AVERAGE_OF = 10;
const AVERAGE_OF_MIN = 3;

/** That jobs begin to fail, and that they succeed again: alerts of the events, in their order. */
export function alertsOf(events: readonly JobEvent[], jobs: ReadonlyMap<string, Job>, told: Told): ServiceAlert[] {
  return events.flatMap(({ kind, event }): ServiceAlert[] => {
    if (kind !== 'run' || jobs.get(event.job)?.alert.failed !== true) return [];
    if (event.state !== 'success' && event.state !== 'failed') return [];
    const { job, runId, changedAt, message } = event;
    const isFailing = event.state === 'failed';
    return changed(told, `job:${job}`, isFailing, `${runId}#${event.attempt}`, changedAt, {
      summary: isFailing ? `The job ${job} failed: run ${runId}` : `The job ${job} succeeds again: run ${runId}`,
      details: message === null ? [] : [message],
    });
  });
}

/** That runs are late or stuck, or that too many in a row were skipped, and that this is over: by the time. */
export function dueAlerts(job: Job, runs: JobRuns, told: Told, nowMs: number): ServiceAlert[] {
  const { alert, name } = job;
  const open = [...runs.open.values()].filter(({ event }) => event.backfill === null);
  const alerts: ServiceAlert[] = [];
  const averageMs = alert.lateTimes === null ? null : averageOf(runs);
  const deadlineOf = (run: Run): number => {
    const byTime = alert.lateMs === null ? Number.POSITIVE_INFINITY : dueAtOf(run, job) + alert.lateMs;
    if (alert.lateTimes === null || averageMs === null || run.startedAt === null) return byTime;
    return Math.min(byTime, run.startedAt + alert.lateTimes * averageMs);
  };
  if (alert.lateMs !== null || alert.lateTimes !== null) {
    const late = open.filter((run) => deadlineOf(run) <= nowMs);
    const [first] = late;
    const before = told.get(`job:${name}/late`);
    // One that ended without a success is as late as before.
    const isOver = late.length === 0 && (before === undefined || (runs.succeededAt ?? 0) >= before.at);
    if (first !== undefined || isOver) {
      alerts.push(
        ...changed(told, `job:${name}/late`, first !== undefined, first?.event.runId ?? before?.alertId ?? '', nowMs, {
          summary:
            first === undefined
              ? `The job ${name} is no longer late`
              : `The job ${name} is late: run ${first.event.runId} should have succeeded by ${instant(deadlineOf(first))}`,
          details: late.map(({ event }) => `${event.runId} is ${event.state}`),
        }),
      );
    }
  }
  if (alert.stuckMs !== null) {
    const { stuckMs } = alert;
    const stuck = open.filter((run) => lastSignOf(run) + stuckMs <= nowMs);
    const [first] = stuck;
    const ofRun = first ?? open.at(-1) ?? runs.recent.at(-1);
    alerts.push(
      ...changed(told, `job:${name}/stuck`, first !== undefined, ofRun?.event.runId ?? '', nowMs, {
        summary:
          first === undefined
            ? `The job ${name} goes on`
            : `The job ${name} is stuck: nothing has happened in run ${first.event.runId} since ${instant(lastSignOf(first))}`,
        details: stuck.flatMap(({ event, steps }) => [
          `${event.runId} is ${event.state}`,
          ...[...steps.values()].filter(({ state }) => state === 'running').map(({ step }) => `${step} is running`),
        ]),
      }),
    );
  }
  if (alert.skipped !== null) {
    const ended = runs.recent.filter(({ event }) => isScheduled(event) && isTerminal(event.state));
    const last = ended.slice(-alert.skipped);
    const isFiring = last.length === alert.skipped && last.every(({ event }) => event.state === 'skipped');
    const newest = ended.at(-1)?.event;
    if (isFiring || newest?.state !== 'skipped') {
      alerts.push(
        ...changed(told, `job:${name}/skipped`, isFiring, newest?.runId ?? '', nowMs, {
          summary: isFiring
            ? `${alert.skipped} runs of the job ${name} in a row were skipped, the last one ${newest?.runId}`
            : `Runs of the job ${name} are skipped no longer`,
          details: isFiring && newest?.message != null ? [newest.message] : [],
        }),
      );
    }
  }
  return alerts;
}

/** Whether the time alone can make an alert of the job. */
export function isTimed({ alert }: Job): boolean {
  return alert.lateMs !== null || alert.lateTimes !== null || alert.stuckMs !== null || alert.skipped !== null;
}

/** Nothing where people know as much. */
function changed(
  told: Told,
  about: string,
  isFiring: boolean,
  of: string,
  at: number,
  words: Pick<ServiceAlert, 'summary' | 'details'>,
): ServiceAlert[] {
  if ((told.get(about)?.state === 'firing') === isFiring) return [];
  const state = isFiring ? 'firing' : 'resolved';
  const matter = about.split('/')[1];
  const alertId = `job:${of.replace(/^job:|\/.*$/g, '')}${matter === undefined ? '' : `/${matter}`}/${state}`;
  const alert: ServiceAlert = { alertId, about, state, severity: 'critical', ...words, at };
  told.set(about, alert);
  return [alert];
}

/** A run of the clock is due at the end of its interval, any other when it was asked for. */
function dueAtOf({ event, queuedAt }: Run, job: Job): number {
  return hasClock(job) && isScheduled(event) ? event.intervalEnd : queuedAt;
}

/** An attempt that waits to be tried again will do so in its time. */
function lastSignOf({ event, steps }: Run): number {
  let last = event.changedAt;
  for (const { changedAt, waitUntil, state } of steps.values()) {
    last = Math.max(last, changedAt, state === 'up_for_retry' ? (waitUntil ?? 0) : 0);
  }
  return last;
}

function averageOf({ recent }: JobRuns): number | null {
  const took = recent
    .flatMap(({ event, startedAt }) =>
      event.state === 'success' && startedAt !== null ? [event.changedAt - startedAt] : [],
    )
    .slice(-AVERAGE_OF);
  return took.length < AVERAGE_OF_MIN ? null : took.reduce((sum, ms) => sum + ms, 0) / took.length;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
