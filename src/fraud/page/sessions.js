/** Closed sessions of cards, newest first. */
import { duration, exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { useSource } from '../../http/public/core/store.js';
import { Exports, Frame } from '../../http/public/view/frame.js';
import { Time } from '../../http/public/view/marks.js';
import { Table } from '../../http/public/view/table.js';
import { Score } from './cells.js';
import { sessionsSource } from './sources.js';

export const sessionsPanel = {
  id: 'sessions',
  title: 'Closed sessions',
  on: { '/sessions': { order: 10 } },
  view: Sessions,
};

const SHOWN_ROWS = 40;
const idOf = (row) => `sessions/${row.customer_id}/${row.start_at}`;

const COLUMNS = [
  { head: 'Customer', number: true, cell: (row) => html`<a href="#${idOf(row)}">${row.customer_id}</a>` },
  { head: 'Started', cell: (row) => html`<${Time} at=${row.start_at} />` },
  { head: 'Lasted', number: true, cell: (row) => duration(row.end_at - row.start_at) },
  { head: 'Events', number: true, cell: (row) => exact(row.count) },
  { head: 'Total', number: true, cell: (row) => money(row.total_cents) },
  { head: 'Largest score', cell: (row) => html`<${Score} score=${row.max_score} />` },
];

function Sessions({ panel }) {
  const shown = useSource(sessionsSource);
  const rows = (shown.value ?? []).slice(0, SHOWN_ROWS);
  const note = rows.length === 0 ? '' : `the latest ${rows.length}`;
  return html`<${Frame} panel=${panel} note=${note} tools=${html`<${Exports} path="/api/v1/sessions" name="sessions" />`}>
    <${Table}
      caption="Closed sessions, newest first"
      empty="No session has closed yet."
      shown=${shown}
      rows=${rows}
      columns=${COLUMNS}
      keyOf=${sessionsSource.key}
      idOf=${idOf}
      section="sessions"
      class="page-long"
    />
  <//>`;
}
