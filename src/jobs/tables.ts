/** The table of runs: a row a run of a job, as it stands. */
import { backfillChangedType, jobPausedType, runChangedType, stepChangedType } from '../messages/types.ts';
import { type Table, tableOf } from '../projections/table.ts';

const runs = tableOf(runChangedType, {
  name: 'runs',
  label: 'Runs of jobs',
  store: 'sqlite',
  key: ['job', 'run_id'],
  columns: [
    { name: 'job', kind: 'text', from: 'job' },
    { name: 'run_id', kind: 'text', from: 'runId' },
    { name: 'interval_start', kind: 'instant', from: 'intervalStart', onUpdate: 'keep' },
    { name: 'interval_end', kind: 'instant', from: 'intervalEnd', onUpdate: 'keep' },
    { name: 'state', kind: 'text', from: 'state' },
    { name: 'attempt', kind: 'int', from: 'attempt' },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
    { name: 'records', kind: 'long', from: 'records' },
    { name: 'message', kind: 'text', from: 'message', nullable: true },
    { name: 'run_trigger', kind: 'text', from: 'trigger' },
    { name: 'params', kind: 'text', from: 'params' },
    { name: 'backfill', kind: 'text', from: 'backfill', nullable: true },
  ],
  indexes: [
    { name: 'runs_by_time', columns: ['interval_end'] },
    { name: 'runs_by_job', columns: ['job', 'interval_end'] },
  ],
  isOfProcess: true,
  read: {
    path: 'runs',
    columns: [
      ...['job', 'run_id', 'interval_start', 'interval_end', 'state', 'attempt', 'changed_at', 'records', 'message'],
    ],
    newest: 'interval_end',
    thenBy: 'job',
  },
});

const steps = tableOf(stepChangedType, {
  name: 'run_steps',
  label: 'Steps of runs',
  store: 'sqlite',
  key: ['job', 'run_id', 'step', 'item'],
  columns: [
    { name: 'job', kind: 'text', from: 'job' },
    { name: 'run_id', kind: 'text', from: 'runId' },
    { name: 'step', kind: 'text', from: 'step' },
    { name: 'item', kind: 'int', from: 'item' },
    { name: 'state', kind: 'text', from: 'state' },
    { name: 'attempt', kind: 'int', from: 'attempt' },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
    { name: 'wait_until', kind: 'instant', from: 'waitUntil', nullable: true },
    { name: 'records', kind: 'long', from: 'records' },
    { name: 'output', kind: 'text', from: 'output', nullable: true },
    { name: 'message', kind: 'text', from: 'message', nullable: true },
  ],
  indexes: [{ name: 'run_steps_by_time', columns: ['changed_at'] }],
  isOfProcess: true,
  read: {
    path: 'run-steps',
    columns: [...['job', 'run_id', 'step', 'item', 'state', 'attempt', 'changed_at', 'records', 'message']],
    newest: 'changed_at',
    thenBy: 'step',
  },
});

const paused = tableOf(jobPausedType, {
  name: 'paused_jobs',
  label: 'Jobs that were paused or resumed',
  store: 'sqlite',
  key: ['job'],
  columns: [
    { name: 'job', kind: 'text', from: 'job' },
    { name: 'is_paused', kind: 'boolean', from: 'isPaused' },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
  ],
  isOfProcess: true,
});

const backfills = tableOf(backfillChangedType, {
  name: 'backfills',
  label: 'Backfills',
  store: 'sqlite',
  key: ['backfill'],
  columns: [
    { name: 'backfill', kind: 'text', from: 'backfill' },
    { name: 'job', kind: 'text', from: 'job' },
    { name: 'from_time', kind: 'instant', from: 'from' },
    { name: 'to_time', kind: 'instant', from: 'to' },
    { name: 'parallel', kind: 'int', from: 'parallel' },
    { name: 'reprocess', kind: 'text', from: 'reprocess' },
    { name: 'state', kind: 'text', from: 'state' },
    { name: 'intervals', kind: 'int', from: 'intervals' },
    { name: 'changed_at', kind: 'instant', from: 'changedAt' },
  ],
  isOfProcess: true,
  read: {
    path: 'backfills',
    columns: [
      ...['backfill', 'job', 'from_time', 'to_time', 'parallel', 'reprocess', 'state', 'intervals', 'changed_at'],
    ],
    newest: 'changed_at',
    thenBy: 'backfill',
  },
});

export const RUN_TABLES: readonly Table[] = [runs, steps, paused, backfills];
