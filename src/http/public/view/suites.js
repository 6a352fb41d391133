/** Suites as a grid: an expectation a row, a run a column, oldest left; below it what the chosen run had of it. */
import { useState } from 'preact/hooks';
import { exact, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { useSource } from '../core/store.js';
import { tableSource } from '../core/tables.js';

const source = tableSource({
  id: 'check-runs',
  keep: 400,
  key: (row) => `${row.suite}|${row.run_id}`,
  again: { when: (kind) => kind === 'overview', everyMs: 5_000 },
});

const SHOWN_RUNS = 40;
/** The page's colours are those of the runs of jobs. */
const STATES = { passed: 'success', warning: 'up_for_retry', failed: 'failed' };
const GLYPHS = { passed: '✓', warning: '!', failed: '✕' };

export function View() {
  const shown = useSource(source);
  const [chosen, setChosen] = useState(null);
  const runs = shown.value ?? [];
  if (runs.length === 0) {
    const words =
      shown.value === undefined ? 'Reading …' : 'No suite has run so far: one runs `every` so often, or in a job.';
    return html`<p class="empty">${words}</p>`;
  }
  return html`${[...Map.groupBy(runs, ({ suite }) => suite)].map(
    ([suite, own]) => html`<${Suite} key=${suite} suite=${suite} runs=${own} chosen=${chosen} onChoose=${setChosen} />`,
  )}`;
}

function Suite({ suite, runs, chosen, onChoose }) {
  const columns = [...runs]
    .sort((a, b) => a.ran_at - b.ran_at)
    .slice(-SHOWN_RUNS)
    .map((run) => ({ run, results: new Map(JSON.parse(run.results).map((each) => [each.title, each])) }));
  const last = columns.at(-1);
  const titles = [...new Set(columns.flatMap(({ results }) => [...results.keys()]))];
  const { outcome, checked, successful, evaluated, ran_at: ranAt } = last.run;
  const picked = chosen?.suite === suite ? columns.find(({ run }) => run.run_id === chosen.runId) : undefined;
  return html`<section class="scroll grid suite" aria-label="Suite ${suite}">
    <h3>${suite} <span class="muted">of ${checked}: ${outcome}, ${exact(successful)} of ${exact(evaluated)} met at ${stamp(ranAt)}</span></h3>
    ${titles.map(
      (title) => html`<div key=${title} class="grid-row">
        <span class="job" title=${title}>${title.replace(/^expect_/, '')}</span>
        <div class="cells">${columns.map(
          (column) => html`<${Cell} key=${column.run.run_id} title=${title} column=${column} onChoose=${onChoose} />`,
        )}</div>
      </div>`,
    )}
    ${picked !== undefined && html`<${Found} run=${picked.run} result=${picked.results.get(chosen.title)} />`}
  </section>`;
}

function Cell({ title, column: { run, results }, onChoose }) {
  const result = results.get(title);
  if (result === undefined) return html`<span class="cell" aria-hidden="true"></span>`;
  const words = `${title}, ${stamp(run.ran_at)}: ${result.outcome}${result.message === null ? '' : `, ${result.message}`}`;
  const choose = () => onChoose({ suite: run.suite, runId: run.run_id, title });
  return html`<button type="button" class="cell" data-state=${STATES[result.outcome]} title=${words} aria-label=${words} onClick=${choose}>
    ${GLYPHS[result.outcome]}
  </button>`;
}

function Found({ run, result }) {
  if (result === undefined) return null;
  return html`<div class="detail" role="status">
    <strong>${result.title}</strong> at ${stamp(run.ran_at)}: ${result.outcome}
    ${result.message !== null && html`<p>${result.message}</p>`}
    ${result.samples.length > 0 && html`<p>Some of what was found: ${result.samples.map((value) => html`<code>${JSON.stringify(value)}</code> `)}</p>`}
  </div>`;
}
