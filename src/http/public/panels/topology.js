/** The topology, drawn. A large one is drawn on its own page, where it can be narrowed to what is connected with a name. */
import { useState } from 'preact/hooks';
import { count, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { to } from '../core/router.js';
import { overviewSource } from '../core/sources.js';
import { isLagKnown, mostBehind } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { connectedWith, topologyOf } from '../core/topology.js';
import { Filter } from '../view/filter.js';
import { Frame } from '../view/frame.js';
import { Graph } from '../view/graph.js';

export const topologyPanel = {
  id: 'topology',
  title: 'Topology',
  on: { '/': { order: 10 }, '/topology': { order: 10 } },
  view: Topology,
};

/** More parts than a person takes in at a glance, and than a drawing is of use for. */
const LARGE = 30;
const TOO_LARGE = 60;

function Topology({ panel, pipeline }) {
  const { value: overview } = useSource(overviewSource);
  const [text, setText] = useState('');
  const whole = topologyOf(overview, pipeline);
  const isLarge = whole.boxes.length > LARGE;
  const isOwnPage = location.pathname === to('/topology');
  const shown = connectedWith(whole, text);
  const behind = mostBehind(overview);
  const note = behind
    ? `Furthest behind: ${behind.label}, by ${count(behind.lag)} events`
    : isLagKnown(overview)
      ? 'Nothing is behind'
      : 'The read models are being opened';
  const tools = html`${isOwnPage && isLarge && html`<${Filter} label="Show what is connected with a name" size=${24} placeholder="Connected with … ( / )" value=${text} onText=${setText} />`}
    <a href=${served('/api/v1/overview')} download="overview.json">JSON</a>`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    ${draws({ isLarge, isOwnPage, whole, shown, behind })}
  <//>`;
}

function draws({ isLarge, isOwnPage, whole, shown, behind }) {
  if (whole.boxes.length === 0) return html`<p class="empty">No stages yet.</p>`;
  if (isLarge && !isOwnPage) {
    return html`<p class="empty">${exact(whole.boxes.length)} parts: <a href=${to('/topology')}>the topology has a page of its own</a></p>`;
  }
  if (shown.boxes.length > TOO_LARGE) {
    return html`<p class="empty">${exact(shown.boxes.length)} parts. Type a part of a name to see what is connected with it.</p>`;
  }
  if (shown.boxes.length === 0) return html`<p class="empty">Nothing has such a name.</p>`;
  return html`<${Graph} topology=${shown} behind=${behind?.id} />`;
}
