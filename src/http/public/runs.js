/** Runs of scheduled jobs: a grid of states as in Airflow, oldest left, and the table. */
import { byId, h, patchChildren, setText, stateMark, time } from './dom.js';
import { duration, exact, stamp } from './format.js';
import { holdStill } from './hold.js';
import { createTable } from './table.js';

const GLYPHS = {
  success: '✓',
  failed: '✕',
  running: '◐',
  up_for_retry: '↻',
  queued: '…',
  skipped: '–',
  cancelled: '■',
};
let table = null;
let shown = '';
let updateGrid = null;
let gridRuns = 0;

export function renderRuns({ runs }) {
  const jobs = new Map();
  for (const row of runs) jobs.set(row.job, [...(jobs.get(row.job) ?? []), row]);
  const text = JSON.stringify(runs.map((row) => [row.run_id, row.state]));
  if (text !== shown) {
    shown = text;
    updateGrid ??= holdStill(byId('runs-grid'), drawGrid, ({ runs: rows }) => rows.length - gridRuns);
    updateGrid({ jobs, runs });
  }
  const failed = runs.filter((row) => row.state === 'failed').length;
  setText(
    byId('runs-note'),
    runs.length === 0
      ? ''
      : `${runs.length} runs of ${jobs.size} ${jobs.size === 1 ? 'job' : 'jobs'}, ${failed} failed`,
  );
  table ??= createRunTable();
  table([...runs].sort((a, b) => b.changed_at - a.changed_at).slice(0, 60));
}

function drawGrid({ jobs, runs }) {
  gridRuns = runs.length;
  patchChildren(byId('runs-grid'), [...[...jobs].map(([job, rows]) => gridRow(job, rows)), legend(runs)]);
}

function gridRow(job, rows) {
  const cells = [...rows]
    .sort((a, b) => a.interval_end - b.interval_end)
    .slice(-48)
    .map((row) =>
      h(
        'a',
        {
          href: `#runs/${row.run_id}`,
          class: 'cell',
          'data-state': row.state,
          title: `${stamp(row.interval_start)} – ${stamp(row.interval_end)}: ${row.state}, attempt ${row.attempt}`,
          'aria-label': `${job}, interval to ${stamp(row.interval_end)}: ${row.state}`,
        },
        GLYPHS[row.state] ?? '?',
      ),
    );
  return h('div', { class: 'grid-row' }, h('span', { class: 'job' }, job), h('div', { class: 'cells' }, cells));
}

function legend(runs) {
  const states = [...new Set(runs.map((row) => row.state))];
  return h(
    'p',
    { class: 'legend muted' },
    states.map((state) =>
      h(
        'span',
        {},
        h('span', { class: 'cell', 'data-state': state, 'aria-hidden': 'true' }, GLYPHS[state] ?? '?'),
        ` ${state}`,
      ),
    ),
  );
}

function createRunTable() {
  return createTable(byId('runs-table'), {
    caption: 'Runs, last changed first',
    empty: 'No run so far.',
    keyOf: (row) => row.run_id,
    idOf: (row) => `runs/${row.run_id}`,
    columns: [
      { head: 'Job', cell: (row) => h('a', { href: `#runs/${row.run_id}` }, row.job) },
      {
        head: 'Interval',
        cell: (row) =>
          h(
            'span',
            { class: 'mono', title: `for ${duration(row.interval_end - row.interval_start)}` },
            stamp(row.interval_start),
          ),
      },
      { head: 'State', cell: (row) => stateMark(row.state) },
      { head: 'Attempt', number: true, cell: (row) => exact(row.attempt) },
      { head: 'Records', number: true, cell: (row) => exact(row.records) },
      { head: 'Changed', cell: (row) => time(row.changed_at) },
      { head: 'Message', cell: (row) => h('span', { class: 'detail' }, row.message ?? '') },
    ],
  });
}
