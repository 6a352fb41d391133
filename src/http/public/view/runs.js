/** The newest runs of all jobs as a table. */
import { duration, exact, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { to } from '../core/router.js';
import { runsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { State, Time } from './marks.js';
import { Table } from './table.js';

const SHOWN_ROWS = 60;
const idOf = (row) => `runs/${row.run_id}`;

const COLUMNS = [
  { head: 'Job', cell: (row) => row.job },
  { head: 'Run', cell: (row) => html`<a href=${to('/jobs', row.job, 'runs', row.run_id)}>${row.run_id}</a>` },
  {
    head: 'Interval',
    cell: (row) =>
      html`<span class="mono" title="for ${duration(row.interval_end - row.interval_start)}">${stamp(row.interval_start)}</span>`,
  },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Attempt', number: true, cell: (row) => exact(row.attempt) },
  { head: 'Records', number: true, cell: (row) => exact(row.records) },
  { head: 'Changed', cell: (row) => html`<${Time} at=${row.changed_at} />` },
  { head: 'Message', cell: (row) => html`<span class="detail">${row.message}</span>` },
];

export function View() {
  const shown = useSource(runsSource);
  const rows = [...(shown.value ?? [])].sort((a, b) => b.changed_at - a.changed_at).slice(0, SHOWN_ROWS);
  return html`<${Table}
    caption="Runs, last changed first"
    empty="No run so far."
    shown=${shown}
    rows=${rows}
    columns=${COLUMNS}
    keyOf=${(row) => row.run_id}
    idOf=${idOf}
    section="runs"
    class="tall"
  />`;
}
