/** The feed of alerts: severity, score and reasons in words, and where in the log each one stands. */
import { bar, byId, h, setText, time } from './dom.js';
import { caseHref, exact, money, parsed } from './format.js';
import { holdStill } from './hold.js';

const SHOWN_ALERTS = 60;
const GLYPHS = { high: '▲▲▲', medium: '▲▲', low: '▲' };
const items = new Map();
let drawn = false;
let update = null;

/** At once when a filter changed, whatever is pointed at. */
export function renderAlerts({ alerts }, { force = false } = {}) {
  const severity = byId('alerts-severity').value;
  const words = byId('alerts-filter').value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matching = alerts.filter(
    (row) => (severity === '' || row.severity === severity) && words.every((word) => textOf(row).includes(word)),
  );
  const shown = matching.slice(0, SHOWN_ALERTS);
  update ??= holdStill(
    byId('alerts-feed'),
    drawFeed,
    (data) => data.shown.filter((row) => !items.has(row.alert_id)).length,
  );
  update({ shown, known: alerts.length }, { force });
  const filtered = matching.length === alerts.length ? '' : `${matching.length} of `;
  setText(byId('alerts-note'), alerts.length === 0 ? '' : `${filtered}the latest ${alerts.length}`);
}

function drawFeed({ shown, known }) {
  const feed = byId('alerts-feed');
  const keep = new Set(shown.map((row) => row.alert_id));
  for (const [id, element] of items) {
    if (keep.has(id)) continue;
    element.remove();
    items.delete(id);
  }
  let place = feed.firstChild;
  for (const row of shown) {
    let item = items.get(row.alert_id);
    if (item === undefined) {
      item = createItem(row);
      if (drawn) item.classList.add('new');
      items.set(row.alert_id, item);
    }
    if (place === item) place = place.nextSibling;
    else feed.insertBefore(item, place);
  }
  while (place !== null) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
  if (shown.length === 0) feed.append(h('li', { class: 'empty' }, emptyText(known)));
  drawn = true;
}

function emptyText(known) {
  return known === 0 ? 'No alerts so far.' : `None of the latest ${known} alerts matches the filter.`;
}

const textOf = (row) => Object.values(row).join(' ').toLowerCase();

function createItem(row) {
  const reasons = parsed(row.reasons);
  return h(
    'li',
    { id: `alerts/${row.alert_id}`, class: 'alert', 'data-severity': row.severity, tabindex: -1 },
    h(
      'div',
      { class: 'line' },
      h(
        'span',
        { class: 'severity', 'data-level': row.severity },
        h('span', { 'aria-hidden': 'true' }, `${GLYPHS[row.severity] ?? '▲'} `),
        row.severity,
      ),
      h('strong', { class: 'amount' }, money(row.amount_cents)),
      h('span', { class: 'who' }, `customer ${row.customer_id} at terminal ${row.terminal_id}`),
      h('a', { class: 'when', href: `#alerts/${row.alert_id}`, title: `Alert ${row.alert_id}` }, time(row.occurred_at)),
    ),
    h(
      'div',
      { class: 'line score' },
      h('span', { class: 'muted' }, 'score'),
      bar(row.score, row.severity),
      h('span', { class: 'mono' }, Number(row.score).toFixed(3)),
      h('span', { class: 'muted' }, `by ${row.model}`),
    ),
    reasonList(reasons),
    h(
      'div',
      { class: 'line foot' },
      h('a', { href: caseHref(row.case_id) }, `case ${row.case_id}`),
      h(
        'span',
        { class: 'mono muted', title: 'Where the alert stands in the journal' },
        `${row.stream} / ${row.partition} @ ${row.offset}`,
      ),
      h('span', { class: 'muted' }, `transaction ${row.transaction_id}`),
    ),
  );
}

export function reasonList(reasons) {
  return Array.isArray(reasons) && h('ul', { class: 'reasons' }, reasons.map(reasonItem));
}

function reasonItem({ code, text, value, norm }) {
  const compared = typeof value === 'number' && typeof norm === 'number';
  return h(
    'li',
    { title: code },
    text,
    compared && h('span', { class: 'muted mono' }, ` ${exact(value)}, usually ${exact(norm)}`),
  );
}
