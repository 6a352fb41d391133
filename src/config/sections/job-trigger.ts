/** `schedule:` of a job: the clock, or what it waits for. */
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Trigger } from '../../jobs/job.ts';
import { timetable } from '../../jobs/timetable.ts';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, timer } from '../../keys/value-schema.ts';
import { isZone } from '../../messages/time-zone.ts';
import type { Windowing } from '../../streams/window-kind.ts';
import { unknownZone } from './time-zone.ts';

const KINDS = ['job', 'file', 'window', 'table'] as const;
const FIELDS = { every: timer.prefault('10s') };

export const trigger = z
  .strictObject({
    cron: z.string().optional().describe('Such as "5 * * * *"; six fields begin with seconds.'),
    timezone: z.string().default('UTC').describe('The IANA time zone of cron.'),
    every: duration.optional().describe('Instead of cron: multiples of this since the epoch.'),
    on: z
      .strictObject({
        job: z.string().optional().describe('Each time that a run of this job succeeds.'),
        file: z
          .string()
          .optional()
          .describe('Each file that is there: such as "in/*.csv", relative to the pipeline file.'),
        window: z
          .string()
          .optional()
          .describe('Each time that a tumbling or hopping window of this name, or of this view, has ended.'),
        table: z.string().optional().describe('Each time that this job table is published.'),
        every: FIELDS.every.describe('Between two looks for files.'),
      })
      .refine((on) => KINDS.filter((kind) => on[kind] !== undefined).length === 1, {
        message: 'has one of `job`, `file`, `window` and `table`',
      })
      .optional()
      .describe('Instead of the clock.'),
  })
  .nullable()
  .default(null)
  .describe('When it runs; absent: by hand only.');

type Written = z.output<typeof trigger>;

/** What a trigger may name. */
export interface TriggerPlace {
  /** The names of the jobs. */
  readonly names: readonly string[];
  readonly windows: readonly { readonly name: string; readonly window: Windowing }[];
  resolve(path: string): string;
}

/** The trigger of a job; null for a job that runs by hand, and for a wrong trigger, which is reported. */
export function triggerOf(
  written: Written,
  job: string,
  { names: jobs, windows, resolve }: TriggerPlace,
  at: readonly string[],
  report: Report,
): Trigger | null {
  if (written === null) return null;
  const { cron, every, on, timezone } = written;
  if ([cron, every, on].filter((each) => each !== undefined).length !== 1) {
    report(
      at,
      'name one of `cron: "0 * * * *"`, `every: 15s`, `on: { job: OTHER }` and `on: { file: "in/*.csv" }`; `on` has `window` and `table` too',
    );
    return null;
  }
  if (!isZone(timezone)) {
    report([...at, 'timezone'], unknownZone(timezone));
    return null;
  }
  try {
    if (every !== undefined) {
      timetable({ everyMs: every });
      return { kind: 'every', everyMs: every };
    }
    if (cron !== undefined) {
      timetable({ cron, timeZone: timezone });
      return { kind: 'cron', expression: cron, timeZone: timezone };
    }
  } catch (error) {
    report([...at, every === undefined ? 'cron' : 'every'], error instanceof Error ? error.message : String(error));
    return null;
  }
  if (on === undefined) return null;
  if (on.file !== undefined) {
    const path = resolve(on.file);
    if (!/[*?]/.test(dirname(path))) return { kind: 'file', path, everyMs: on.every };
    report([...at, 'on', 'file'], 'has * or ? in the name of a folder; they stand in the name of the file alone');
    return null;
  }
  if (on.table !== undefined) return { kind: 'table', table: on.table };
  if (on.window !== undefined) return windowTrigger(on.window, windows, [...at, 'on', 'window'], report);
  if (on.job === undefined) return null;
  if (on.job === job || !jobs.includes(on.job)) {
    const others = jobs.filter((each) => each !== job);
    report([...at, 'on', 'job'], on.job === job ? 'is the job itself' : unknownName('job', on.job, others));
    return null;
  }
  return { kind: 'job', job: on.job };
}

function windowTrigger(
  name: string,
  windows: TriggerPlace['windows'],
  at: readonly string[],
  report: Report,
): Trigger | null {
  const found = windows.find((each) => each.name === name);
  if (found === undefined) {
    const known = windows.map((each) => each.name);
    report(at, unknownName('window', name, known));
    return null;
  }
  const { window } = found;
  if (window.kind !== 'tumbling' && window.kind !== 'hopping') {
    report(
      at,
      `${name} is a ${window.kind} window, which ends for each key by itself; a tumbling or hopping one can start runs`,
    );
    return null;
  }
  const { sizeMs, offsetMs, timeZone = null } = window;
  const everyMs = window.kind === 'hopping' ? window.everyMs : sizeMs;
  // What is wrong with the window is reported where the window is.
  if (everyMs <= 0) return null;
  return { kind: 'window', window: name, times: { sizeMs, everyMs, offsetMs, timeZone } };
}

export function printTrigger(written: Trigger | null): unknown {
  switch (written?.kind) {
    case 'cron':
      return { cron: written.expression, timezone: written.timeZone };
    case 'every':
      return { every: formatDuration(written.everyMs) };
    case 'job':
      return { on: { job: written.job } };
    case 'file':
      return { on: { file: written.path, every: formatDuration(written.everyMs) } };
    case 'window':
      return { on: { window: written.window } };
    case 'table':
      return { on: { table: written.table } };
    default:
      return null;
  }
}
