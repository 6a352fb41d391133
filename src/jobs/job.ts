/** What a job is to the engine: when it runs, what its runs may do beside each other, and its steps in their order. */
import type { Catchup } from './interval.ts';
import type { RetryPolicy } from './retry.ts';
import type { WindowTimes } from './timetable.ts';

/** What becomes of a run that is due while as many as may run at once do. */
export type Overlap = 'skip' | 'queue' | 'cancel-previous';

/** How the steps that a step needs must have ended for it to run. */
export type StepCondition = 'success' | 'failed' | 'done';

/** What a job waits for, beside the clock. */
export type Trigger =
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }
  | { readonly kind: 'every'; readonly everyMs: number }
  /** A run of another job succeeded. */
  | { readonly kind: 'job'; readonly job: string }
  /** A file arrived, or changed; in the name `*` is any text. Looked for again and again. */
  | { readonly kind: 'file'; readonly path: string; readonly everyMs: number }
  /** Windows of this name ended: every partition's watermark has passed the end. */
  | { readonly kind: 'window'; readonly window: string; readonly times: WindowTimes }
  /** A job table was published. */
  | { readonly kind: 'table'; readonly table: string };

/** What of a job people are alerted to. */
export interface JobAlerts {
  /** That a run failed. */
  readonly failed: boolean;
  /** That one has not succeeded so long after it was due, or runs so many times as long as the last ones did. */
  readonly lateMs: number | null;
  readonly lateTimes: number | null;
  /** That nothing has happened in one for so long. */
  readonly stuckMs: number | null;
  /** That so many in a row were skipped. */
  readonly skipped: number | null;
}

export const NO_ALERTS: JobAlerts = { failed: false, lateMs: null, lateTimes: null, stuckMs: null, skipped: null };

export interface JobStep {
  readonly name: string;
  readonly needs: readonly string[];
  readonly when: StepCondition;
  readonly retry: RetryPolicy;
  /** Of one attempt; null for no bound but the run's. */
  readonly timeoutMs: number | null;
  readonly pool: string;
  /** The items that it is run for, or the step whose output they are; null for one that is not mapped. */
  readonly map: { readonly over: readonly unknown[] | string; readonly max: number } | null;
}

export interface Job {
  readonly name: string;
  /** Null for one that runs by hand only. */
  readonly trigger: Trigger | null;
  readonly catchup: Catchup;
  /** With catchup `all`, so many missed intervals at most, the newest. */
  readonly catchupMax: number;
  /** With catchup `all` and no run yet: where the first interval starts at the earliest; null for the latest one. */
  readonly startAtMs: number | null;
  /** The steps of a scheduled run are given the time of so many intervals before its own too. */
  readonly lookback: number;
  readonly overlap: Overlap;
  /** Runs at once; those of a backfill are not counted. */
  readonly maxActiveRuns: number;
  /** A scheduled run waits until the one before it has succeeded. */
  readonly dependsOnPast: boolean;
  /** Of two runs that wait for a slot the one with the higher number goes first. */
  readonly priority: number;
  /** Of a run, from its start. */
  readonly timeoutMs: number | null;
  readonly alert: JobAlerts;
  /** The parameters that a run may be given, with their values when it is not. */
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  /** Each stands after those that it needs. */
  readonly steps: readonly JobStep[];
}

/** The pool of steps that name none. */
export const DEFAULT_POOL = 'default';

/** Whether the wall clock starts its runs. */
export function hasClock({ trigger }: Job): boolean {
  return trigger?.kind === 'cron' || trigger?.kind === 'every';
}
