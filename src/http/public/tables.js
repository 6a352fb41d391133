/** The plain tables: cases, closed sessions, dead letters, and the failures of actors. */
import { bar, byId, h, setText, stateMark, time } from './dom.js';
import { caseHref, duration, exact, money } from './format.js';
import { createTable } from './table.js';

let cases = null;
let sessions = null;
let deadLetters = null;
let history = null;

export function renderCases({ cases: rows, overview }) {
  cases ??= createTable(byId('cases-table'), {
    caption: 'Fraud cases, newest first',
    empty: 'No cases so far.',
    keyOf: (row) => row.case_id,
    idOf: (row) => `cases/${row.case_id}`,
    columns: [
      { head: 'Case', cell: (row) => h('a', { href: caseHref(row.case_id) }, row.case_id) },
      { head: 'Customer', number: true, cell: (row) => String(row.customer_id) },
      { head: 'State', cell: (row) => stateMark(row.state) },
      { head: 'Hits', number: true, cell: (row) => exact(row.hits) },
      { head: 'Amount', number: true, cell: (row) => money(row.amount_cents) },
      { head: 'Opened', cell: (row) => time(row.opened_at) },
      { head: 'Last hit', cell: (row) => time(row.last_hit_at) },
    ],
  });
  cases(rows);
  setText(
    byId('cases-note'),
    overview === null || overview.openCases === null ? '' : `${exact(overview.openCases)} open`,
  );
}

export function renderSessions({ sessions: rows }) {
  sessions ??= createTable(byId('sessions-table'), {
    caption: 'Closed sessions, newest first',
    empty: 'No session has closed yet.',
    keyOf: (row) => `${row.customer_id}|${row.start_at}`,
    idOf: (row) => `sessions/${row.customer_id}/${row.start_at}`,
    columns: [
      {
        head: 'Customer',
        number: true,
        cell: (row) => h('a', { href: `#sessions/${row.customer_id}/${row.start_at}` }, String(row.customer_id)),
      },
      { head: 'Started', cell: (row) => time(row.start_at) },
      { head: 'Lasted', number: true, cell: (row) => duration(row.end_at - row.start_at) },
      { head: 'Events', number: true, cell: (row) => exact(row.count) },
      { head: 'Total', number: true, cell: (row) => money(row.total_cents) },
      { head: 'Largest score', cell: (row) => scoreCell(row.max_score) },
    ],
  });
  sessions(rows.slice(0, 40));
  setText(byId('sessions-note'), rows.length === 0 ? '' : `the latest ${Math.min(40, rows.length)}`);
}

export function scoreCell(score) {
  if (typeof score !== 'number') return '–';
  const level = score >= 0.9 ? 'high' : score >= 0.6 ? 'medium' : 'low';
  return h('span', { class: 'line' }, bar(score, level), h('span', { class: 'mono' }, score.toFixed(3)));
}

/** At once when the filter changed, whatever is pointed at. */
export function renderDeadLetters({ deadLetters: rows, overview }, { force = false } = {}) {
  deadLetters ??= createTable(byId('dead-letters-table'), {
    caption: 'Dead letters, newest first',
    empty: 'No dead letters: everything that came in could be decoded and passed validation.',
    keyOf: (row) => `${row.stream}|${row.source}|${row.position}|${row.offset}`,
    idOf: (row) => `dead-letters/${row.stream}/${row.offset}`,
    columns: [
      {
        head: 'Stream and source',
        cell: (row) => [
          h('a', { href: `#dead-letters/${row.stream}/${row.offset}` }, `${row.stream} @ ${row.offset}`),
          h('div', { class: 'muted' }, `from ${row.source} : ${row.position}`),
        ],
      },
      {
        head: 'What was wrong',
        cell: (row) => [h('code', {}, row.reason), h('div', { class: 'detail' }, row.detail)],
      },
      { head: 'As it came', cell: rawCell },
    ],
  });
  const words = byId('dead-letters-filter').value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter((row) => {
    const text = Object.values(row).join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
  deadLetters(matching, { force });
  const total = overview === null || overview.deadLetters === null ? '' : `${exact(overview.deadLetters)} in all; `;
  setText(
    byId('dead-letters-note'),
    rows.length === 0 ? '' : `${total}${matching.length} of the latest ${rows.length} shown`,
  );
}

function rawCell(row) {
  const raw = String(row.raw ?? '');
  if (raw.length <= 28) return h('code', {}, raw === '' ? '(empty)' : raw);
  return h('details', {}, h('summary', {}, h('code', {}, `${raw.slice(0, 24)}…`)), h('pre', {}, raw));
}

export function renderHistory({ actorHistory: rows }) {
  history ??= createTable(byId('actors-history'), {
    caption: 'Failures and restarts of actors, newest first',
    empty: 'No actor has failed.',
    keyOf: (row) => `${row.actor}|${row.change}|${row.changed_at}`,
    columns: [
      { head: 'When', cell: (row) => time(row.changed_at) },
      { head: 'Change', cell: (row) => stateMark(row.change) },
      { head: 'Restarts', number: true, cell: (row) => exact(row.restarts) },
      {
        head: 'Actor',
        cell: (row) => [
          h('span', { class: 'path' }, row.actor),
          row.error === null ? null : h('div', { class: 'detail failure' }, row.error),
        ],
      },
    ],
  });
  history(rows.slice(0, 40));
}
