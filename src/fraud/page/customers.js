/** Customers: what each spends, and how it was scored; the first by what is asked for. */
import { useState } from 'preact/hooks';
import { exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { getJson } from '../../http/public/core/place.js';
import { to } from '../../http/public/core/router.js';
import { useSource } from '../../http/public/core/store.js';
import { Time } from '../../http/public/view/marks.js';
import { Table } from '../../http/public/view/table.js';
import { Score } from './cells.js';

const ORDERS = [
  ['hits', 'most hits'],
  ['score', 'highest score'],
  ['amount', 'largest sum'],
  ['transactions', 'most transactions'],
  ['newest', 'newest transaction'],
];
const source = (by) => ({
  id: `customers:${by}`,
  read: () => getJson(`/api/v1/customers?by=${by}&limit=100`),
  again: { when: () => false, everyMs: 10_000 },
});

const COLUMNS = [
  {
    head: 'Customer',
    number: true,
    cell: (row) => html`<a href=${to('/customers', String(row.customer_id))}>${row.customer_id}</a>`,
  },
  { head: 'Transactions', number: true, cell: (row) => exact(row.transactions) },
  { head: 'In 7 days', number: true, cell: (row) => exact(row.transactions_7day) },
  { head: 'Sum', number: true, cell: (row) => money(row.total_cents) },
  { head: 'Mean', number: true, cell: (row) => money(row.mean_cents) },
  { head: 'Largest', number: true, cell: (row) => money(row.largest_cents) },
  { head: 'Terminals', number: true, cell: (row) => exact(row.terminals) },
  { head: 'Last score', cell: (row) => html`<${Score} score=${row.last_score} />` },
  { head: 'Highest score', cell: (row) => html`<${Score} score=${row.highest_score} />` },
  { head: 'Hits', number: true, cell: (row) => exact(row.hits) },
  { head: 'Cases', number: true, cell: (row) => exact(row.cases) },
  { head: 'Known frauds', number: true, cell: (row) => exact(row.frauds) },
  { head: 'Last seen', cell: (row) => html`<${Time} at=${row.last_at} />` },
];

export function View() {
  const [by, setBy] = useState('hits');
  const shown = useSource(source(by));
  const words = ORDERS.find(([order]) => order === by)?.[1];
  return html`<p class="line"><label>First those of the
      <select value=${by} onChange=${(event) => setBy(event.target.value)}>
        ${ORDERS.map(([order, said]) => html`<option value=${order}>${said}</option>`)}
      </select></label></p>
    <${Table} caption=${`Customers, first those of the ${words}`} empty="No transaction so far." shown=${shown} rows=${shown.value ?? []} columns=${COLUMNS} keyOf=${(row) => String(row.customer_id)} class="page-long" />`;
}
