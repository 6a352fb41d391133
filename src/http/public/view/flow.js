/** The topology with its operators, narrowed to what is connected with a name, and a row for each operator. */
import { useState } from 'preact/hooks';
import { flowOf, percent, slowestOf, stageOf } from '../core/flow.js';
import { bytes, count, duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, served } from '../core/place.js';
import { overviewSource } from '../core/sources.js';
import { isLagKnown, mostBehind } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { connectedWith, topologyOf } from '../core/topology.js';
import { Filter } from './filter.js';
import { Frame } from './frame.js';
import { Graph } from './graph.js';
import { Table } from './table.js';

const source = {
  id: 'operators',
  read: () => getJson('/api/v1/operators'),
  again: { when: (kind) => kind === 'overview', everyMs: 2_000 },
};
/** More parts than a drawing is of use for. */
const TOO_LARGE = 60;
const LARGE = 30;

export function View({ panel, pipeline }) {
  const { value: overview, status } = useSource(overviewSource);
  const { value: operators = [] } = useSource(source);
  const [text, setText] = useState('');
  const [isUnfolded, unfold] = useState(false);
  const unfolded = new Set(isUnfolded ? pipeline.streams.map(({ name }) => name) : []);
  // Before a partition is open nobody knows its operators.
  const whole =
    operators.length === 0 ? topologyOf(overview, pipeline) : flowOf(overview, pipeline, operators, unfolded);
  const shown = connectedWith(whole, text);
  const behind = mostBehind(overview);
  const note = behind
    ? `Furthest behind: ${behind.label}, by ${count(behind.lag)} events`
    : isLagKnown(overview)
      ? 'Nothing is behind'
      : 'The read models are being opened';
  const tools = html`<label><input type="checkbox" checked=${isUnfolded} onChange=${(event) => unfold(event.target.checked)} /> partitions</label>
    ${whole.boxes.length > LARGE && html`<${Filter} label="Show what is connected with a name" size=${24} placeholder="Connected with … ( / )" value=${text} onText=${setText} />`}
    <a href=${served('/api/v1/overview')} download="overview.json">JSON</a>`;
  const list = { id: 'flow-operators', title: 'Operators' };
  const slowest = slowestOf(operators);
  return html`<div class="stack">
    <${Frame} panel=${panel} note=${note} tools=${tools}>
      ${draws(shown, behind)}
    <//>
    ${
      operators.length > 0 &&
      html`<${Frame} panel=${list} note="busy: its share of a core, over all partitions" tools=${html`<a href=${served('/api/v1/operators')} download="operators.json">JSON</a>`}>
        <${Table}
          caption="Operators, and how each goes"
          shown=${{ status }}
          rows=${operators}
          columns=${columnsOf(overview, slowest)}
          keyOf=${(row) => row.id}
          empty="None runs."
        />
      <//>`
    }
  </div>`;
}

function draws(shown, behind) {
  if (shown.boxes.length > TOO_LARGE) {
    return html`<p class="empty">${exact(shown.boxes.length)} parts. Type a part of a name to see what is connected with it.</p>`;
  }
  if (shown.boxes.length === 0) return html`<p class="empty">Nothing has such a name.</p>`;
  return html`<${Graph} topology=${shown} behind=${behind?.id} />`;
}

function columnsOf(overview, slowest) {
  return [
    {
      head: 'Operator',
      cell: (row) =>
        html`<strong>${row.operator}</strong> ${row === slowest && html`<span class="warn">▲ slowest</span>`}`,
    },
    { head: 'Kind', cell: (row) => row.kind },
    { head: 'Of', cell: (row) => html`<span class="long">${row.inputs.join(', ')}</span>` },
    { head: 'In', number: true, cell: (row) => rate(row.eventsInPerSecond) },
    { head: 'Out', number: true, cell: (row) => rate(row.eventsOutPerSecond) },
    {
      head: 'Busy',
      number: true,
      cell: (row) => html`<span title=${busyTitle(row)}>${percent(row.busyShare)}</span>`,
    },
    { head: 'An event', number: true, cell: (row) => eventTime(row) },
    { head: 'Queue', number: true, cell: (row) => queueOf(stageOf(overview, row)) },
    { head: 'Watermark behind', number: true, cell: (row) => duration(stageOf(overview, row).watermarkDelayMs) },
    { head: 'Keys', number: true, cell: (row) => exact(row.keys) },
    { head: 'State', number: true, cell: (row) => (row.bytes === null ? '–' : bytes(row.bytes)) },
  ];
}

const queueOf = ({ queueDepth, queueBound }) => (queueBound === 0 ? '–' : `${queueDepth}/${queueBound}`);

/** Where one partition does most of the work, its key is uneven. */
const busyTitle = ({ partitions }) =>
  partitions.map(({ log, busyShare }) => `${log}: ${percent(busyShare)}`).join('\n');

function eventTime({ busyShare, eventsInPerSecond }) {
  if (eventsInPerSecond < 1) return '–';
  const micros = (busyShare * 1e6) / eventsInPerSecond;
  return micros < 1 ? `${Math.round(micros * 1_000)} ns` : `${micros.toFixed(1)} µs`;
}
