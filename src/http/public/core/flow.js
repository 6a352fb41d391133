/** The topology with its operators: sources, streams or their partitions, operators, the journal, its readers. Pure. */
import { amount, count, rate } from './format.js';
import { to } from './router.js';
import { stagesOf, together } from './stages.js';
import { readOn, summed } from './topology.js';

/** From this share of a core on something is slow enough to be named. */
const BUSY_FROM = 0.01;

/** The operator that is longest at work; null while none is worth naming. */
export function slowestOf(operators) {
  const most = operators.reduce((max, each) => (each.busyShare > (max?.busyShare ?? 0) ? each : max), null);
  return most !== null && most.busyShare >= BUSY_FROM ? most : null;
}

/** What the partitions of an operator wait for, together. */
export function stageOf(overview, { partitions, eventsInPerSecond, eventsOut }) {
  const logs = new Set(partitions.map(({ log }) => log));
  const own = overview.stages.filter(({ id, kind }) => kind === 'partition' && logs.has(id));
  return { ...together(own), eventsPerSecond: eventsInPerSecond, eventsTotal: eventsOut, lag: 0 };
}

/** Of several partitions the least and the most: what an average would hide. */
function spreadOf(partitions) {
  const rates = partitions.map(({ eventsPerSecond }) => eventsPerSecond);
  if (rates.length < 2) return '';
  return `${count(Math.round(Math.min(...rates)))}–${rate(Math.max(...rates))} each`;
}

/** As `topologyOf` in topology.js, from operators that run; `unfolded` are the streams whose partitions stand alone. */
export function flowOf(overview, { streams }, operators, unfolded) {
  const boxes = new Map();
  const edges = [];
  const add = (box) => boxes.set(box.id, box);
  /** By stream, the boxes that give its events. */
  const givers = new Map();
  for (const stream of streams) {
    const { source, partitions } = stagesOf(overview, stream.name);
    // Streams that take HTTP have one port.
    const from = stream.source === 'http' ? 'source:http' : `source of ${stream.name}`;
    add({ id: from, kind: 'source', label: stream.source, word: '', stage: summed(boxes.get(from)?.stage, source) });
    const href = to('/streams', stream.name);
    const alone = unfolded.has(stream.name) && partitions.length > 0;
    const own = alone
      ? partitions.map((part) => ({ id: part.id, kind: 'partition', label: part.label, word: '', stage: part, href }))
      : [
          {
            id: `stream:${stream.name}`,
            kind: 'stream',
            label: stream.name,
            word: `${amount(partitions.length || stream.partitions, 'partition')} ${spreadOf(partitions)}`.trim(),
            stage: together(partitions),
            href,
          },
        ];
    for (const box of own) {
      add(box);
      edges.push([from, box.id]);
    }
    givers.set(
      stream.name,
      own.map(({ id }) => id),
    );
  }
  const slowest = slowestOf(operators);
  for (const operator of operators) {
    const { id, kind, operator: label, busyShare, keys } = operator;
    const word = `${operator === slowest ? '▲ slowest, ' : ''}${percent(busyShare)} busy, ${keys === 1 ? '1 key' : `${count(keys)} keys`}`;
    const page = kind === 'window' || kind === 'join' ? { href: to(`/${kind}s`, label) } : {};
    add({ id, kind, label, word, stage: stageOf(overview, operator), ...page });
    for (const stream of operator.outputs) givers.set(stream, [...(givers.get(stream) ?? []), id]);
  }
  for (const { id, inputs } of operators) {
    for (const stream of inputs) for (const from of givers.get(stream) ?? []) if (from !== id) edges.push([from, id]);
  }
  return readOn({ boxes, edges }, overview);
}

export const percent = (share) => `${share > 0 && share < 0.001 ? '< 0.1' : Number((share * 100).toFixed(1))} %`;
