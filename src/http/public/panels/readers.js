/** The journal as a whole, and who reads it: read models and sinks, and how far each is behind. */
import { bytes, count, duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { overviewSource } from '../core/sources.js';
import { isLagKnown, mostBehind } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { Facts } from '../view/facts.js';
import { Frame } from '../view/frame.js';
import { State, Time } from '../view/marks.js';
import { Table } from '../view/table.js';

export const readersPanel = {
  id: 'readers',
  title: 'Read models and sinks',
  on: { '/journal': { order: 10 } },
  view: Readers,
};

const WORDS = { projection: 'read model', sink: 'sink' };

const COLUMNS = [
  { head: 'Reader', cell: (row) => html`<span class="long">${row.label}</span>` },
  { head: 'Kind', cell: (row) => WORDS[row.kind] },
  {
    head: 'State',
    cell: (row) =>
      html`<${State} state=${row.state} />${row.problem ? html` <span class="long">${row.problem}</span>` : ''}`,
  },
  { head: 'Rate', number: true, cell: (row) => rate(row.eventsPerSecond) },
  {
    head: 'Since the start',
    number: true,
    cell: (row) => html`<span title=${exact(row.eventsTotal)}>${count(row.eventsTotal)}</span>`,
  },
  { head: 'Events behind', number: true, cell: (row) => exact(row.lag) },
];

function Readers({ panel }) {
  const { value: overview, status } = useSource(overviewSource);
  const journal = overview.stages.find(({ kind }) => kind === 'journal');
  const readers = overview.stages.filter(({ kind }) => kind in WORDS);
  const behind = mostBehind(overview);
  const facts = [
    ['Journal', journal === undefined ? 'opening' : html`<${State} state=${journal.state} />`],
    ['Written', journal === undefined ? '–' : rate(journal.eventsPerSecond)],
    ['Since the start', exact(journal?.eventsTotal)],
    ['Started', html`<${Time} at=${overview.startedAt} />`],
    ['Memory', bytes(overview.rssBytes)],
    ['Loop delay p99', duration(overview.eventLoopDelayP99Ms)],
  ];
  const note = behind
    ? `Furthest behind: ${behind.label}`
    : isLagKnown(overview)
      ? 'Nothing is behind'
      : 'The read models are being opened';
  return html`<${Frame} panel=${panel} note=${note}>
    <${Facts} facts=${facts} />
    <${Table} caption="Who reads the journal" empty="Nobody reads it." shown=${{ status, value: readers }} columns=${COLUMNS} keyOf=${(row) => row.id} />
  <//>`;
}
