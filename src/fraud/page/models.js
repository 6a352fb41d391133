/** Models: which score, how good each was found, and what was promoted and taken back. */
import { useState } from 'preact/hooks';
import { exact } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { getJson } from '../../http/public/core/place.js';
import { useSource } from '../../http/public/core/store.js';
import { Time } from '../../http/public/view/marks.js';
import { Table } from '../../http/public/view/table.js';
import { command, Who } from './desk.js';

const digits = (value) => (typeof value === 'number' ? value.toFixed(3) : '–');
const number = (head, of) => ({ head, number: true, cell: of });
const day = (ms) => new Date(ms).toISOString().slice(0, 10);
const ready = { status: 'ready' };
const again = { when: () => false, everyMs: 10_000 };
const modelsSource = { id: 'models', read: () => getJson('/api/v1/models'), again };
const changesSource = { id: 'model-changes', read: () => getJson('/api/v1/model-changes'), again };

const outagesSource = { id: 'model-outages', read: () => getJson('/api/v1/model-outages'), again };

const roundsSource = { id: 'model-rounds', read: () => getJson('/api/v1/model-rounds'), again };

const ROUNDS = [
  { head: 'When', cell: (row) => html`<${Time} at=${row.ran_at} />` },
  { head: 'Kind', cell: (row) => row.kind },
  { head: 'Trained', cell: (row) => row.model || '–' },
  { head: 'Beside', cell: (row) => row.champion || 'the rules alone' },
  { head: 'Judged on', cell: (row) => `${day(row.judged_from)} to ${day(row.judged_to - 1)}` },
  number('Frauds', (row) => exact(row.frauds)),
  { head: 'Outcome', cell: (row) => row.outcome },
  { head: 'Why', cell: (row) => row.why },
  { head: 'By', cell: (row) => row.by },
];

const CHANGES = [
  { head: 'When', cell: (row) => html`<${Time} at=${row.requested_at} />` },
  { head: 'What', cell: (row) => row.action },
  { head: 'Model', cell: (row) => row.model || 'the rules alone' },
  { head: 'Before', cell: (row) => row.previous || 'none' },
  number('Threshold', (row) => digits(row.threshold)),
  { head: 'Chosen by', cell: (row) => row.reason },
  { head: 'By', cell: (row) => row.by },
  { head: 'Outcome', cell: (row) => (row.outcome === 'done' ? 'done' : `refused: ${row.detail}`) },
];

export function View() {
  const shown = useSource(modelsSource);
  const changes = useSource(changesSource);
  const rounds = useSource(roundsSource);
  const outages = useSource(outagesSource);
  const [said, setSaid] = useState('');
  const [card, setCard] = useState(null);
  const act = async (action, model) => {
    setSaid('Asking …');
    try {
      const done = await command('/api/v1/models/actions', model === undefined ? { action } : { action, model });
      setSaid(`Done: ${done.action} ${done.model || 'the rules alone'}.`);
    } catch (error) {
      setSaid(error.message);
    }
  };
  const open = async (model) => {
    const address = `/api/v1/models/${encodeURIComponent(model)}`;
    try {
      const [card, drift] = await Promise.all([getJson(address), getJson(`${address}/drift`).catch(() => null)]);
      setCard({ ...card, drift });
    } catch (error) {
      setSaid(error.message);
    }
  };
  const columns = [
    {
      head: 'Model',
      cell: (row) => html`<button type="button" onClick=${() => open(row.model)}>${row.model}</button>`,
    },
    { head: 'Scores as', cell: (row) => row.role ?? '–' },
    { head: 'Trained on', cell: (row) => row.problem ?? `${day(row.trainedFrom)} to ${day(row.trainedTo - 1)}` },
    number('Rows', (row) => exact(row.rows)),
    number('Frauds', (row) => exact(row.positives)),
    number('Threshold', (row) => digits(row.threshold)),
    {
      head: 'Do',
      cell: (row) =>
        row.problem === null &&
        html`<span class="line">
          ${row.role !== 'champion' && html`<button type="button" onClick=${() => act('promote', row.model)}>Promote</button>`}
          ${row.role === null && html`<button type="button" onClick=${() => act('challenge', row.model)}>As challenger</button>`}
          ${row.role === 'challenger' && html`<button type="button" onClick=${() => act('withdraw')}>Withdraw</button>`}
        </span>`,
    },
  ];
  return html`<${Outages} rows=${outages.value ?? []} />
    <p class="line" id="model-actions"><${Who} />
      <button type="button" onClick=${() => act('rollback')}>Roll back the last promotion</button> <span role="status">${said}</span></p>
    <${Table} caption="Models that were trained" empty="No model yet: millrace model train makes one." shown=${shown} rows=${shown.value ?? []} columns=${columns} keyOf=${(row) => row.model} />
    ${card !== null && html`<${Card} card=${card} />`}
    <h3>What was promoted and taken back</h3>
    <${Table} caption="Changes of models" empty="Nothing yet." shown=${changes} rows=${changes.value ?? []} columns=${CHANGES} keyOf=${(row) => row.command_id} />
    <h3>Rounds of training</h3>
    <${Table} caption="Rounds of training" empty="None yet: millrace model retrain, or a job with a step train." shown=${rounds} rows=${rounds.value ?? []} columns=${ROUNDS} keyOf=${(row) => row.round_id} />`;
}

