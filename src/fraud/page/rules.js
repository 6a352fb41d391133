/** Rules: what each is worth, and what they would have done in the past, before one is switched on. */
import { useState } from 'preact/hooks';
import { exact, money } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { getJson } from '../../http/public/core/place.js';
import { to } from '../../http/public/core/router.js';
import { useSource } from '../../http/public/core/store.js';
import { Time } from '../../http/public/view/marks.js';
import { Table } from '../../http/public/view/table.js';
import { command } from './desk.js';

const share = (value) => (typeof value === 'number' ? `${(100 * value).toFixed(1)} %` : '–');
const rulesSource = {
  id: 'rules',
  read: () => getJson('/api/v1/rules'),
  again: { when: (kind) => kind === 'alert', everyMs: 10_000 },
};
const number = (head, of) => ({ head, number: true, cell: of });

const ALERT_COLUMNS = [
  { head: 'Transaction', number: true, cell: (row) => String(row.transactionId) },
  { head: 'When', cell: (row) => html`<${Time} at=${row.occurredAt} />` },
  number('Customer', (row) => String(row.customerId)),
  number('Amount', (row) => money(row.amountCents)),
  { head: 'Fraud', cell: (row) => (row.fraud ? 'yes' : 'no') },
  { head: 'Reasons', cell: (row) => row.reasons.map((text) => html`<div>${text}</div>`) },
];

export function View() {
  const shown = useSource(rulesSource);
  const [chosen, setChosen] = useState({});
  const [test, setTest] = useState({ said: '' });
  const rules = shown.value ?? [];
  const isChosen = ({ rule, enabled }) => chosen[rule] ?? enabled !== 0;
  const columns = [
    {
      head: 'Test',
      cell: (row) => html`<label><span class="hidden">Test ${row.rule}</span>
        <input type="checkbox" checked=${isChosen(row)}
          onChange=${(event) => setChosen({ ...chosen, [row.rule]: event.target.checked })} /></label>`,
    },
    { head: 'Rule', cell: (row) => html`<strong>${row.rule}</strong> <span class="muted mono">${row.where}</span>` },
    { head: 'Runs', cell: (row) => (row.enabled ? 'yes' : 'no') },
    number('Hits', (row) => exact(row.hits)),
    number('Of all', (row) => share(row.hit_rate)),
    number('Precision', (row) => share(row.precision)),
    number('Fraud caught', (row) => money(row.fraud_cents)),
    number('Cases', (row) => exact(row.cases)),
    number('Confirmed', (row) => exact(row.confirmed)),
    number('False positive', (row) => exact(row.false_positive)),
    number('Suppressed', (row) => exact(row.suppressed)),
  ];
  const run = async () => {
    setTest({ said: 'Testing on the journal …' });
    try {
      setTest({
        said: '',
        ...(await command('/api/v1/backtests', { rules: rules.filter(isChosen).map(({ rule }) => rule) })),
      });
    } catch (error) {
      setTest({ said: error.message });
    }
  };
  const ready = { status: 'ready' };
  const list = (name, rows) => html`<h3>${name}: ${rows.length} alerts</h3>
    <${Table} caption=${`Alerts ${name}`} empty="None." shown=${ready} rows=${rows.slice(0, 100)} columns=${ALERT_COLUMNS} keyOf=${(row) => row.alertId} />`;
  return html`<${Table} caption="Rules, by their hits" empty="No rule is declared." shown=${shown} rows=${rules} columns=${columns} keyOf=${(row) => row.rule} />
    <p class="line"><button type="button" id="backtest" onClick=${run}>Backtest the chosen rules</button> <span role="status">${test.said}</span></p>
    ${test.live !== undefined && html`<${Outcome} test=${test} />${list('gained', test.gained)}${list('lost', test.lost)}`}
    <p class="muted">The <a href=${to('/cases')}>cases</a> that came of them.</p>`;
}

function Outcome({ test: { live, candidate, transactions, frauds, seconds } }) {
  const rows = [
    { name: 'As it was', ...live },
    { name: 'By the chosen rules', ...candidate },
  ];
  const columns = [
    { head: 'Alerts of', cell: (row) => row.name },
    number('Alerts', (row) => exact(row.alerts)),
    number('Precision', (row) => share(row.precision)),
    number('Frauds caught', (row) => exact(row.caughtFrauds)),
    number('Recall', (row) => share(row.recall)),
    number('Caught', (row) => money(row.caughtCents)),
    number('Missed', (row) => money(row.missedCents)),
  ];
  return html`<h3>${exact(transactions)} transactions, ${exact(frauds)} known frauds, in ${seconds.toFixed(1)} s</h3>
    <${Table} caption="The backtest" empty="" shown=${{ status: 'ready' }} rows=${rows} columns=${columns} keyOf=${(row) => row.name} />`;
}
