/** The newest results of a window of one group as a chart (uPlot): count as bars, a measure as a line with an axis of its own. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { count } from '../core/format.js';
import { html } from '../core/html.js';
import { useTheme } from './theme.js';

const HEIGHT = 220;

/** series: { measure, stepMs, starts, counts, measures, format } */
export function Chart({ series }) {
  const box = useRef(null);
  const chart = useRef(null);
  const theme = useTheme();
  const data = [series.starts, series.counts, series.measures];
  useEffect(() => {
    chart.current = new uPlot(options(series, box.current.clientWidth), data, box.current);
    const element = box.current;
    const fit = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      chart.current.destroy();
      chart.current = null;
    };
  }, [series.measure, series.stepMs, theme]);
  useEffect(() => chart.current?.setData(data), [JSON.stringify(data)]);
  return html`<div ref=${box} class="chart" role="img" aria-label="Count and ${series.measure} of the windows in the table below" />`;
}

function options({ measure, format, stepMs }, width) {
  const [bars, line, ink, grid] = ['--bars', '--line', '--muted', '--grid'].map(colour);
  const font = '11px ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace';
  const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 5 } };
  return {
    width,
    height: HEIGHT,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), 'UTC'),
    cursor: { points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: true }, count: { range: fromZero }, measure: { range: fromZero } },
    series: [
      {
        label: 'start',
        value: (_, at) => (at === null ? '–' : new Date(at).toISOString().slice(0, 19).replace('T', ' ')),
      },
      {
        label: 'count',
        scale: 'count',
        stroke: bars,
        fill: translucent(bars),
        width: 0,
        paths: uPlot.paths.bars({ size: [0.72, 16], align: 1, gap: 1 }),
        points: { show: false },
        value: (_, value) => count(value),
      },
      {
        label: measure,
        scale: 'measure',
        stroke: line,
        width: 2,
        points: { show: false },
        value: (_, value) => format(value),
      },
    ],
    axes: [
      { ...axis, space: 64, size: 34, values: (_, splits) => splits.map((at) => timeLabel(at, stepMs)) },
      { ...axis, scale: 'count', size: 50, values: (_, values) => values.map((value) => count(value)) },
      {
        ...axis,
        scale: 'measure',
        side: 1,
        size: 58,
        grid: { show: false },
        values: (_, values) => values.map((value) => format(value, true)),
      },
    ],
  };
}

function fromZero(_, low, high) {
  return [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.08 : 1];
}

function timeLabel(at, stepMs) {
  const iso = new Date(at).toISOString();
  if (iso.endsWith('T00:00:00.000Z')) return iso.slice(5, 10);
  return stepMs < 60_000 ? iso.slice(11, 19) : iso.slice(11, 16);
}

/** A canvas can't read custom properties, and they hold light-dark(): let an element resolve them. */
export function colour(property) {
  const probe = document.createElement('i');
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function translucent(rgb) {
  return rgb.replace('rgb(', 'rgba(').replace(')', ', 0.55)');
}
