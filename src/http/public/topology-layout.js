/**
 * Where each stage of the topology stands: left to right on a wide page, top to bottom on a narrow one, in the order
 * source → partition → journal → projections and sinks. Pure geometry.
 */
const RANKS = { source: 0, partition: 1, journal: 2, projection: 3, sink: 3 };
const GAP = 12;
const NARROW = 720;

export function layout(stages, width) {
  const ranks = [[], [], [], []];
  for (const stage of stages) ranks[RANKS[stage.kind] ?? 3].push(stage);
  const used = ranks.filter((rank) => rank.length > 0);
  return width < NARROW ? downwards(used, width) : rightwards(used, width);
}

function rightwards(ranks, width) {
  const tallest = Math.max(1, ...ranks.map((rank) => rank.length));
  const nodeHeight = tallest > 8 ? 50 : 78;
  const nodeWidth = Math.min(250, Math.floor((width - 2) / ranks.length) - 56);
  const step = ranks.length > 1 ? (width - 2 - nodeWidth) / (ranks.length - 1) : 0;
  const height = tallest * (nodeHeight + GAP) - GAP + 2;
  const boxes = new Map();
  ranks.forEach((rank, depth) => {
    const top = (height - (rank.length * (nodeHeight + GAP) - GAP)) / 2;
    rank.forEach((stage, index) => {
      boxes.set(stage.id, {
        x: 1 + depth * step,
        y: top + index * (nodeHeight + GAP),
        width: nodeWidth,
        height: nodeHeight,
      });
    });
  });
  return { width, height, boxes, horizontal: true };
}

function downwards(ranks, width) {
  const nodeHeight = 78;
  const boxes = new Map();
  let y = 1;
  for (const rank of ranks) {
    const across = rank.length > 1 && width >= 340 ? 2 : 1;
    const nodeWidth = (width - 2 - (across - 1) * GAP) / across;
    rank.forEach((stage, index) => {
      const column = index % across;
      boxes.set(stage.id, {
        x: 1 + column * (nodeWidth + GAP),
        y: y + Math.floor(index / across) * (nodeHeight + GAP),
        width: nodeWidth,
        height: nodeHeight,
      });
    });
    y += Math.ceil(rank.length / across) * (nodeHeight + GAP) + 22;
  }
  return { width, height: Math.max(1, y - 22 - GAP), boxes, horizontal: false };
}

export function edgePath(from, to, horizontal) {
  if (horizontal) {
    const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
    const [x2, y2] = [to.x, to.y + to.height / 2];
    const bend = Math.max(18, (x2 - x1) / 2);
    return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  }
  const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
  const [x2, y2] = [to.x + to.width / 2, to.y];
  const bend = Math.max(14, (y2 - y1) / 2);
  return `M${x1},${y1} C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2}`;
}
