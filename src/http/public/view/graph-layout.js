/**
 * Where each box of a graph stands, and the way of each edge: by dagre, left to right on a wide page and top to bottom on a
 * narrow one. Pure geometry.
 */
import dagre from '@dagrejs/dagre';

const NARROW = 720;
const HEIGHT = 74;
const WIDTH_MIN = 152;
const WIDTH_MAX = 208;
const EDGE = 4;
/** So far apart, at most, boxes are drawn to fill the width. */
const STRETCH_MAX = 1.9;
/** Sources stand at the beginning, and what they feed beside them, however far it is to the journal. */
const ROOT = 'root';
const WEIGHTS = { root: 20, source: 10 };

/** `{ width, height, boxes: Map of id to { x, y, width, height }, paths: [d], horizontal }` */
export function layOut(topology, room) {
  const horizontal = room >= NARROW;
  const widest = laidWith(topology, horizontal, WIDTH_MAX);
  if (!horizontal || widest.across <= room) return fitted(topology, widest, room);
  const fitting = Math.floor(WIDTH_MAX - (widest.across - room) / widest.ranks);
  return fitted(topology, laidWith(topology, horizontal, Math.max(WIDTH_MIN, fitting)), room);
}

function laidWith({ boxes, edges }, horizontal, widthMax) {
  const size = { width: horizontal ? widthMax : WIDTH_MIN, height: HEIGHT };
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: horizontal ? 'LR' : 'TB', ranksep: horizontal ? 36 : 30, nodesep: 14, edgesep: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  graph.setNode(ROOT, { width: 0, height: 0 });
  const sources = new Set(boxes.filter(({ kind }) => kind === 'source').map(({ id }) => id));
  for (const { id } of boxes) graph.setNode(id, { ...size });
  for (const id of sources) graph.setEdge(ROOT, id, { weight: WEIGHTS.root });
  for (const [from, target] of edges) graph.setEdge(from, target, { weight: sources.has(from) ? WEIGHTS.source : 1 });
  dagre.layout(graph);
  const at = boxes.map(({ id }) => graph.node(id));
  const [left, top] = ['x', 'y'].map((axis) => Math.min(...at.map((node) => node[axis])));
  const [right, bottom] = ['x', 'y'].map((axis) => Math.max(...at.map((node) => node[axis])));
  const ranks = new Set(at.map(({ x }) => Math.round(x))).size;
  return {
    graph,
    horizontal,
    size,
    left,
    top,
    ranks,
    free: right - left,
    tall: bottom - top,
    across: right - left + size.width + 2 * EDGE,
  };
}

function fitted({ boxes, edges }, { graph, horizontal, size, left, top, free, tall, across }, room) {
  const stretch =
    horizontal && free > 0 ? Math.min(STRETCH_MAX, Math.max(1, (room - 2 * EDGE - size.width) / free)) : 1;
  const place = ({ x, y }) => ({
    x: EDGE + size.width / 2 + (x - left) * stretch,
    y: EDGE + size.height / 2 + y - top,
  });
  const placed = new Map(boxes.map(({ id }) => [id, { ...place(graph.node(id)), ...size }]));
  const paths = edges.map(([from, target]) => {
    const inner = graph.edge(from, target).points.slice(1, -1).map(place);
    return pathOf(placed.get(from), inner, placed.get(target), horizontal);
  });
  const boxesAt = new Map(
    [...placed].map(([id, { x, y }]) => [id, { ...size, x: x - size.width / 2, y: y - size.height / 2 }]),
  );
  const width = horizontal ? free * stretch + size.width + 2 * EDGE : across;
  return { width, height: tall + size.height + 2 * EDGE, boxes: boxesAt, paths, horizontal };
}

/** From the side of one box to the side of another, with the bends that keep it off those between. */
function pathOf(from, inner, target, horizontal) {
  const [along, across] = horizontal ? ['x', 'y'] : ['y', 'x'];
  const half = (box) => (horizontal ? box.width : box.height) / 2;
  const start = { [along]: from[along] + half(from), [across]: from[across] };
  const end = { [along]: target[along] - half(target), [across]: target[across] };
  // What lies in a line needs no bends of its own.
  const between = inner.filter((point) => point[along] > start[along] && point[along] < end[along]);
  const points = [start, ...(inner.length > 1 ? between : []), end];
  return points.slice(1).reduce(
    (path, point, i) => {
      const before = points[i];
      const middle = (before[along] + point[along]) / 2;
      const bends = horizontal ? [middle, before.y, middle, point.y] : [before.x, middle, point.x, middle];
      return `${path} C${bends.map(rounded).join(',')} ${rounded(point.x)},${rounded(point.y)}`;
    },
    `M${rounded(start.x)},${rounded(start.y)}`,
  );
}

const rounded = (value) => Math.round(value * 10) / 10;
