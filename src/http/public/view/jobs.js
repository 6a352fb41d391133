/**
 * Jobs as Airflow's grid has them: a column a run, oldest left, a row a step; above it when the job runs next and what one can
 * do with it. A state is a sign and a word before it is a colour.
 */
import { stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson } from '../core/place.js';
import { to } from '../core/router.js';
import { runsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { tableSource } from '../core/tables.js';
import { lazily } from './lazy.js';
import { Time } from './marks.js';
import { Rows } from './table.js';

const Actions = lazily(() => import('./job-actions.js'));
const SHOWN_RUNS = 30;
const again = { when: (kind) => kind === 'run' || kind === 'overview', everyMs: 2_000 };
const jobsSource = { id: 'jobs', read: () => getJson('/api/v1/jobs'), again };
const stepsSource = tableSource({
  id: 'run-steps',
  keep: 3_000,
  ask: 1_000,
  key: (row) => `${row.run_id}|${row.step}|${row.item}`,
  again,
});

const SIGNS = {
  success: '✓',
  failed: '✕',
  timed_out: 'T',
  running: '◐',
  up_for_retry: '↻',
  queued: '…',
  skipped: '–',
  upstream_failed: '↑',
  cancelled: '■',
};
/** States that look like another, beside their sign. */
const LOOKS = { timed_out: 'failed', upstream_failed: 'up_for_retry' };
/** Of a mapped step the state that asks for most attention stands for it. */
const WORST = [
  'failed',
  'timed_out',
  'up_for_retry',
  'running',
  'queued',
  'upstream_failed',
  'cancelled',
  'skipped',
  'success',
];

export function View() {
  const jobs = useSource(jobsSource);
  const runs = useSource(runsSource);
  const steps = useSource(stepsSource);
  if (jobs.value === undefined) {
    return jobs.status === 'failed'
      ? html`<p class="failed" role="alert">▲ ${jobs.error.message}</p>`
      : html`<p class="empty loading" role="status">Reading …</p>`;
  }
  const seen = new Set([...(runs.value ?? []), ...(steps.value ?? [])].map(({ state }) => state));
  const ofRun = Map.groupBy(steps.value ?? [], (row) => row.run_id);
  return html`${jobs.value.map((job) => {
    const rows = (runs.value ?? [])
      .filter((run) => run.job === job.job)
      .sort((a, b) => a.interval_end - b.interval_end || (a.run_id < b.run_id ? -1 : 1))
      .slice(-SHOWN_RUNS);
    return html`<section key=${job.job} class="job-of" aria-labelledby="job-${job.job}">
      <h3 id="job-${job.job}">${job.job}</h3>
      <p class="line muted"><span>${job.schedule}</span><span>${nextOf(job)}</span></p>
      <${Actions} job=${job} />
      <${Rows}
        caption="Runs of ${job.job}, oldest left, by step"
        empty="No run so far."
        shown=${runs}
        rows=${rows}
        keyOf=${(row) => row.run_id}
        draw=${(drawn) => html`<${Grid} job=${job} runs=${drawn} ofRun=${ofRun} />`}
        class="grid"
      />
    </section>`;
  })}
  <p class="legend muted">
    ${[...seen].map((state) => html`<span><${Mark} state=${state} /> ${state}</span>`)}
  </p>`;
}

function nextOf({ isPaused, nextRunAt }) {
  if (isPaused) return '⏸ paused';
  if (nextRunAt === null) return 'the clock starts none';
  return html`next run <${Time} at=${nextRunAt} />`;
}

const Mark = ({ state }) =>
  html`<span class="cell" data-state=${LOOKS[state] ?? state} aria-hidden="true">${SIGNS[state] ?? '?'}</span>`;

/** One stop of the Tab key, at the newest run; arrows go from cell to cell. */
function Grid({ job, runs, ofRun }) {
  const line = (name, stateOf) => html`<tr key=${name}>
    <th scope="row" class="step-name">${name}</th>
    ${runs.map((run, i) => html`<td key=${run.run_id} class="step-cell"><${Cell} run=${run} step=${name} state=${stateOf(run)} isStop=${name === 'run' && i === runs.length - 1} /></td>`)}
  </tr>`;
  const stepState = (step) => (run) => {
    const states = (ofRun.get(run.run_id) ?? []).filter((row) => row.step === step).map(({ state }) => state);
    return WORST.find((state) => states.includes(state)) ?? states[0];
  };
  return html`<table class="step-grid" onKeyDown=${move}>
    <caption class="hidden">Runs of ${job.job} by step</caption>
    <tbody>
      ${line('run', ({ state }) => state)}
      ${job.steps.map(({ name }) => line(name, stepState(name)))}
    </tbody>
  </table>`;
}

function Cell({ run, step, state, isStop }) {
  if (state === undefined) return html`<span class="cell" aria-hidden="true"></span>`;
  const words = `${step === 'run' ? 'run' : step} of ${stamp(run.interval_end)}: ${state}`;
  const query = step === 'run' ? '' : `?step=${encodeURIComponent(step)}`;
  return html`<a
    class="cell"
    href="${to('/jobs', run.job, 'runs', run.run_id)}${query}"
    data-state=${LOOKS[state] ?? state}
    title=${words}
    aria-label="${run.job}, ${words}"
    tabindex=${isStop ? 0 : -1}
    >${SIGNS[state] ?? '?'}</a
  >`;
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function move(event) {
  const by = MOVES[event.key];
  const from = event.target.closest('td');
  if (by === undefined || from === null) return;
  const row = from.closest('table').rows[from.parentElement.rowIndex + by[1]];
  const target = row?.cells[from.cellIndex + by[0]]?.querySelector('a');
  if (!target) return;
  event.preventDefault();
  target.focus();
}
