/** What one can do with a job: run it with parameters, pause it, process a time of the past. */
import { useState } from 'preact/hooks';
import { duration, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, post } from '../core/place.js';
import { to } from '../core/router.js';
import { useSource } from '../core/store.js';

export function View({ job: { job, isPaused, params, schedule } }) {
  const [said, setSaid] = useState('');
  const path = `/api/v1/jobs/${encodeURIComponent(job)}`;
  const act = async (address, body, words = ({ message }) => message) => {
    setSaid('Asking …');
    try {
      setSaid(words(await post(address, body)));
    } catch (error) {
      setSaid(`▲ ${error.message}`);
    }
  };
  const begun = ({ id, message }) => html`<a href=${to('/jobs', job, 'runs', id)}>${id}</a>: ${message}`;
  const run = (event) => {
    event.preventDefault();
    const given = [...new FormData(event.target)].filter(([name, value]) => value !== String(params[name] ?? ''));
    act(`${path}/runs`, { params: Object.fromEntries(given) }, begun);
  };
  const word = isPaused ? 'Resume' : 'Pause';
  return html`<form class="line" aria-label="Run ${job}" onSubmit=${run}>
      ${Object.entries(params).map(
        ([name, value]) =>
          html`<label key=${name}>${name} <input name=${name} defaultValue=${String(value ?? '')} size="10" /></label>`,
      )}
      <button type="submit">Run now</button>
      <button type="button" onClick=${() => act(`${path}/${word.toLowerCase()}`, {})}>${word}</button>
      <span role="status">${said}</span>
    </form>
    ${/^(cron|every)/.test(schedule) && html`<${Backfills} job=${job} path=${path} act=${act} />`}`;
}

function Backfills({ job, path, act }) {
  const again = { when: (kind) => kind === 'run' || kind === 'overview', everyMs: 3_000 };
  const { value: backfills = [] } = useSource({
    id: `backfills/${job}`,
    read: () => getJson(`${path}/backfills`),
    again,
  });
  const begin = (event) => {
    event.preventDefault();
    const { from, to: until, parallel, reprocess } = Object.fromEntries(new FormData(event.target));
    const isDryRun = event.submitter?.name === 'dry';
    act(`${path}/backfills`, { from, to: until, parallel: Number(parallel), reprocess, dryRun: isDryRun });
  };
  return html`<details>
      <summary>Backfill</summary>
      <form class="line" aria-label="Backfill ${job}" onSubmit=${begin}>
        <label>from <input type="date" name="from" required /></label>
        <label>to, exclusive <input type="date" name="to" required /></label>
        <label>at once <input type="number" name="parallel" min="1" max="100" value="1" /></label>
        <label>again <select name="reprocess"><option>none</option><option>failed</option><option>completed</option></select></label>
        <button type="submit" name="dry">Count</button>
        <button type="submit">Begin</button>
      </form>
    </details>
    ${backfills
      .filter(({ state }, i) => state === 'running' || i === 0)
      .map((each) => html`<${Progress} key=${each.backfill} of=${each} act=${act} />`)}`;
}

function Progress({ of: { backfill, state, intervals, over, failed, left_ms: leftMs, at_work: atWork, slots }, act }) {
  const isRunning = state === 'running';
  const left = leftMs === null ? '' : `, about ${duration(leftMs)} left`;
  const share = isRunning ? `, ${exact(atWork)} of ${exact(slots)} slots that backfills may have` : '';
  return html`<p class="line">
    <progress max=${intervals} value=${over} aria-label="Progress of ${backfill}"></progress>
    <span>${backfill}: ${state}, ${exact(over)} of ${exact(intervals)} intervals are over, ${exact(failed)} failed${left}${share}</span>
    ${isRunning && html`<button type="button" onClick=${() => act(`/api/v1/backfills/${encodeURIComponent(backfill)}/cancel`, {})}>Cancel the backfill</button>`}
  </p>`;
}
