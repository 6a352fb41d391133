/** The topology, drawn; with its operators, and narrowed, it has a page of its own. */
import { count, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { to } from '../core/router.js';
import { overviewSource } from '../core/sources.js';
import { isLagKnown, mostBehind } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { topologyOf } from '../core/topology.js';
import { Frame } from '../view/frame.js';
import { Graph } from '../view/graph.js';

export const topologyPanel = { id: 'topology', title: 'Topology', on: { '/': { order: 10 } }, view: Topology };

/** More parts than a person takes in at a glance. */
const LARGE = 30;

function Topology({ panel, pipeline }) {
  const { value: overview } = useSource(overviewSource);
  const whole = topologyOf(overview, pipeline);
  const behind = mostBehind(overview);
  const note = behind
    ? `Furthest behind: ${behind.label}, by ${count(behind.lag)} events`
    : isLagKnown(overview)
      ? 'Nothing is behind'
      : 'The read models are being opened';
  const tools = html`<a href=${to('/topology')}>With operators</a>
    <a href=${served('/api/v1/overview')} download="overview.json">JSON</a>`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    ${draws(whole, behind)}
  <//>`;
}

function draws(whole, behind) {
  if (whole.boxes.length === 0) return html`<p class="empty">No stages yet.</p>`;
  if (whole.boxes.length > LARGE) {
    return html`<p class="empty">${exact(whole.boxes.length)} parts: <a href=${to('/topology')}>the topology has a page of its own</a></p>`;
  }
  return html`<${Graph} topology=${whole} behind=${behind?.id} />`;
}
