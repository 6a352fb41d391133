/**
 * A graph of boxes that are links, over the edges between them. It is laid out anew only when its shape or the width changes;
 * numbers change in place, so that the flow keeps flowing and focus stays.
 */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count, duration, exact, rate } from '../core/format.js';
import { html } from '../core/html.js';
import { layOut } from './graph-layout.js';
import { stateLook } from './marks.js';

export function Graph({ topology, behind }) {
  const container = useRef(null);
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setRoom(Math.floor(container.current?.clientWidth ?? 0));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(container.current);
    return () => observer.disconnect();
  }, []);
  const { boxes, edges } = topology;
  const shape = JSON.stringify([room, boxes.map(({ id }) => id), edges]);
  const laid = useMemo(() => (room === 0 ? null : layOut(topology, room)), [shape]);
  const rates = new Map(boxes.map(({ id, stage }) => [id, stage?.eventsPerSecond]));
  return html`<div ref=${container} class="drawing scroll" tabindex="0" role="region" aria-label="What feeds what">
    ${
      laid !== null &&
      html`<div class="graph" style=${{ width: `${laid.width}px`, height: `${laid.height}px` }}>
      <svg width=${laid.width} height=${laid.height} aria-hidden="true">
        ${edges.map(([from, target], i) => html`<${Edge} key=${`${from} ${target}`} path=${laid.paths[i]} flow=${flowOf(rates, from, target)} />`)}
      </svg>
      ${boxes.map((box) => html`<${Box} key=${box.id} box=${box} at=${laid.boxes.get(box.id)} isBehind=${box.id === behind} />`)}
    </div>`
    }
  </div>`;
}

/** Of what is not measured, such as a window, that of what feeds it. */
function flowOf(rates, from, target) {
  const known = [rates.get(from), rates.get(target)].filter((value) => value !== undefined);
  return known.length === 0 ? 0 : Math.min(...known);
}

function Edge({ path, flow }) {
  return html`<path d=${path} class=${flow > 0 ? 'edge flowing' : 'edge'} stroke-width=${(1.2 + Math.log10(flow + 1) * 0.6).toFixed(1)} />`;
}

function Box({ box: { kind, label, word, href, stage }, at, isBehind }) {
  const full = stage?.queueBound > 0 ? stage.queueDepth / stage.queueBound : null;
  const look = stage === null ? null : stateLook(stage.state);
  const words = wordsOf(kind, label, word, stage);
  return html`<a
    class="box ${kind}"
    href=${href}
    tabindex=${href === undefined ? 0 : null}
    role=${href === undefined ? 'img' : null}
    aria-label=${href === undefined ? words : null}
    title=${words}
    data-level=${look?.level}
    data-behind=${String(isBehind)}
    style=${{ left: `${at.x}px`, top: `${at.y}px`, width: `${at.width}px`, height: `${at.height}px` }}
  >
    ${href !== undefined && html`<span class="hidden">${words}</span>`}
    <span class="box-line small" aria-hidden="true">
      <span class="muted">${kind === 'projection' ? word : kind}</span>
      ${look !== null && html`<span class="box-state">${look.glyph} ${stage.state}</span>`}
    </span>
    <span class="box-line" aria-hidden="true"><strong class="cut">${label}</strong>${stage !== null && html`<span class="flow">${rate(stage.eventsPerSecond)}</span>`}</span>
    <span class="box-line small muted" aria-hidden="true">
      <span class="cut">${kind === 'projection' ? '' : word}</span>
      <span class=${isBehind ? 'behind' : null}>${factOf(kind, stage, isBehind, full)}</span>
    </span>
    ${full !== null && html`<span class="track" aria-hidden="true"><i data-level=${levelOf(full)} style=${{ width: `${Math.round(Math.min(1, full) * 100)}%` }} /></span>`}
  </a>`;
}

const levelOf = (full) => (full >= 0.9 ? 'bad' : full >= 0.5 ? 'warn' : 'good');

function factOf(kind, stage, isBehind, full) {
  if (stage === null) return '';
  if (kind === 'projection' || kind === 'sink') return `${isBehind ? '▲ ' : ''}lag ${count(stage.lag)}`;
  if (full >= 0.9) return '▲ queue full';
  return stage.watermarkDelayMs === null ? '' : `wm ${compact(stage.watermarkDelayMs)}`;
}

const compact = (ms) => (ms < 60_000 ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)}s` : `${Math.round(ms / 60_000)}m`);

function wordsOf(kind, label, word, stage) {
  const name = `${kind === 'projection' ? 'read model' : kind} ${label}${word === '' || kind === 'projection' ? '' : `, ${word}`}`;
  if (stage === null) return name;
  const watermark = stage.watermarkDelayMs === null ? '' : `, watermark ${duration(stage.watermarkDelayMs)} behind`;
  const queue = stage.queueBound > 0 ? `, ${stage.queueDepth} of ${stage.queueBound} batches waiting` : '';
  const lag = stage.lag === null ? 'not known yet how far behind' : `${exact(stage.lag)} events behind`;
  return `${name}: ${stage.state}, ${exact(stage.eventsPerSecond)} events a second, ${exact(stage.eventsTotal)} since the start${queue}, ${lag}${watermark}`;
}
