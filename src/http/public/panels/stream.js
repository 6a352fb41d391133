/** One stream: what it is declared as, and how each of its partitions goes. */
import { duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { to } from '../core/router.js';
import { overviewSource } from '../core/sources.js';
import { stagesOf, together } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { Facts } from '../view/facts.js';
import { Frame } from '../view/frame.js';
import { State } from '../view/marks.js';
import { Table } from '../view/table.js';

export const streamPanel = {
  id: 'stream',
  title: 'Partitions',
  on: { '/streams/:stream': { order: 10 } },
  view: Stream,
};

const COLUMNS = [
  { head: 'Partition', cell: (row) => row.label },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Rate', number: true, cell: (row) => rate(row.eventsPerSecond) },
  { head: 'Since the start', number: true, cell: (row) => exact(row.eventsTotal) },
  { head: 'Queue', number: true, cell: (row) => `${row.queueDepth}/${row.queueBound}` },
  { head: 'Watermark behind', number: true, cell: (row) => duration(row.watermarkDelayMs) },
];

function Stream({ panel, params, pipeline }) {
  const { value: overview, status } = useSource(overviewSource);
  const stream = pipeline.streams.find(({ name }) => name === params.stream);
  if (stream === undefined) {
    return html`<${Frame} panel=${panel} title="No such stream">
      <p class="empty" role="alert">The pipeline has no stream ${params.stream}. <a href=${to('/streams')}>Its streams</a></p>
    <//>`;
  }
  const { source, partitions } = stagesOf(overview, stream.name);
  const all = together(partitions);
  const readers = pipeline.windowsAndJoins.filter(({ of }) => of.includes(stream.name));
  const facts = [
    ['Source', html`${stream.source} ${source !== null && html`<${State} state=${source.state} />`}`],
    ['Rate', rate(all.eventsPerSecond)],
    ['Since the start', exact(all.eventsTotal)],
    ['Key', stream.key ?? 'of its built-in schema'],
    ['Schema', html`<a href=${served(stream.schema)}>Avro</a>`],
    ['Windows and joins of it', readers.length === 0 ? 'none' : readers.map(readerLink)],
  ];
  return html`<${Frame} panel=${panel}>
    <${Facts} facts=${facts} />
    <${Table} caption="Partitions of ${stream.name}" shown=${{ status, value: partitions }} columns=${COLUMNS} keyOf=${(row) => row.id} empty="No partition." />
  <//>`;
}

const readerLink = ({ kind, name }) => html`<a class="one-of" href=${to(`/${kind}s`, name)}>${name}</a>`;
