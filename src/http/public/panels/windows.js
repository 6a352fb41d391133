/** Every window and join in a row of its own: what it is of, and its newest result. */
import { useMemo, useState } from 'preact/hooks';
import { amount, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { latestSource } from '../core/results.js';
import { to } from '../core/router.js';
import { countsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from '../view/filter.js';
import { Exports, Frame } from '../view/frame.js';
import { Short, Time } from '../view/marks.js';
import { Table } from '../view/table.js';
import { Aggregates, KeyCell, spanOf } from '../view/window-cells.js';

export const windowsPanel = {
  id: 'windows',
  title: 'Windows and joins',
  on: { '/': { order: 30, width: 'main' }, '/windows': { order: 10 } },
  shows: ({ windowsAndJoins }) => windowsAndJoins.length > 0,
  view: Windows,
};

const FILTER_FROM = 12;

const sourcesOf = ({ kind, of }) => of.join(kind === 'join' ? ' with ' : ', ');

const COLUMNS = [
  {
    head: 'Name',
    isMain: true,
    cell: (row) => html`<a class="long" href=${to(`/${row.kind}s`, row.name)}>${row.name}</a>`,
  },
  { head: 'Kind', cell: (row) => row.window ?? 'join' },
  { head: 'Of', cell: (row) => html`<span class="cut" title=${sourcesOf(row)}>${sourcesOf(row)}</span>` },
  { head: 'By', cell: (row) => row.key ?? html`<span class="muted">(all)</span>` },
  { head: 'Results', isMain: true, number: true, cell: ({ results }) => (results === undefined ? '' : exact(results)) },
  {
    head: 'Newest result',
    isMain: true,
    cell: ({ latest, ...row }) => html`<${Newest} own=${row} latest=${latest} />`,
  },
];

function Newest({ own, latest }) {
  if (latest === undefined) return html`<span class="muted">none so far</span>`;
  if (own.kind === 'join') return html`<${Short} value=${latest.key} /> <${Time} at=${latest.joined_at} />`;
  return html`<span class="pair">${spanOf(latest)}</span>
    ${own.key !== null && html`<span class="pair"><${KeyCell} value=${latest.key} field=${own.key} /></span>`}
    <${Aggregates} text=${latest.aggregates} />`;
}

function Windows({ panel, pipeline }) {
  const { value: counts = {} } = useSource(countsSource);
  const source = useMemo(() => latestSource(pipeline.windowsAndJoins), [pipeline]);
  const { value: latest = {}, status, error } = useSource(source);
  const [text, setText] = useState('');
  const rows = pipeline.windowsAndJoins.map((own) => ({
    ...own,
    results: counts[own.name]?.results,
    latest: latest[own.name],
  }));
  const found = matching(rows, text);
  const windows = rows.filter(({ kind }) => kind === 'window').length;
  const words = [
    windows > 0 && amount(windows, 'window'),
    windows < rows.length && amount(rows.length - windows, 'join'),
  ];
  const tools = html`${rows.length > FILTER_FROM && html`<${Filter} label="Filter windows" value=${text} onText=${setText} />`}
    <${Exports} path="/api/v1/windows" name="windows" all />`;
  return html`<${Frame} panel=${panel} note=${words.filter(Boolean).join(', ')} tools=${tools}>
    <${Table}
      caption="Windows and joins of the pipeline"
      empty="None of them matches the filter."
      shown=${{ status: status === 'failed' ? 'failed' : 'ready', value: found, error }}
      columns=${panel.width === 'main' ? COLUMNS.filter(({ isMain }) => isMain) : COLUMNS}
      keyOf=${(row) => `${row.kind}/${row.name}`}
      filter=${text}
      class="tall"
    />
  <//>`;
}
