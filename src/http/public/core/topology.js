/** The topology as boxes and what feeds what: sources, streams, windows and joins, the journal, its readers. Pure. */
import { amount } from './format.js';
import { to } from './router.js';
import { stagesOf, together } from './stages.js';

/** A box: { id, kind, label, word, href?, stage? }, where `stage` has its rate, queue, lag and state. An edge: [from, to]. */
export function topologyOf(overview, { streams, windowsAndJoins }) {
  const boxes = new Map();
  const edges = [];
  const add = (box) => boxes.set(box.id, box);
  for (const stream of streams) {
    const { source, partitions } = stagesOf(overview, stream.name);
    const id = `stream:${stream.name}`;
    const stage = together(partitions);
    const word = amount(partitions.length || stream.partitions, 'partition');
    add({ id, kind: 'stream', label: stream.name, word, stage, href: to('/streams', stream.name) });
    // Streams that take HTTP have one port.
    const from = stream.source === 'http' ? 'source:http' : `source of ${stream.name}`;
    add({ id: from, kind: 'source', label: stream.source, word: '', stage: summed(boxes.get(from)?.stage, source) });
    edges.push([from, id]);
  }
  for (const own of windowsAndJoins) {
    const id = `${own.kind}:${own.name}`;
    const word = [own.window, own.key === null ? 'of all' : `by ${own.key}`].filter(Boolean).join(' ');
    add({ id, kind: own.kind, label: own.name, word, stage: null, href: to(`/${own.kind}s`, own.name) });
  }
  for (const own of windowsAndJoins) {
    for (const of of own.of) {
      const from = [`stream:${of}`, `join:${of}`, `window:${of}`].find((id) => boxes.has(id)) ?? `derived:${of}`;
      if (!boxes.has(from)) add({ id: from, kind: 'derived', label: of, word: 'derived stream', stage: null });
      edges.push([from, `${own.kind}:${own.name}`]);
    }
  }
  return readOn({ boxes, edges }, overview);
}

/** The boxes and edges, with the journal behind all that feeds nothing else, and its readers behind the journal. */
export function readOn({ boxes, edges }, overview) {
  const feeding = new Set(edges.map(([from]) => from));
  const ends = [...boxes.keys()].filter((id) => !feeding.has(id));
  for (const stage of overview.stages.filter(({ kind }) => ['journal', 'projection', 'sink'].includes(kind))) {
    const { id, kind, label, feeds } = stage;
    boxes.set(id, { id, kind, label, word: kind === 'projection' ? 'read model' : '', stage, href: to('/journal') });
    for (const target of feeds) edges.push([id, target]);
  }
  if (boxes.has('journal')) for (const id of ends) edges.push([id, 'journal']);
  return { boxes: [...boxes.values()], edges: edges.filter(([from, target]) => boxes.has(from) && boxes.has(target)) };
}

/** The stage of a source that several streams have: their rates together. */
export function summed(before, source) {
  if (before === undefined || before === null) return source;
  return { ...before, eventsPerSecond: before.eventsPerSecond + (source?.eventsPerSecond ?? 0) };
}

/** What is connected with boxes whose label has the text, up and down from them. */
export function connectedWith({ boxes, edges }, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return { boxes, edges };
  const start = boxes.filter(({ label }) => label.toLowerCase().includes(wanted)).map(({ id }) => id);
  const [up, down] = [reached(start, edges, 1, 0), reached(start, edges, 0, 1)];
  const keep = new Set([...up, ...down]);
  return {
    boxes: boxes.filter(({ id }) => keep.has(id)),
    edges: edges.filter(([from, target]) => (up.has(from) && up.has(target)) || (down.has(from) && down.has(target))),
  };
}

function reached(start, edges, at, next) {
  const found = new Set(start);
  for (const id of found) for (const edge of edges) if (edge[at] === id) found.add(edge[next]);
  return found;
}
