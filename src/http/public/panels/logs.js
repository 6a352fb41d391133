/** The logs of the journal: one for each partition, of streams and of what is computed over several of them. */
import { useState } from 'preact/hooks';
import { amount, count, duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { overviewSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from '../view/filter.js';
import { Frame } from '../view/frame.js';
import { Bar, State } from '../view/marks.js';
import { Table } from '../view/table.js';

export const logsPanel = { id: 'logs', title: 'Logs', on: { '/journal': { order: 20 } }, view: Logs };

const FILTER_FROM = 12;

const COLUMNS = [
  { head: 'Log', cell: (row) => html`<span class="long">${row.label}</span>` },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Rate', number: true, cell: (row) => rate(row.eventsPerSecond) },
  {
    head: 'Since the start',
    number: true,
    cell: (row) => html`<span title=${exact(row.eventsTotal)}>${count(row.eventsTotal)}</span>`,
  },
  { head: 'Queue', cell: (row) => html`<${Queue} stage=${row} />` },
  { head: 'Watermark behind', number: true, cell: (row) => duration(row.watermarkDelayMs) },
];

function Queue({ stage: { queueDepth, queueBound } }) {
  const full = queueBound === 0 ? 0 : queueDepth / queueBound;
  const level = full >= 0.9 ? 'high' : full >= 0.5 ? 'medium' : 'low';
  return html`<span class="line"><${Bar} ratio=${full} level=${level} /> ${queueDepth}/${queueBound}${full >= 0.9 && ' full'}</span>`;
}

function Logs({ panel }) {
  const { value: overview, status } = useSource(overviewSource);
  const [text, setText] = useState('');
  const rows = overview.stages.filter(({ kind }) => kind === 'partition');
  const found = matching(rows, text);
  const tools = rows.length > FILTER_FROM && html`<${Filter} label="Filter logs" value=${text} onText=${setText} />`;
  return html`<${Frame} panel=${panel} note=${amount(rows.length, 'log')} tools=${tools}>
    <${Table} caption="Logs of the journal" empty="No log." shown=${{ status, value: found }} columns=${COLUMNS} keyOf=${(row) => row.id} filter=${text} class="tall" />
  <//>`;
}
