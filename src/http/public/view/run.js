/** One run: what it is of, its attempts by time as Gantt's chart, and what an attempt said. */
import { useState } from 'preact/hooks';
import { now } from '../core/clock.js';
import { clock, duration, exact, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, post } from '../core/place.js';
import { setQuery } from '../core/router.js';
import { useSource } from '../core/store.js';
import { Facts } from './facts.js';
import { Short, State } from './marks.js';

const again = { when: (kind) => kind === 'run' || kind === 'overview', everyMs: 1_500 };
const OPEN = ['queued', 'running'];
const MARKABLE = ['queued', 'up_for_retry', 'failed', 'timed_out'];
const enc = encodeURIComponent;

export function View({ job, run }) {
  const path = `/api/v1/jobs/${enc(job)}/runs/${enc(run)}`;
  const { value, status, error } = useSource({ id: path, read: () => getJson(path), again });
  const [chosen, setChosen] = useState(inAddress);
  const [said, setSaid] = useState('');
  if (value === undefined) {
    return status === 'failed'
      ? html`<p class="failed" role="alert">▲ ${error.message}</p>`
      : html`<p class="empty loading" role="status">Reading …</p>`;
  }
  const act = async (action, body = {}) => {
    setSaid('Asking …');
    try {
      setSaid((await post(`/api/v1/runs/${enc(run)}/${action}`, body)).message);
    } catch (failure) {
      setSaid(`▲ ${failure.message}`);
    }
  };
  const choose = (attempt) => {
    setQuery({ step: attempt.step, attempt: String(attempt.attempt), round: String(attempt.round) });
    setChosen(attempt);
  };
  const isOpen = OPEN.includes(value.state);
  const attempt = pick(value.attempts, chosen);
  const facts = [
    ['Job', job],
    ['State', html`<${State} state=${value.state} />`],
    ['Interval', `${stamp(value.interval_start)} – ${stamp(value.interval_end)}`],
    ['Began by', value.run_trigger],
    ['Parameters', value.params],
    ['Records', exact(value.records)],
    ['Message', value.message ?? '–'],
  ];
  return html`<${Facts} facts=${facts} />
    <p class="line" id="run-actions">
      ${
        isOpen
          ? html`<button type="button" onClick=${() => act('cancel')}>Cancel the run</button>`
          : html`<button type="button" onClick=${() => act('clear')}>Run again what did not succeed</button>`
      }
      ${
        value.state === 'failed' &&
        html` <button type="button" onClick=${() => act('mark', { as: 'success' })}>It is a success</button>`
      }
      <span role="status">${said}</span>
    </p>
    <${Gantt} of=${value} isOpen=${isOpen} attempt=${attempt} onChoose=${choose} onClear=${(step) => act('clear', { step })} onMark=${(step, as) => act('mark', { step, as })} />
    ${
      attempt === undefined
        ? html`<p class="empty">No attempt of this run has a log: none has begun, or it is older than the last 200 runs.</p>`
        : html`<${Log} key=${`${attempt.step}.${attempt.round}.${attempt.attempt}`} path=${path} attempt=${attempt} />`
    }`;
}

function inAddress() {
  const query = new URLSearchParams(location.search);
  const attempt = Number(query.get('attempt') ?? 0);
  return { step: fileOf(query.get('step') ?? ''), attempt, round: Number(query.get('round') ?? 1) };
}

/** As the service names the logs of attempts. */
const fileOf = (step) => step.replace(/[^\w.@~+-]/g, '-');

/** What was chosen; else the last attempt of the step, or of the last that failed, or of all. */
function pick(attempts, { step, attempt, round }) {
  const own = attempts.filter((each) => each.step === step);
  return (
    own.find((each) => each.attempt === attempt && each.round === round) ??
    own.at(-1) ??
    attempts.findLast(({ level }) => level === 'error') ??
    attempts.at(-1)
  );
}

