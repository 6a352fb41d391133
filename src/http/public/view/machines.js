/** Each kind of state machine as a picture: states, what leads from one to another, and how many actors are where. */
import { useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { getJson, served } from '../core/place.js';
import { actorsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Frame } from './frame.js';
import { layOut } from './graph-layout.js';

const source = { id: 'actor-machines', read: () => getJson('/api/v1/actor-machines') };
const WIDTH = 900;

export function View({ panel }) {
  const { value: machines } = useSource(source);
  const { value: root } = useSource(actorsSource);
  const [chosen, choose] = useState(null);
  if (machines === undefined || root === undefined) {
    return html`<${Frame} panel=${panel}><p class="empty loading" role="status">Reading …</p><//>`;
  }
  const actors = flat(root, null);
  const of = (machine) => actors.filter((actor) => machineOf(machines, actor) === machine);
  const present = machines.filter((machine) => of(machine).length > 0);
  const shown = present.find(({ machine }) => machine === chosen) ?? present[0];
  const tools = html`<label>Machine <select onInput=${(event) => choose(event.target.value)}>
      ${present.map((each) => html`<option value=${each.machine} selected=${each === shown}>${wordOf(each)} (${of(each).length})</option>`)}
    </select></label>
    <a href=${served('/api/v1/actor-machines')} download="machines.json">JSON</a>`;
  return html`<${Frame} panel=${panel} note="with the states that actors are in now" tools=${tools}>
    ${shown === undefined ? html`<p class="empty">No actor runs.</p>` : html`<${Picture} machine=${shown} actors=${of(shown)} />`}
  <//>`;
}

const flat = (actor, parent) => [{ ...actor, parent }, ...actor.children.flatMap((child) => flat(child, actor.kind))];

/** What stands beside a consumer is a deriver, whatever its operators are called. */
function machineOf(machines, { kind, parent }) {
  const named = machines.find(({ kinds }) => kinds.includes(kind));
  return named ?? (parent === 'partition' ? machines.find(({ kinds }) => kinds.length === 0) : undefined);
}

const wordOf = ({ machine }) => machine.replace(/([A-Z])/g, ' $1').toLowerCase();

/** A state of a state stands for both. */
const isIn = (name, { state }) => state === name || state.startsWith(`${name}.`);

function Picture({ machine, actors }) {
  const { states, transitions } = machine;
  const everywhere = transitions.filter(({ from }) => from === null);
  const own = transitions.filter(({ from, to }) => from !== null && from !== to);
  const edges = [...new Map(own.map(({ from, to }) => [`${from} ${to}`, [from, to]])).values()];
  const laid = layOut({ boxes: states.map(({ name }) => ({ id: name, kind: 'state' })), edges }, WIDTH);
  const eventsOf = ([from, to]) => own.filter((each) => each.from === from && each.to === to).map(({ event }) => event);
  return html`<div class="scroll drawing" tabindex="0" role="region" aria-label="States of ${wordOf(machine)}">
      <div class="graph" style=${{ width: `${laid.width}px`, height: `${laid.height}px` }}>
        <svg width=${laid.width} height=${laid.height} aria-hidden="true">
          ${edges.map((edge, i) => html`<path key=${edge.join(' ')} d=${laid.paths[i]} class="edge" stroke-width="1.5"><title>${eventsOf(edge).join(', ')}</title></path>`)}
        </svg>
        ${states.map((state) => html`<${StateBox} key=${state.name} state=${state} at=${laid.boxes.get(state.name)} here=${actors.filter((actor) => isIn(state.name, actor))} />`)}
      </div>
    </div>
    <table class="transitions">
      <caption class="hidden">Transitions of ${wordOf(machine)}</caption>
      <thead><tr><th scope="col">From</th><th scope="col">On</th><th scope="col">To</th></tr></thead>
      <tbody>
        ${[...own, ...everywhere].map(({ from, event, to }) => html`<tr><td>${from ?? 'any state'}</td><td class="mono">${event}</td><td>${to}</td></tr>`)}
      </tbody>
    </table>`;
}

function StateBox({ state: { name, isInitial, isFinal }, at, here }) {
  const words = here.length === 0 ? '' : `${here.length} now`;
  const place = { left: `${at.x}px`, top: `${at.y}px`, width: `${at.width}px`, height: `${at.height}px` };
  return html`<div class="box state-box" data-here=${String(here.length > 0)} style=${place} title=${here.map(({ path }) => path).join('\n')}>
    <span class="box-line small muted">${isInitial ? 'begins here' : isFinal ? 'ends here' : ''}</span>
    <span class="box-line"><strong class="cut">${name}</strong></span>
    <span class="box-line small">${words !== '' && html`<span>● ${words}</span>`}</span>
  </div>`;
}
