/** The tables of suites' runs, and of everything that the service has raised for people. */
import { SERVICE_ALERTS } from '../messages/check-facts.ts';
import { checkRanType, serviceAlertType } from '../messages/types.ts';
import { type Table, tableOf } from '../projections/table.ts';

const checkRuns = tableOf(checkRanType, {
  name: 'check_runs',
  label: 'Runs of suites',
  store: 'sqlite',
  key: ['suite', 'run_id'],
  columns: [
    { name: 'suite', kind: 'text', from: 'suite' },
    { name: 'run_id', kind: 'text', from: 'runId' },
    { name: 'checked', kind: 'text', from: 'of' },
    { name: 'due', kind: 'instant', from: 'due' },
    { name: 'ran_at', kind: 'instant', from: 'ranAt' },
    { name: 'duration_ms', kind: 'long', from: 'durationMs' },
    { name: 'outcome', kind: 'text', from: 'outcome' },
    { name: 'evaluated', kind: 'int', from: 'evaluated' },
    { name: 'successful', kind: 'int', from: 'successful' },
    { name: 'results', kind: 'text', from: 'results' },
  ],
  indexes: [{ name: 'check_runs_by_time', columns: ['ran_at'] }],
  isOfProcess: true,
  read: {
    path: 'check-runs',
    columns: [
      ...[
        'suite',
        'run_id',
        'checked',
        'due',
        'ran_at',
        'duration_ms',
        'outcome',
        'evaluated',
        'successful',
        'results',
      ],
    ],
    newest: 'ran_at',
    thenBy: 'suite',
  },
});

const serviceAlerts = tableOf(serviceAlertType, {
  name: 'service_alerts',
  label: 'Raised for people',
  store: 'sqlite',
  key: ['alert_id'],
  columns: [
    { name: 'alert_id', kind: 'text', from: 'alertId' },
    { name: 'about', kind: 'text', from: 'about' },
    { name: 'state', kind: 'text', from: 'state' },
    { name: 'severity', kind: 'text', from: 'severity' },
    { name: 'summary', kind: 'text', from: 'summary' },
    { name: 'details', kind: 'json', from: 'details' },
    { name: 'raised_at', kind: 'instant', from: 'at' },
  ],
  isOfProcess: true,
  read: {
    path: 'raised',
    columns: ['alert_id', 'about', 'state', 'severity', 'summary', 'details', 'raised_at'],
    newest: 'raised_at',
    thenBy: 'alert_id',
  },
  output: { stream: SERVICE_ALERTS, key: 'about', alertId: 'alertId' },
});

export const QUALITY_TABLES: readonly Table[] = [checkRuns, serviceAlerts];
