/** The table of runs: a row a run of a job, as it stands. */
import { runChangedType } from '../messages/types.ts';
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
  ],
  indexes: [{ name: 'runs_by_time', columns: ['interval_end'] }],
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

export const RUN_TABLES: readonly Table[] = [runs];
