/**
 * One case: its alerts, and what its customer did meanwhile. It is read from the stores, so it is there however old it is, and
 * after a reload.
 */
import { duration, exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { served } from '../../http/public/core/place.js';
import { to } from '../../http/public/core/router.js';
import { useSource } from '../../http/public/core/store.js';
import { Facts } from '../../http/public/view/facts.js';
import { Frame } from '../../http/public/view/frame.js';
import { lazily } from '../../http/public/view/lazy.js';
import { State, Time } from '../../http/public/view/marks.js';
import { Failure, Table } from '../../http/public/view/table.js';
import { Reasons, Score } from './cells.js';
import { caseSource } from './sources.js';

export const casePanel = { id: 'case', title: 'The case', on: { '/cases/:case': { order: 10 } }, view: Case };

const Actions = lazily(() => import('./case-actions.js'));

const ALERT_COLUMNS = [
  { head: 'Alert', cell: (row) => row.alert_id },
  { head: 'When', cell: (row) => html`<${Time} at=${row.occurred_at} />` },
  { head: 'Severity', cell: (row) => row.severity },
  { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
  { head: 'Score', cell: (row) => html`<${Score} score=${row.score} />` },
  { head: 'Reasons', cell: (row) => html`<${Reasons} text=${row.reasons} />` },
  { head: 'Delivered', cell: (row) => row.deliveries.map(({ sink, outcome }) => html`<div>${sink}: ${outcome}</div>`) },
];

const TRANSACTION_COLUMNS = [
  { head: 'Transaction', number: true, cell: (row) => String(row.transaction_id) },
  { head: 'When', cell: (row) => html`<${Time} at=${row.occurred_at} />` },
  { head: 'Terminal', number: true, cell: (row) => String(row.terminal_id) },
  { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
  { head: 'Score', cell: (row) => html`<${Score} score=${row.score} />` },
  { head: 'Number in session', number: true, cell: (row) => exact(row.session_count) },
  { head: 'Hit', cell: (row) => (row.is_hit ? 'yes' : '') },
  { head: 'Known as', cell: (row) => (row.fraud === null ? '' : row.fraud ? 'fraud' : 'genuine') },
  { head: 'In the journal', cell: (row) => html`<span class="mono">${row.partition} @ ${row.offset}</span>` },
  { head: 'Usual amount', number: true, cell: (row) => money(row.own_mean_cents) },
];

const ACTION_COLUMNS = [
  { head: 'When', cell: (row) => html`<${Time} at=${row.requested_at} />` },
  { head: 'Who', cell: (row) => row.by },
  { head: 'Action', cell: (row) => row.action },
  { head: 'Outcome', cell: (row) => `${row.outcome} ${row.detail}` },
  { head: 'Note', cell: (row) => row.note },
];

const SESSION_COLUMNS = [
  { head: 'Started', cell: (row) => html`<${Time} at=${row.start_at} />` },
  { head: 'Lasted', number: true, cell: (row) => duration(row.end_at - row.start_at) },
  { head: 'Events', number: true, cell: (row) => exact(row.count) },
  { head: 'Total', number: true, cell: (row) => money(row.total_cents) },
  { head: 'Largest score', cell: (row) => html`<${Score} score=${row.max_score} />` },
];

const SIMILAR_COLUMNS = [
  { head: 'Case', cell: (row) => html`<a href=${to('/cases', row.case_id)}>${row.case_id}</a>` },
  { head: 'State', cell: (row) => html`<${State} state=${String(row.state)} />` },
  { head: 'Terminals in common', number: true, cell: (row) => exact(row.shared_terminals) },
  { head: 'Reasons in common', number: true, cell: (row) => exact(row.shared_reasons) },
  { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
  { head: 'Last hit', cell: (row) => html`<${Time} at=${row.last_hit_at} />` },
];

function Case({ panel, params }) {
  const shown = useSource(caseSource(params.case));
  const { value: found, status, error } = shown;
  const tools = html`<a href=${served(`/api/v1/cases/${encodeURIComponent(params.case)}`)}>JSON</a>`;
  if (found === undefined) {
    return html`<${Frame} panel=${panel}>
      ${status === 'failed' ? html`<${Failure} error=${error} />` : html`<p class="empty loading" role="status">Reading the case …</p>`}
    <//>`;
  }
  const outcomes = Map.groupBy(found.deliveries, (row) => row.alert_id);
  const alerts = found.alerts.map((row) => ({ ...row, deliveries: outcomes.get(row.alert_id) ?? [] }));
  const list = (name, title, caption, rows, columns, keyOf, empty) => html`<h3>${title}</h3>
    <div id="case-${name}">
      <${Table} caption=${caption} empty=${empty} shown=${shown} rows=${[...rows].reverse()} columns=${columns} keyOf=${keyOf} />
    </div>`;
  return html`<${Frame} panel=${panel} note=${found.isCut ? 'There is more than is shown here: the newest of it' : ''} tools=${tools}>
    <${Facts} facts=${factsOf(found)} />
    <${Actions} id=${params.case} state=${found.state} />
    ${list('alerts', 'Alerts', 'Alerts of the case, newest first', alerts, ALERT_COLUMNS, (row) => row.alert_id, 'No alert.')}
    ${list('transactions', 'Transactions in its time', 'Transactions of the customer in the time of the case, newest first', found.transactions, TRANSACTION_COLUMNS, (row) => `${row.transaction_id}|${row.occurred_at}`, 'The stores have none of them.')}
    ${list('sessions', 'Closed sessions in its time', 'Closed sessions of the customer in the time of the case, newest first', found.sessions, SESSION_COLUMNS, (row) => String(row.start_at), 'None of its sessions has closed yet.')}
    ${list('history', 'Actions', 'What was done about the case, newest first', found.actions, ACTION_COLUMNS, (row) => `${row.requested_at}|${row.action}`, 'Nobody has acted on it.')}
    ${list('similar', 'Similar cases', 'Cases of other customers with terminals and reasons in common', found.similar.toReversed(), SIMILAR_COLUMNS, (row) => row.case_id, 'None of the newest alerts is like these.')}
  <//>`;
}

function factsOf(found) {
  return [
    ['State', html`<${State} state=${String(found.state)} />`],
    ['Held by', found.holder ?? 'nobody'],
    ['Customer', html`<a href=${to('/customers', String(found.customer_id))}>${found.customer_id}</a>`],
    ['Hits', exact(found.hits)],
    ['Amount of the hits', money(found.amount_cents)],
    ['Opened', html`<${Time} at=${found.opened_at} />`],
    ['Last hit', html`<${Time} at=${found.last_hit_at} />`],
  ];
}
