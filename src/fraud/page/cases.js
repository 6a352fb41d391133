/** Fraud cases, newest first; each has an address of its own. */
import { exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { to } from '../../http/public/core/router.js';
import { overviewSource } from '../../http/public/core/sources.js';
import { useSource } from '../../http/public/core/store.js';
import { Exports, Frame } from '../../http/public/view/frame.js';
import { State, Time } from '../../http/public/view/marks.js';
import { Table } from '../../http/public/view/table.js';
import { casesSource } from './sources.js';

export const casesPanel = { id: 'cases', title: 'Cases', on: { '/cases': { order: 10 } }, view: Cases };

const COLUMNS = [
  { head: 'Case', cell: (row) => html`<a href=${to('/cases', row.case_id)}>${row.case_id}</a>` },
  { head: 'Customer', number: true, cell: (row) => String(row.customer_id) },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Held by', cell: (row) => row.holder ?? '' },
  { head: 'Hits', number: true, cell: (row) => exact(row.hits) },
  { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
  { head: 'Opened', cell: (row) => html`<${Time} at=${row.opened_at} />` },
  { head: 'Last hit', cell: (row) => html`<${Time} at=${row.last_hit_at} />` },
];

function Cases({ panel }) {
  const shown = useSource(casesSource);
  const { value: overview } = useSource(overviewSource);
  const note = overview.openCases === null ? '' : `${exact(overview.openCases)} open`;
  return html`<${Frame} panel=${panel} note=${note} tools=${html`<${Exports} path="/api/v1/cases" name="cases" />`}>
    <${Table}
      caption="Fraud cases, newest first"
      empty="No cases so far."
      shown=${shown}
      columns=${COLUMNS}
      keyOf=${casesSource.key}
      class="page-long"
    />
  <//>`;
}
