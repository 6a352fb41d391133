/**
 * The topology: drawn anew only when its shape or the width changes; each overview then changes numbers in place, so
 * that the flow keeps flowing and focus stays.
 */
import { byId, h, s, setText, stateLook, stateMark } from './dom.js';
import { count, duration, exact, rate } from './format.js';
import { isLagKnown, mostBehind } from './headline.js';
import { createTable } from './table.js';
import { edgePath, layout } from './topology-layout.js';

const KIND_WORDS = {
  source: 'source',
  partition: 'partition',
  journal: 'journal',
  projection: 'projection',
  sink: 'sink',
};
/** What a rate such as 123k/s takes at the right of a label. */
const RATE_WIDTH = 58;
let drawn = { shape: '', nodes: new Map(), edges: [] };
let table = null;

export function renderTopology({ overview }) {
  if (overview === null) return;
  const container = byId('topology-drawing');
  const width = Math.floor(container.clientWidth);
  if (width === 0) return;
  const { stages } = overview;
  const shape = JSON.stringify([width, stages.map(({ id, kind, label, feeds }) => [id, kind, label, feeds])]);
  if (shape !== drawn.shape) drawn = draw(container, stages, width, shape);
  const behind = mostBehind(overview);
  for (const stage of stages) drawn.nodes.get(stage.id)?.(stage, stage === behind);
  const rates = new Map(stages.map((stage) => [stage.id, stage.eventsPerSecond]));
  for (const { path, from, to } of drawn.edges) {
    const flow = Math.min(rates.get(from) ?? 0, rates.get(to) ?? 0);
    path.setAttribute('class', flow > 0 ? 'edge flowing' : 'edge');
    path.style.strokeWidth = String(1.2 + Math.log10(flow + 1) * 0.75);
  }
  setText(
    byId('topology-note'),
    behind
      ? `Furthest behind: ${behind.label}, by ${count(behind.lag)} events`
      : isLagKnown(overview)
        ? 'Nothing is behind'
        : 'The read models are being opened',
  );
  table ??= createStageTable();
  table(stages);
}

function draw(container, stages, width, shape) {
  const { height, boxes, horizontal } = layout(stages, width);
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'topology', role: 'group' });
  svg.setAttribute('aria-label', 'Stages and what feeds what; the table below says the same');
  const edges = [];
  for (const stage of stages) {
    for (const target of stage.feeds) {
      const [from, to] = [boxes.get(stage.id), boxes.get(target)];
      if (from === undefined || to === undefined) continue;
      const path = s('path', { d: edgePath(from, to, horizontal), class: 'edge' });
      svg.append(path);
      edges.push({ path, from: stage.id, to: target });
    }
  }
  const nodes = new Map();
  const labels = [];
  for (const stage of stages) {
    const { element, update, label } = createNode(stage, boxes.get(stage.id));
    svg.append(element);
    nodes.set(stage.id, update);
    labels.push([label, stage.label, boxes.get(stage.id).width - 24 - RATE_WIDTH]);
  }
  container.replaceChildren(stages.length === 0 ? h('p', { class: 'empty' }, 'No stages yet.') : svg);
  for (const [label, full, room] of labels) fitText(label, full, room);
  return { shape, nodes, edges };
}