function Gantt({ of: { steps, attempts }, isOpen, attempt, onChoose, onClear, onMark }) {
  const begin = Math.min(...attempts.map(({ beganAt }) => beganAt ?? Number.POSITIVE_INFINITY));
  const end = Math.max(...attempts.map(({ lastAt }) => lastAt ?? 0), isOpen ? now() : 0);
  const whole = Math.max(1, end - begin);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Steps by time"><table class="gantt">
    <caption class="hidden">Steps and their attempts, by time</caption>
    <thead><tr>
      <th scope="col">Step</th><th scope="col">State</th>
      <th scope="col" class="wide">${attempts.length > 0 ? `${stamp(begin)}, ${duration(end - begin)} in all` : 'Time'}</th>
      <th scope="col" class="number">Records</th><th scope="col">Output</th><th scope="col">Message</th><th scope="col">Do</th>
    </tr></thead>
    <tbody>${steps.map((step) => {
      const name = step.item < 0 ? step.step : `${step.step}[${step.item}]`;
      const own = attempts.filter((each) => each.step === fileOf(name));
      const runs = step.state === 'running';
      return html`<tr key=${name}>
        <th scope="row">${name}</th>
        <td><${State} state=${step.state} /></td>
        <td class="wide"><div class="bars">${own.map(
          (
            each,
            i,
          ) => html`<${AttemptBar} key=${`${each.round}.${each.attempt}`} of=${each} begin=${begin} whole=${whole}
            end=${runs && i === own.length - 1 ? end : (each.lastAt ?? end)} name=${name} isChosen=${each === attempt} onChoose=${onChoose} />`,
        )}</div></td>
        <td class="number">${exact(step.records)}</td>
        <td><${Short} value=${step.output} /></td>
        <td><span class="detail">${step.message}</span></td>
        <td>${!isOpen && step.item <= 0 && html`<button type="button" aria-label="Run again from ${step.step}" onClick=${() => onClear(step.step)}>Again</button>`}
          ${step.item <= 0 && MARKABLE.includes(step.state) && html` <button type="button" aria-label="Skip ${step.step}" onClick=${() => onMark(step.step, 'skipped')}>Skip</button>`}
          ${step.item <= 0 && step.state === 'failed' && html` <button type="button" aria-label="Done: ${step.step} is a success" onClick=${() => onMark(step.step, 'success')}>Done</button>`}</td>
      </tr>`;
    })}</tbody>
  </table></div>`;
}

function AttemptBar({ of, begin, end, whole, name, isChosen, onChoose }) {
  const from = of.beganAt ?? begin;
  const style = { left: `${(95 * (from - begin)) / whole}%`, width: `${Math.max(3, (95 * (end - from)) / whole)}%` };
  const words = `${name}, attempt ${of.attempt}${of.round > 1 ? ` of round ${of.round}` : ''}: from ${clock(from)}, for ${duration(end - from)}`;
  return html`<button type="button" class="attempt" data-level=${of.level} style=${style} title=${words} aria-label=${words}
    aria-pressed=${String(isChosen)} onClick=${() => onChoose(of)}>${of.attempt}${of.level === 'error' ? ' ✕' : ''}</button>`;
}

function Log({ path, attempt: { step, attempt, round } }) {
  const address = `${path}/logs?step=${enc(step)}&attempt=${attempt}&round=${round}`;
  const { value, status, error } = useSource({ id: address, read: () => getJson(address), again });
  const name = `Log of ${step}, attempt ${attempt}`;
  return html`<div id="log">
    <h3>${name}</h3>
    ${value === undefined && html`<p class="empty" role="status">${status === 'failed' ? `▲ ${error.message}` : 'Reading …'}</p>`}
    ${value?.isCut === true && html`<p class="muted">Earlier lines are left out; the API gives them with limit=5000.</p>`}
    <div class="scroll tall" tabindex="0" role="region" aria-label=${name}>
      <ol class="log">${value?.lines.map(
        ({ at, level, text, ...fields }, i) => html`<li key=${i} data-level=${level}>
          <span class="muted">${at?.slice(11, 23) ?? ''}</span> <b>${level}</b> ${text}
          ${Object.keys(fields).length > 0 && html` <code>${JSON.stringify(fields)}</code>`}
        </li>`,
      )}</ol>
    </div>
  </div>`;
}
