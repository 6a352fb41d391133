/** One customer: when and where it pays, its newest transactions with their scores, sessions and cases. */
import { duration, exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { getJson } from '../../http/public/core/place.js';
import { to } from '../../http/public/core/router.js';
import { useSource } from '../../http/public/core/store.js';
import { Facts } from '../../http/public/view/facts.js';
import { Bar, State, Time } from '../../http/public/view/marks.js';
import { Failure, Table } from '../../http/public/view/table.js';
import { Score } from './cells.js';

const source = (id) => ({
  id: `customer:${id}`,
  read: () => getJson(`/api/v1/customers/${encodeURIComponent(id)}`),
  again: { when: () => false, everyMs: 10_000 },
});
const number = (head, cell) => ({ head, number: true, cell });
const time = (head, of) => ({ head, cell: (row) => html`<${Time} at=${of(row)} />` });

const TRANSACTIONS = [
  number('Transaction', (row) => String(row.transaction_id)),
  time('When', (row) => row.occurred_at),
  number('Terminal', (row) => String(row.terminal_id)),
  number('Amount', (row) => money(row.amount_cents)),
  { head: 'Score', cell: (row) => html`<${Score} score=${row.score} />` },
  { head: 'By', cell: (row) => row.model ?? '' },
  { head: 'Known as', cell: (row) => (row.fraud === null ? '' : row.fraud ? 'fraud' : 'genuine') },
];
const CASES = [
  { head: 'Case', cell: (row) => html`<a href=${to('/cases', row.case_id)}>${row.case_id}</a>` },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  number('Hits', (row) => exact(row.hits)),
  number('Amount', (row) => money(row.amount_cents)),
  time('Opened', (row) => row.opened_at),
];
const TERMINALS = [
  number('Terminal', (row) => String(row.terminal_id)),
  number('Transactions', (row) => exact(row.transactions)),
  number('Sum', (row) => money(row.total_cents)),
  time('Last', (row) => row.last_at),
];
const SESSIONS = [
  time('Started', (row) => row.start_at),
  number('Lasted', (row) => duration(row.end_at - row.start_at)),
  number('Events', (row) => exact(row.count)),
  number('Total', (row) => money(row.total_cents)),
  { head: 'Largest score', cell: (row) => html`<${Score} score=${row.max_score} />` },
];

export function View({ params }) {
  const shown = useSource(source(params.customer));
  const { value, status, error } = shown;
  if (value === undefined)
    return status === 'failed'
      ? html`<${Failure} error=${error} />`
      : html`<p class="empty loading" role="status">Reading the customer …</p>`;
  const { customer, hours, terminals, transactions, sessions, cases } = value;
  const most = Math.max(1, ...hours);
  const byHour = hours.map((n, hour) => ({ hour, n }));
  const list = (title, rows, columns, keyOf, empty) =>
    html`<h3>${title}</h3><${Table} caption=${title} empty=${empty} shown=${shown} rows=${rows} columns=${columns} keyOf=${keyOf} />`;
  const HOURS = [
    { head: 'Hour (UTC)', number: true, cell: (row) => `${row.hour} h` },
    number('Transactions', (row) => exact(row.n)),
    { head: 'Of the busiest hour', cell: (row) => html`<${Bar} ratio=${row.n / most} level="low" />` },
  ];
  return html`<${Facts} facts=${factsOf(customer)} />
    ${list('Cases', cases, CASES, (row) => row.case_id, 'No case so far.')}
    ${list('Newest transactions', transactions, TRANSACTIONS, (row) => `${row.transaction_id}|${row.occurred_at}`, 'None.')}
    ${list('Terminals, the busiest first', terminals, TERMINALS, (row) => String(row.terminal_id), 'None.')}
    ${list('Newest closed sessions', sessions, SESSIONS, (row) => String(row.start_at), 'No session has closed yet.')}
    ${list('Hours of the day', byHour, HOURS, (row) => String(row.hour), 'None.')}`;
}

function factsOf(customer) {
  return [
    ['Transactions', `${exact(customer.transactions)}, ${exact(customer.transactions_7day)} of them in 7 days`],
    ['Sum', money(customer.total_cents)],
    ['Mean amount', money(customer.mean_cents)],
    ['Largest amount', money(customer.largest_cents)],
    ['Terminals', exact(customer.terminals)],
    ['Last score', html`<${Score} score=${customer.last_score} />`],
    ['Highest score', html`<${Score} score=${customer.highest_score} />`],
    ['Hits', exact(customer.hits)],
    ['Known frauds', exact(customer.frauds)],
    ['First seen', html`<${Time} at=${customer.first_at} />`],
    ['Last seen', html`<${Time} at=${customer.last_at} />`],
  ];
}
