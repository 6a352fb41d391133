/** Alerts, cases and sessions as the page reads and follows them. */
import { getJson } from '../../http/public/core/place.js';
import { tableSource } from '../../http/public/core/tables.js';

export const alertsSource = tableSource({
  id: 'alerts',
  keep: 200,
  ask: 100,
  key: (row) => row.alert_id,
  kind: 'alert',
});

export const casesSource = tableSource({
  id: 'cases',
  keep: 100,
  key: (row) => row.case_id,
  again: {
    when: (kind, data, before) => kind === 'alert' || (kind === 'overview' && before?.openCases !== data.openCases),
  },
});

export const sessionsSource = tableSource({
  id: 'sessions',
  keep: 60,
  key: (row) => `${row.customer_id}|${row.start_at}`,
  kind: 'session',
  drawMs: 1_000,
});

/** A case of any age, with all that belongs to it. */
export const caseSource = (id) => ({
  id: `case:${id}`,
  read: () => getJson(`/api/v1/cases/${encodeURIComponent(id)}`),
  again: { when: (kind) => kind === 'overview', everyMs: 5_000 },
});
