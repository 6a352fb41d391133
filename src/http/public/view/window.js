/** One window: a chart where one group is over all, its newest results, and a search by key and time. */
import { useState } from 'preact/hooks';
import { count, exact, money, parsed, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { resultKey, resultsSource } from '../core/results.js';
import { to } from '../core/router.js';
import { countsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Chart } from './chart.js';
import { explained } from './explain-link.js';
import { Exports, Frame } from './frame.js';
import { More, SearchFields, useSearch } from './search.js';
import { Table } from './table.js';
import { Aggregates, KeyCell, revisionOf, spanOf, spanTitle } from './window-cells.js';

const DAY_MS = 86_400_000;

export function View({ panel, params, pipeline }) {
  const own = pipeline.windowsAndJoins.find(({ kind, name }) => kind === 'window' && name === params.window);
  if (own !== undefined) return html`<${Results} panel=${panel} own=${own} />`;
  return html`<${Frame} panel=${panel} title="No such window">
    <p class="empty" role="alert">The pipeline has no window ${params.window}. <a href=${to('/windows')}>Its windows</a></p>
  <//>`;
}

function Results({ panel, own }) {
  const shown = useSource(resultsSource(own));
  const { value: counts = {} } = useSource(countsSource);
  const search = useSearch(own, shown.value);
  const rows = search.answer?.rows ?? shown.value ?? [];
  const status = search.answer?.status ?? shown.status;
  const tools = html`<${SearchFields} own=${own} search=${search} />
    <${Exports} path=${own.rows} name=${own.name} all />
    <a href=${served(own.late)} title="Events that came too late for it, the newest 100">Late</a>`;
  return html`<${Frame} panel=${panel} note=${noteOf(own, shown.value, counts[own.name], search.answer)} tools=${tools}>
    ${own.key === null && html`<${Series} own=${own} rows=${rows} />`}
    <${Table}
      caption="Results of ${own.name}, newest first"
      empty=${search.answer === null ? 'A result appears here when the watermark passes the end of a window.' : 'No result matches the search.'}
      shown=${{ status, error: search.answer?.error ?? shown.error }}
      rows=${rows}
      columns=${columnsOf(own)}
      keyOf=${resultKey}
      idOf=${idOf}
      section="windows"
      filter=${JSON.stringify([search.asked, search.answer?.pages, search.answer === null])}
      class="tall"
    />
    <${More} search=${search} />
  <//>`;
}

const idOf = (row) => `windows/${row.window}/${row.key ?? ''}/${row.start_at}`;

function columnsOf(own) {
  return [
    {
      head: 'Window',
      cell: (row) => html`<a href="#${encodeURIComponent(idOf(row))}" title=${spanTitle(row)}>${spanOf(row)}</a>`,
    },
    { head: own.key ?? 'Key', cell: (row) => html`<${KeyCell} value=${row.key} field=${own.key} />` },
    { head: 'Count', number: true, cell: (row) => exact(row.count) },
    { head: 'Revision', cell: revisionOf },
    { head: 'Aggregates', cell: (row) => html`<${Aggregates} text=${row.aggregates} />` },
    {
      head: 'Made of',
      cell: (row) => html`<a href=${explained('window', own.name, row.key ?? '', row.start_at)}>events</a>`,
    },
  ];
}

function noteOf(own, rows, counts, answer) {
  const of = `${own.window} over ${own.of.join(', ')}${own.key === null ? '' : ` by ${own.key}`}`;
  if (answer !== null)
    return `${of}; ${answer.rows.length === 0 ? 'no result of this search' : 'results of this search'}`;
  if (rows === undefined) return of;
  const [latest] = rows;
  if (latest === undefined) return `${of}; no window has closed yet`;
  const all = counts === undefined ? '' : `${exact(counts.results)} results, `;
  return `${of}; ${all}latest ends ${stamp(latest.end_at)}`;
}

function Series({ own, rows }) {
  const [chosen, choose] = useState('');
  const withValues = rows.map((row) => ({ ...row, values: parsed(row.aggregates) ?? {} }));
  const isNumber = (name) => withValues.some(({ values }) => typeof values[name] === 'number');
  const names = own.aggregates.filter(isNumber).sort(byUsefulness);
  if (names.length === 0) return null;
  const measure = names.includes(chosen) ? chosen : names[0];
  const { stepMs, points } = withGaps(withValues.reverse());
  const series = {
    measure,
    stepMs,
    starts: points.map(({ start_at }) => start_at),
    counts: points.map((row) => row.count),
    measures: points.map(({ values }) => (typeof values[measure] === 'number' ? values[measure] : null)),
    format: formatOf(measure),
  };
  return html`<div class="chart-head">
      <label>Measure <select onInput=${(event) => choose(event.target.value)}>
        ${names.map((name) => html`<option value=${name} selected=${name === measure}>${name}</option>`)}
      </select></label>
    </div>
    <${Chart} series=${series} />`;
}

/** Where windows without a result lie, the line breaks. */
function withGaps(rows) {
  const steps = rows.slice(1).map((row, i) => row.start_at - rows[i].start_at);
  const stepMs = Math.min(...steps.filter((step) => step > 0), DAY_MS);
  const points = rows.flatMap((row, i) =>
    steps[i] > 1.5 * stepMs ? [row, { start_at: row.start_at + stepMs, count: null, values: {} }] : [row],
  );
  return { stepMs, points };
}

function formatOf(measure) {
  if (/cents/i.test(measure)) return (value, short) => (short ? count(value / 100) : money(value));
  return (value) => count(value);
}

function byUsefulness(a, b) {
  const rank = (name) =>
    /total|sum/i.test(name) ? 0 : /avg|mean|max/i.test(name) ? 1 : /^(n|count)$/i.test(name) ? 3 : 2;
  return rank(a) - rank(b) || a.localeCompare(b);
}
