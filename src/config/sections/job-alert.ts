/** `alert:` of a job: what of it people are alerted to. */
import { z } from 'zod';
import { type JobAlerts, NO_ALERTS } from '../../jobs/job.ts';
import { formatDuration } from '../../keys/units.ts';
import { timer } from '../../keys/value-schema.ts';

/** The scheduler has the last 25 runs of a job. */
const SKIPPED_MAX = 20;

export const alert = z
  .union([
    z.boolean(),
    z.strictObject({
      failed: z.boolean().default(true).describe('That a run failed.'),
      late: z
        .union([timer, z.strictObject({ times: z.number().min(1).max(1000) })])
        .nullable()
        .prefault(null)
        .describe(
          'That a run has not succeeded so long after it was due, or takes so many times as long as the last ten.',
        ),
      stuck: timer.nullable().prefault(null).describe('That nothing has happened in a run for so long.'),
      skipped: z.int().min(1).max(SKIPPED_MAX).nullable().default(null).describe('That so many in a row were skipped.'),
    }),
  ])
  .default(false)
  .describe('What of it is an alert for the sinks that take alerts, and that it is over; true for `{ failed: true }`.');

export function alertsOf(written: z.output<typeof alert>): JobAlerts {
  if (typeof written === 'boolean') return { ...NO_ALERTS, failed: written };
  const { failed, late, stuck, skipped } = written;
  return {
    failed,
    lateMs: typeof late === 'number' ? late : null,
    lateTimes: typeof late === 'object' ? (late?.times ?? null) : null,
    stuckMs: stuck,
    skipped,
  };
}

/** Whether anything of a job is watched. */
export function isWatched({
  alert: { failed, lateMs, lateTimes, stuckMs, skipped },
}: {
  readonly alert: JobAlerts;
}): boolean {
  return failed || [lateMs, lateTimes, stuckMs, skipped].some((bound) => bound !== null);
}

export function printAlert({ failed, lateMs, lateTimes, stuckMs, skipped }: JobAlerts): unknown {
  const late = lateMs === null ? (lateTimes === null ? null : { times: lateTimes }) : formatDuration(lateMs);
  return { failed, late, stuck: stuckMs === null ? null : formatDuration(stuckMs), skipped };
}
