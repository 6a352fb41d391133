/** The tree of actors: state, restarts, last error. A branch that was folded stays folded. */
import { amount } from '../core/format.js';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { actorsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Frame } from '../view/frame.js';
import { State } from '../view/marks.js';
import { Rows } from '../view/table.js';

export const actorsPanel = { id: 'actors', title: 'Tree', on: { '/actors': { order: 10 } }, view: Actors };

/** In a pipeline of many partitions those that just run are folded at first. */
const FOLD_FROM = 60;
const folded = new Map();

function Actors({ panel }) {
  const shown = useSource(actorsSource);
  const all = shown.value === undefined ? [] : flat(shown.value);
  const failed = all.filter(({ state }) => /fail|escalat/i.test(state)).length;
  const restarts = all.reduce((sum, actor) => sum + actor.restarts, 0);
  const note =
    all.length === 0
      ? ''
      : `${amount(all.length, 'actor')}, ${amount(restarts, 'restart')}${failed > 0 ? `, ✕ ${failed} failed` : ''}`;
  const isLarge = all.length > FOLD_FROM;
  const tree = ([root]) => html`<ul class="tree"><${Branch} actor=${root} isLarge=${isLarge} /></ul>`;
  return html`<${Frame} panel=${panel} note=${note} tools=${html`<a href=${served('/api/v1/actors')} download="actors.json">JSON</a>`}>
    <${Rows}
      caption="The tree of actors"
      empty="No actor."
      shown=${shown}
      rows=${shown.value === undefined ? [] : [shown.value]}
      keyOf=${(actor) => actor.path}
      draw=${tree}
      class="tall"
    />
  <//>`;
}

const flat = (actor) => [actor, ...actor.children.flatMap(flat)];

function Branch({ actor, isLarge }) {
  const { path, children } = actor;
  if (children.length === 0)
    return html`<li id="actors/${path}"><div class="actor leaf"><${Line} actor=${actor} /></div></li>`;
  const isQuiet =
    isLarge &&
    path.includes('/') &&
    flat(actor).every(({ restarts, lastError }) => restarts === 0 && lastError === null);
  const open = !(folded.get(path) ?? isQuiet);
  return html`<li id="actors/${path}">
    <details open=${open} onToggle=${(event) => folded.set(path, !event.target.open)}>
      <summary class="actor"><${Line} actor=${actor} /></summary>
      <ul>${children.map((child) => html`<${Branch} key=${child.path} actor=${child} isLarge=${isLarge} />`)}</ul>
    </details>
  </li>`;
}

function Line({ actor: { name, kind, state, restarts, lastError } }) {
  return html`<span class="actor-name">${name}</span>
    ${kind !== name && html`<span class="muted">${kind}</span>`}
    <${State} state=${state} />
    ${restarts > 0 && html`<span class="restarts">↻ ${amount(restarts, 'restart')}</span>`}
    ${lastError !== null && html`<span class="detail error" title=${lastError}>${lastError}</span>`}`;
}
