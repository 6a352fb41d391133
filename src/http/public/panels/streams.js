/** Every stream of the pipeline in a row of its own, and a filter for when there are many. */
import { useState } from 'preact/hooks';
import { amount, count, duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { to } from '../core/router.js';
import { overviewSource } from '../core/sources.js';
import { stagesOf, together } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from '../view/filter.js';
import { Frame } from '../view/frame.js';
import { State } from '../view/marks.js';
import { Table } from '../view/table.js';

export const streamsPanel = {
  id: 'streams',
  title: 'Streams',
  on: { '/': { order: 20, width: 'main' }, '/streams': { order: 10 } },
  shows: ({ streams }) => streams.length > 0,
  view: Streams,
};

const FILTER_FROM = 12;

const COLUMNS = [
  {
    head: 'Stream',
    isMain: true,
    cell: (row) => html`<a class="long" href=${to('/streams', row.name)}>${row.name}</a>`,
  },
  { head: 'Source', cell: (row) => row.source },
  { head: 'State', isMain: true, cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Rate', isMain: true, number: true, cell: (row) => rate(row.eventsPerSecond) },
  {
    head: 'Since the start',
    number: true,
    cell: (row) => html`<span title=${exact(row.eventsTotal)}>${count(row.eventsTotal)}</span>`,
  },
  { head: 'Partitions', number: true, cell: (row) => row.partitions },
  { head: 'Queue', isMain: true, number: true, cell: (row) => `${row.queueDepth}/${row.queueBound}` },
  { head: 'Watermark behind', isMain: true, number: true, cell: (row) => duration(row.watermarkDelayMs) },
];

function Streams({ panel, pipeline }) {
  const { value: overview, status } = useSource(overviewSource);
  const [text, setText] = useState('');
  const rows = pipeline.streams.map(({ name, source }) => {
    const stages = stagesOf(overview, name);
    const { partitions, ...all } = together(stages.partitions);
    return { name, source, partitions, ...all, state: worse(stages.source?.state, all.state) };
  });
  const found = matching(rows, text);
  const tools = rows.length > FILTER_FROM && html`<${Filter} label="Filter streams" value=${text} onText=${setText} />`;
  const note = text === '' ? amount(rows.length, 'stream') : `${found.length} of ${amount(rows.length, 'stream')}`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    <${Table}
      caption="Streams of the pipeline"
      empty="None of the streams matches the filter."
      shown=${{ status, value: found }}
      columns=${panel.width === 'main' ? COLUMNS.filter(({ isMain }) => isMain) : COLUMNS}
      keyOf=${(row) => row.name}
      filter=${text}
      class="tall"
    />
  <//>`;
}

/** That of the partitions, unless these just run. */
const worse = (source, partitions) =>
  partitions === 'running' || partitions === 'unknown' ? (source ?? partitions) : partitions;