/** A line a model: its partitions say the same, each when it comes to it. */
function Outages({ rows }) {
  const open = rows.filter(({ state }) => state === 'began');
  const first = open.filter(
    (row, at) => open.findIndex(({ model, role }) => model === row.model && role === row.role) === at,
  );
  return first.map(
    ({
      model,
      role,
      instead,
      detail,
    }) => html`<p role="alert" key=${model + role}><strong>${model}</strong> is the ${role} and does not score: ${detail}.
      ${role === 'champion' && html`In its place scores ${instead === '' ? 'nothing but the rules' : instead}.`}</p>`,
  );
}

function Card({ card: { model, kind, trained, thresholdReason, measured, inputs, limits, drift } }) {
  const figures =
    measured === null
      ? 'It was not measured before a promotion.'
      : `On ${measured.from} to ${measured.to}: AUC ${digits(measured.auc)}, average precision ${digits(measured.averagePrecision)} (${measured.intervals.averagePrecision.map(digits).join(' to ')}), card precision@100 ${digits(measured.cardPrecisionAt100)}; ${measured.atThreshold.alertsPerDay.toFixed(1)} alerts a day, ${digits(measured.atThreshold.precision)} of them right.`;
  const columns = [
    { head: 'Input', cell: (row) => row.name },
    { head: 'Family', cell: (row) => row.family },
    number('Weight', (row) => row.weight.toFixed(2)),
  ];
  return html`<section id="model-card"><h3>${model}</h3>
    <p>${kind}, trained on ${exact(trained.rows)} transactions from ${day(trained.from)} to ${day(trained.to - 1)}; ${(100 * trained.prevalence).toFixed(2)} % were fraud. Threshold: ${thresholdReason}.</p>
    <p>${figures}</p>
    <ul>${limits.map((text) => html`<li>${text}</li>`)}</ul>
    <${Table} caption="What it goes by most" empty="It was made elsewhere: what it goes by is not known." shown=${ready} rows=${inputs.slice(0, 12)} columns=${columns} keyOf=${(row) => row.name} />
    <${Drifts} drift=${drift} />
  </section>`;
}

const DRIFTS = [
  { head: 'Of', cell: (row) => row.of },
  number('PSI', (row) => digits(row.psi)),
  { head: 'State', cell: (row) => row.state },
  number('Mean of the training', (row) => row.trainedMean.toPrecision(4)),
  number('Mean now', (row) => row.mean.toPrecision(4)),
];

function Drifts({ drift }) {
  if (drift === null || drift.drifts.length === 0)
    return html`<p>How far the last 7 days are from the training is known from 1,000 transactions on.</p>`;
  const caption = `Drift: ${exact(drift.rows)} transactions from ${day(drift.from)} to ${day(drift.to)}`;
  return html`<${Table} caption=${caption} empty="" shown=${ready} rows=${drift.drifts} columns=${DRIFTS} keyOf=${(row) => row.of} />`;
}
