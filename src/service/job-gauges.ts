/**
 * Metrics of jobs: runs by state, whether the newest finished run has failed, and the age of the oldest unfinished run.
 * They are updated by every commit to the operations log, and once by what earlier processes left.
 */
import type { Gauges } from '../http/metric-table.ts';
import type { Metrics } from '../http/metrics.ts';
import { isTerminal, type JobsState } from '../jobs/runs.ts';
import type { Commit } from '../messages/commit.ts';
import type { RunChanged } from '../messages/operations.ts';
import type { Registry } from '../messages/registry.ts';
import { alertDeliveryType, checkRanType, runChangedType, sinkDeliveryType } from '../messages/types.ts';

type Run = Pick<RunChanged, 'job' | 'runId' | 'intervalEnd' | 'state' | 'changedAt'>;

interface JobState {
  /** Runs that are not over, by id: the ends of their intervals. */
  readonly open: Map<string, number>;
  /** When the newest run with an outcome ended. */
  endedAt: number;
  hasFailed: boolean;
  succeededAt: number;
}

export interface JobGauges {
  /** Takes a change of a run's state. The changes of one run come in order. */
  take(run: Run): void;
  /** Takes what earlier processes left. */
  recovered(state: JobsState): void;
  gauges(): Gauges;
}

export function createJobGauges(): JobGauges {
  const jobs = new Map<string, JobState>();
  const stateOf = (job: string): JobState => {
    const known = jobs.get(job);
    if (known !== undefined) return known;
    const fresh = { open: new Map<string, number>(), endedAt: 0, hasFailed: false, succeededAt: 0 };
    jobs.set(job, fresh);
    return fresh;
  };
  function take({ job, runId, intervalEnd, state, changedAt }: Run): void {
    const own = stateOf(job);
    if (!isTerminal(state)) own.open.set(runId, intervalEnd);
    else own.open.delete(runId);
    if (state === 'success') own.succeededAt = Math.max(own.succeededAt, changedAt);
    if ((state === 'success' || state === 'failed') && changedAt >= own.endedAt) {
      own.endedAt = changedAt;
      own.hasFailed = state === 'failed';
    }
  }
  return {
    take,
    recovered(state) {
      for (const [job, { open, recent, succeededAt }] of state.jobs) {
        stateOf(job).succeededAt = succeededAt ?? 0;
        for (const { event } of [...recent, ...open.values()]) take(event);
      }
    },
    gauges() {
      const all = [...jobs];
      return {
        job_last_run_failed: all.map(([job, { hasFailed }]) => ({
          labels: { job_name: job },
          value: hasFailed ? 1 : 0,
        })),
        job_last_success_timestamp_seconds: all.flatMap(([job, { succeededAt }]) =>
          succeededAt === 0 ? [] : [{ labels: { job_name: job }, value: succeededAt / 1000 }],
        ),
        job_open_run_timestamp_seconds: all.flatMap(([job, { open }]) => {
          const ends = [...open.values()];
          return ends.length === 0 ? [] : [{ labels: { job_name: job }, value: Math.min(...ends) / 1000 }];
        }),
      };
    },
  };
}

/** Counts the runs in a commit to the operations log, and the events that sinks have given up. */
export function takeOperations(commit: Commit, registry: Registry, jobs: JobGauges, metrics: Metrics): void {
  for (const { fingerprint, bytes } of commit.sections) {
    switch (registry.nameOf(fingerprint)) {
      case runChangedType.name:
        for (const run of registry.decodeAs(runChangedType, fingerprint, bytes)) {
          jobs.take(run);
          metrics.add('job_runs_total', { job_name: run.job, state: run.state });
        }
        break;
      case checkRanType.name:
        for (const { suite, outcome } of registry.decodeAs(checkRanType, fingerprint, bytes)) {
          metrics.add('check_runs_total', { suite, outcome });
        }
        break;
      case alertDeliveryType.name:
        for (const { sink, outcome } of registry.decodeAs(alertDeliveryType, fingerprint, bytes)) {
          if (outcome === 'abandoned') metrics.add('sink_events_total', { sink, outcome });
        }
        break;
      case sinkDeliveryType.name:
        for (const { sink, outcome } of registry.decodeAs(sinkDeliveryType, fingerprint, bytes)) {
          if (outcome === 'abandoned') metrics.add('sink_events_total', { sink, outcome });
        }
        break;
    }
  }
}
