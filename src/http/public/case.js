/**
 * One case under an address of its own, `#/cases/ID`: its alerts, and what its customer did meanwhile. It is read from the
 * stores, so it is there however old it is, and after a reload.
 */

import { reasonList } from './alerts.js';
import { byId, h, patchChildren, setText, stateMark, time } from './dom.js';
import { duration, exact, money, parsed } from './format.js';
import { createTable } from './table.js';
import { scoreCell } from './tables.js';

const ADDRESS = /^#\/cases\/(.+)$/;
let shownId = null;
let asking = 0;
let tables = null;

/** The case that the page's address names; null for any other address. */
export function caseInAddress() {
  const [, id] = ADDRESS.exec(location.hash) ?? [];
  try {
    return id === undefined ? null : decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Shows the case of the address, or none. `isNew` is false when only its content may have changed. */
export async function showCase({ isNew = true } = {}) {
  const id = caseInAddress();
  const panel = byId('case');
  panel.hidden = id === null;
  if (id === null) {
    shownId = null;
    return;
  }
  asking += 1;
  const own = asking;
  if (id !== shownId) clear(id);
  if (isNew) {
    panel.scrollIntoView({ block: 'start', behavior: 'instant' });
    byId('case-title').focus({ preventScroll: true });
  }
  const answer = await fetch(`api/v1/cases/${encodeURIComponent(id)}`).catch(() => null);
  if (own !== asking) return;
  if (answer?.ok) draw(await answer.json());
  else if (answer?.status === 404) say(`There is no case ${id}.`);
  else if (shownId !== id || !isNew)
    say('The case could not be read just now; it is asked for again when the page is loaded.');
  shownId = id;
}

/** Whether what happened may have changed the case that is shown. */
export const isCaseShown = () => shownId !== null;

function clear(id) {
  setText(byId('case-title'), `Case ${id}`);
  say('Reading the case …');
  byId('case-body').hidden = true;
  byId('case-json').setAttribute('href', `api/v1/cases/${encodeURIComponent(id)}`);
}

function say(text) {
  setText(byId('case-note'), text);
}

function draw(found) {
  tables ??= createTables();
  byId('case-body').hidden = false;
  say(found.isCut ? 'There is more than is shown here: the newest of it' : '');
  const fact = (word, value) => h('div', {}, h('dt', {}, word), h('dd', {}, value));
  patchChildren(byId('case-facts'), [
    fact('State', stateMark(found.state)),
    fact('Customer', String(found.customer_id)),
    fact('Hits', exact(found.hits)),
    fact('Amount of the hits', money(found.amount_cents)),
    fact('Opened', time(found.opened_at)),
    fact('Last hit', time(found.last_hit_at)),
  ]);
  const outcomes = Map.groupBy(found.deliveries, (row) => row.alert_id);
  const newestFirst = (rows) => [...rows].reverse();
  tables.alerts(newestFirst(found.alerts).map((row) => ({ ...row, deliveries: outcomes.get(row.alert_id) ?? [] })));
  tables.transactions(newestFirst(found.transactions));
  tables.sessions(newestFirst(found.sessions));
}

function createTables() {
  return {
    alerts: createTable(byId('case-alerts'), {
      caption: 'Alerts of the case, newest first',
      empty: 'No alert.',
      keyOf: (row) => row.alert_id,
      columns: [
        { head: 'Alert', cell: (row) => row.alert_id },
        { head: 'When', cell: (row) => time(row.occurred_at) },
        { head: 'Severity', cell: (row) => row.severity },
        { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
        { head: 'Score', cell: (row) => scoreCell(row.score) },
        { head: 'Reasons', cell: (row) => reasonList(parsed(row.reasons)) || '' },
        {
          head: 'Delivered',
          cell: (row) => row.deliveries.map(({ sink, outcome }) => h('div', {}, `${sink}: ${outcome}`)),
        },
      ],
    }),
    transactions: createTable(byId('case-transactions'), {
      caption: 'Transactions of the customer in the time of the case, newest first',
      empty: 'The stores have none of them.',
      keyOf: (row) => `${row.transaction_id}|${row.occurred_at}`,
      columns: [
        { head: 'Transaction', number: true, cell: (row) => String(row.transaction_id) },
        { head: 'When', cell: (row) => time(row.occurred_at) },
        { head: 'Terminal', number: true, cell: (row) => String(row.terminal_id) },
        { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
        { head: 'Score', cell: (row) => scoreCell(row.score) },
        { head: 'Number in session', number: true, cell: (row) => exact(row.session_count) },
        { head: 'Usual amount', number: true, cell: (row) => money(row.own_mean_cents) },
      ],
    }),
    sessions: createTable(byId('case-sessions'), {
      caption: 'Closed sessions of the customer in the time of the case, newest first',
      empty: 'None of its sessions has closed yet.',
      keyOf: (row) => String(row.start_at),
      columns: [
        { head: 'Started', cell: (row) => time(row.start_at) },
        { head: 'Lasted', number: true, cell: (row) => duration(row.end_at - row.start_at) },
        { head: 'Events', number: true, cell: (row) => exact(row.count) },
        { head: 'Total', number: true, cell: (row) => money(row.total_cents) },
        { head: 'Largest score', cell: (row) => scoreCell(row.max_score) },
      ],
    }),
  };
}