function createNode(stage, { x, y, width, height }) {
  const small = height < 60;
  const inner = width - 24;
  const kind = s('text', { x: 12, y: 17, class: 'kind' }, KIND_WORDS[stage.kind] ?? stage.kind);
  const state = s('text', { x: width - 12, y: 17, class: 'node-state', 'text-anchor': 'end' });
  const label = s('text', { x: 12, y: small ? 34 : 36, class: 'label' });
  const flow = s('text', { x: width - 12, y: small ? 34 : 36, class: 'flow', 'text-anchor': 'end' });
  const track = s('rect', { x: 12, y: small ? 42 : 46, width: inner, height: 4, rx: 2, class: 'track' });
  const waiting = s('rect', { x: 12, y: small ? 42 : 46, width: 0, height: 4, rx: 2, class: 'waiting' });
  const queue = s('text', { x: 12, y: 66, class: 'fact' });
  const lag = s('text', { x: width - 12, y: 66, class: 'fact', 'text-anchor': 'end' });
  const title = s('title');
  const box = s('rect', { width, height, rx: 9, class: 'box' });
  const parts = small
    ? [kind, state, label, flow, track, waiting]
    : [kind, state, label, flow, track, waiting, queue, lag];
  const element = s('g', { class: `node ${stage.kind}`, transform: `translate(${x},${y})`, tabindex: 0, role: 'img' });
  element.append(title, box, ...parts);

  const update = (current, isFurthestBehind) => {
    const { level, glyph } = stateLook(current.state);
    const full = current.queueBound > 0 ? current.queueDepth / current.queueBound : 0;
    element.dataset.level = level;
    element.dataset.queued = String(current.queueBound > 0);
    element.dataset.behind = String(isFurthestBehind);
    setText(state, `${glyph} ${current.state}`);
    setText(flow, rate(current.eventsPerSecond));
    waiting.setAttribute('width', String(Math.round(inner * Math.min(1, full))));
    waiting.setAttribute('data-level', full >= 0.9 ? 'bad' : full >= 0.5 ? 'warn' : 'good');
    const word = width > 200 ? 'queue ' : 'q ';
    setText(
      queue,
      current.queueBound > 0
        ? `${word}${current.queueDepth}/${current.queueBound}${full >= 0.9 && width > 200 ? ' full' : ''}`
        : '',
    );
    const delay =
      current.watermarkDelayMs === null || width < 170 ? '' : ` · wm ${compactDelay(current.watermarkDelayMs)}`;
    setText(lag, `${isFurthestBehind ? '▲ ' : ''}lag ${count(current.lag)}${delay}`);
    const words = describe(current);
    setText(title, words);
    element.setAttribute('aria-label', words);
  };
  return { element, update, label };
}

function describe(stage) {
  const watermark = stage.watermarkDelayMs === null ? '' : `, watermark ${duration(stage.watermarkDelayMs)} behind`;
  const queue = stage.queueBound > 0 ? `, ${stage.queueDepth} of ${stage.queueBound} batches waiting` : '';
  return (
    `${stage.kind} ${stage.label}: ${stage.state}, ${exact(stage.eventsPerSecond)} events a second, ` +
    `${exact(stage.eventsTotal)} since the start${queue}, ${lagWords(stage)}${watermark}`
  );
}

function lagWords({ lag }) {
  return lag === null ? 'not known yet how far behind' : `${exact(lag)} events behind`;
}

function compactDelay(ms) {
  return ms < 60_000 ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)}s` : `${Math.round(ms / 60_000)}m`;
}

/** Cuts the middle out until the text fits, as the font that the page got measures it. */
function fitText(element, full, width) {
  setText(element, full);
  for (let length = full.length - 1; length > 6 && element.getComputedTextLength() > width; length -= 1) {
    const tail = Math.ceil(length / 2.5);
    setText(element, `${full.slice(0, length - tail - 1)}…${full.slice(-tail)}`);
  }
}

function createStageTable() {
  return createTable(byId('topology-table'), {
    caption: 'Stages of the topology',
    empty: 'No stages.',
    keyOf: (stage) => stage.id,
    columns: [
      { head: 'Stage', cell: (stage) => stage.label },
      { head: 'Kind', cell: (stage) => stage.kind },
      { head: 'State', cell: (stage) => stateMark(stage.state) },
      { head: 'Rate', number: true, cell: (stage) => rate(stage.eventsPerSecond) },
      { head: 'Events since the start', number: true, cell: (stage) => exact(stage.eventsTotal) },
      { head: 'Queue', number: true, cell: (stage) => `${stage.queueDepth}/${stage.queueBound}` },
      { head: 'Lag', number: true, cell: (stage) => exact(stage.lag) },
      { head: 'Watermark delay', number: true, cell: (stage) => duration(stage.watermarkDelayMs) },
      { head: 'Feeds', cell: (stage) => stage.feeds.join(', ') || '–' },
    ],
  });
}
