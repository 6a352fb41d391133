/** The rows of a statement as lines: numbers over the first column, which is an instant, a number or just the order of the rows. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { count } from '../core/format.js';
import { html } from '../core/html.js';
import { colour } from './chart.js';
import { useTheme } from './theme.js';

const HEIGHT = 240;
const LINES = ['--line', '--good', '--warn', '--accent'];
/** 2001 to 2286 in milliseconds: a number there that stands first is an instant. */
const INSTANTS = [1e12, 1e13];

/** Null where there is nothing to draw: `{ over, isTime, names, data }`, sorted by what it is drawn over. */
export function drawable({ columns, rows }) {
  const [first] = columns;
  const names = columns.filter((name) => name !== first && isAll(rows, name, Number.isFinite)).slice(0, LINES.length);
  const [isInstants, isNumbers] = [isAll(rows, first, isInstant), isAll(rows, first, Number.isFinite)];
  if (columns.length === 1 && isNumbers) names.push(first);
  if (rows.length < 2 || names.length === 0) return null;
  const over = columns.length > 1 && (isInstants || isNumbers);
  const x = (row, at) => (over ? (isInstants ? instantOf(row[first]) : row[first]) : at);
  const points = rows.map((row, at) => [x(row, at), ...names.map((name) => row[name])]).sort(([a], [b]) => a - b);
  const data = [0, ...names].map((_, i) => points.map((point) => point[i]));
  const labels = over ? null : rows.map((row) => String(row[first] ?? ''));
  return { first: columns.length > 1 ? first : 'row', isTime: over && isInstants, names, data, labels };
}

/** Something, and nothing else but null. */
const isAll = (rows, name, is) =>
  rows.some((row) => row[name] !== null) && rows.every((row) => row[name] === null || is(row[name]));
const instantOf = (value) => (typeof value === 'string' ? Date.parse(value) : value);
const isInstant = (value) =>
  typeof value === 'string'
    ? /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value))
    : value >= INSTANTS[0] && value < INSTANTS[1];

export function View({ answer }) {
  const drawn = drawable(answer);
  const box = useRef(null);
  const theme = useTheme();
  useEffect(() => {
    if (drawn === null) return undefined;
    const chart = new uPlot(options(drawn, box.current.clientWidth), drawn.data, box.current);
    const element = box.current;
    const fit = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      chart.destroy();
    };
  }, [answer, theme]);
  if (drawn === null) return html`<p class="empty">A chart takes two rows or more, and a column of numbers.</p>`;
  const words = `${drawn.names.join(', ')} over ${drawn.first}, of the rows in the table below`;
  return html`<div ref=${box} class="chart" role="img" aria-label=${words} />`;
}

function options({ first, isTime, names, labels }, width) {
  const [ink, grid] = ['--muted', '--grid'].map(colour);
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 5 } };
  const label = (at) => labels?.[at] ?? '';
  return {
    width,
    height: HEIGHT,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), 'UTC'),
    cursor: { drag: { x: true, y: false } },
    scales: { x: { time: isTime } },
    series: [
      { label: first, ...(labels === null ? {} : { value: (_, at) => (at === null ? '–' : label(at)) }) },
      ...names.map((name, i) => ({
        label: name,
        stroke: colour(LINES[i]),
        width: 2,
        points: { show: names.length * width < 4_000 },
        value: (_, value) => (value === null ? '–' : count(value)),
      })),
    ],
    axes: [
      labels === null
        ? axis
        : { ...axis, values: (_, splits) => splits.map((at) => (Number.isInteger(at) ? label(at) : '')) },
      { ...axis, size: 60, values: (_, values) => values.map((value) => count(value)) },
    ],
  };
}
