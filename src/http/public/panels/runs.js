/** Runs of scheduled jobs: a grid of states as in Airflow, oldest left, and the table. */
import { amount, duration, exact, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { runsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { State, Time } from '../view/marks.js';
import { Rows, Table } from '../view/table.js';

export const runsPanel = {
  id: 'runs',
  title: 'Runs',
  on: { '/jobs': { order: 10 } },
  shows: ({ jobs }) => jobs.length > 0,
  view: Runs,
};

const SHOWN_ROWS = 60;
const SHOWN_CELLS = 48;
const GLYPHS = {
  success: '✓',
  failed: '✕',
  running: '◐',
  up_for_retry: '↻',
  queued: '…',
  skipped: '–',
  cancelled: '■',
};

const idOf = (row) => `runs/${row.run_id}`;

const COLUMNS = [
  { head: 'Job', cell: (row) => html`<a href="#${idOf(row)}">${row.job}</a>` },
  {
    head: 'Interval',
    cell: (row) =>
      html`<span class="mono" title="for ${duration(row.interval_end - row.interval_start)}">${stamp(row.interval_start)}</span>`,
  },
  { head: 'State', cell: (row) => html`<${State} state=${row.state} />` },
  { head: 'Attempt', number: true, cell: (row) => exact(row.attempt) },
  { head: 'Records', number: true, cell: (row) => exact(row.records) },
  { head: 'Changed', cell: (row) => html`<${Time} at=${row.changed_at} />` },
  { head: 'Message', cell: (row) => html`<span class="detail">${row.message}</span>` },
];

function Runs({ panel }) {
  const shown = useSource(runsSource);
  const runs = shown.value ?? [];
  const jobs = new Set(runs.map(({ job }) => job)).size;
  const failed = runs.filter(({ state }) => state === 'failed').length;
  const note = runs.length === 0 ? '' : `${amount(runs.length, 'run')} of ${amount(jobs, 'job')}, ${failed} failed`;
  const newest = [...runs].sort((a, b) => b.changed_at - a.changed_at).slice(0, SHOWN_ROWS);
  return html`<${Frame} panel=${panel} note=${note} tools=${html`<${Exports} path="/api/v1/runs" name="runs" />`}>
    ${runs.length > 0 && html`<${Rows} caption="Runs by interval, oldest left" shown=${shown} rows=${runs} keyOf=${(row) => row.run_id} draw=${grid} class="grid" />`}
    <${Table}
      caption="Runs, last changed first"
      empty="No run so far."
      shown=${shown}
      rows=${newest}
      columns=${COLUMNS}
      keyOf=${(row) => row.run_id}
      idOf=${idOf}
      section="runs"
      class="tall"
    />
  <//>`;
}

function grid(runs) {
  const states = [...new Set(runs.map(({ state }) => state))];
  return html`${[...Map.groupBy(runs, ({ job }) => job)].map(
    ([job, rows]) => html`<div key=${job} class="grid-row">
        <span class="job">${job}</span>
        <div class="cells">${newestLast(rows).map((row) => html`<${Cell} key=${row.run_id} row=${row} />`)}</div>
      </div>`,
  )}
    <p class="legend muted">
      ${states.map((state) => html`<span><span class="cell" data-state=${state} aria-hidden="true">${GLYPHS[state] ?? '?'}</span> ${state}</span>`)}
    </p>`;
}

const newestLast = (rows) => [...rows].sort((a, b) => a.interval_end - b.interval_end).slice(-SHOWN_CELLS);

function Cell({ row }) {
  const span = `${stamp(row.interval_start)} – ${stamp(row.interval_end)}: ${row.state}, attempt ${row.attempt}`;
  return html`<a class="cell" href="#${idOf(row)}" data-state=${row.state} title=${span} aria-label="${row.job}, ${span}">
    ${GLYPHS[row.state] ?? '?'}
  </a>`;
}
