/** The feed of alerts: severity, score and reasons in words, and where in the log each one stands. */
import { useState } from 'preact/hooks';
import { money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { to } from '../../http/public/core/router.js';
import { useSource } from '../../http/public/core/store.js';
import { explained } from '../../http/public/view/explain-link.js';
import { Filter, matching } from '../../http/public/view/filter.js';
import { Exports, Frame } from '../../http/public/view/frame.js';
import { Bar, Time } from '../../http/public/view/marks.js';
import { Rows, rowClass } from '../../http/public/view/table.js';
import { Reasons } from './cells.js';
import { alertsSource } from './sources.js';

export const alertsPanel = {
  id: 'alerts',
  title: 'Alerts',
  on: { '/': { order: 20, width: 'side' }, '/alerts': { order: 10 } },
  view: Alerts,
};

const SHOWN_ALERTS = 60;
const SEVERITIES = ['high', 'medium', 'low'];
const GLYPHS = { high: '▲▲▲', medium: '▲▲', low: '▲' };
const idOf = (row) => `alerts/${row.alert_id}`;

function Alerts({ panel }) {
  const shown = useSource(alertsSource);
  const [severity, setSeverity] = useState('');
  const [text, setText] = useState('');
  const all = shown.value ?? [];
  const found = matching(all, text).filter((row) => severity === '' || row.severity === severity);
  const note =
    all.length === 0 ? '' : `${found.length === all.length ? '' : `${found.length} of `}the latest ${all.length}`;
  const tools = html`<label>
      <span class="hidden">Severity</span>
      <select onInput=${(event) => setSeverity(event.target.value)}>
        <option value="">all severities</option>
        ${SEVERITIES.map((name) => html`<option>${name}</option>`)}
      </select>
    </label>
    <${Filter} label="Filter alerts" value=${text} onText=${setText} />
    <${Exports} path="/api/v1/alerts" name="alerts" />`;
  const feed = (rows, isNew, lit) => html`<ol class="feed">
    ${rows.map((row) => html`<${Alert} key=${row.alert_id} row=${row} class=${rowClass(isNew(row.alert_id), idOf(row) === lit)} />`)}
  </ol>`;
  const empty = all.length === 0 ? 'No alerts so far.' : `None of the latest ${all.length} alerts matches the filter.`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    <${Rows}
      caption="Alerts, newest first"
      empty=${empty}
      shown=${shown}
      rows=${found.slice(0, SHOWN_ALERTS)}
      keyOf=${alertsSource.key}
      idOf=${idOf}
      section="alerts"
      draw=${feed}
      filter=${`${severity} ${text}`}
      class=${location.pathname === to('/alerts') ? 'page-long' : 'tall'}
    />
  <//>`;
}

function Alert({ row, class: more }) {
  return html`<li id=${idOf(row)} class=${['alert', more].filter(Boolean).join(' ')} data-severity=${row.severity} tabindex="-1">
    <div class="line">
      <span class="severity" data-level=${row.severity}><span aria-hidden="true">${GLYPHS[row.severity] ?? '▲'}</span> ${row.severity}</span>
      <strong class="amount">${money(row.amount_cents)}</strong>
      <span>customer ${row.customer_id} at terminal ${row.terminal_id}</span>
      <a class="when" href="#${idOf(row)}" title="Alert ${row.alert_id}"><${Time} at=${row.occurred_at} /></a>
    </div>
    <${Reasons} text=${row.reasons} />
    <div class="line foot">
      <span class="muted">score</span><${Bar} ratio=${row.score} level=${row.severity} /><span class="mono">${Number(row.score).toFixed(3)}</span>
      <span class="muted">by ${row.model}</span>
      <a href=${to('/cases', row.case_id)}>case ${row.case_id}</a>
      <a href=${explained('alert', row.alert_id)} title="The events that it came of">explain</a>
      <span class="mono muted" title="Where the alert stands in the journal">${row.stream} / ${row.partition} @ ${row.offset}</span>
      <span class="muted">transaction ${row.transaction_id}</span>
    </div>
  </li>`;
}
