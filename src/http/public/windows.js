/** Closing windows: which window and measure are shown, their results as series for the chart and as a table. */
import { byId, h, setText } from './dom.js';
import { count, exact, minute, money, parsed, stamp } from './format.js';
import { createTable } from './table.js';
import { drawChart } from './windows-chart.js';

const SHOWN_WINDOWS = 120;
let table = null;

export function renderWindows({ windows }) {
  const names = [...new Set(windows.map((row) => row.window))].sort();
  const name = keepOptions(byId('windows-name'), names);
  const own = windows.filter((row) => row.window === name).map(withAggregates);
  const measures = [...new Set(own.flatMap((row) => Object.keys(row.values)))].sort(byUsefulness);
  const measure = keepOptions(byId('windows-measure'), measures);
  const newestFirst = own.sort((a, b) => b.start_at - a.start_at || String(a.key).localeCompare(String(b.key)));
  const latest = newestFirst[0];
  const keys = new Set(own.map((row) => row.key)).size;
  setText(
    byId('windows-note'),
    latest === undefined
      ? 'No window has closed yet'
      : `${spanWord(latest.end_at - latest.start_at)}, latest closed ${stamp(latest.end_at)}${keys > 1 ? `, ${keys} keys added up` : ''}`,
  );
  byId('windows-chart').hidden = measure === '';
  if (measure !== '') drawChart(seriesOf(newestFirst, measure));
  table ??= createWindowTable();
  table(newestFirst.slice(0, 40));
}

/** Windows of one start over all keys; sums add up over keys, others show the largest. */
function seriesOf(newestFirst, measure) {
  const byStart = new Map();
  for (const row of newestFirst) {
    const point = byStart.get(row.start_at) ?? { count: 0, values: [] };
    point.count += row.count;
    if (typeof row.values[measure] === 'number') point.values.push(row.values[measure]);
    byStart.set(row.start_at, point);
    if (byStart.size > SHOWN_WINDOWS) {
      byStart.delete(row.start_at);
      break;
    }
  }
  const adds = /^(n|count|total|sum)|total|sum|count/i.test(measure);
  const points = [...byStart].sort(([a], [b]) => a - b);
  const combine = (values) =>
    values.length === 0 ? null : adds ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  return {
    measure,
    stepMs: points.length > 1 ? points[1][0] - points[0][0] : 60_000,
    starts: points.map(([start]) => start),
    counts: points.map(([, point]) => point.count),
    measures: points.map(([, point]) => combine(point.values)),
    format: formatOf(measure),
  };
}

function formatOf(measure) {
  if (/cents/i.test(measure)) return (value, short) => (short ? count(value / 100) : money(value));
  return (value) => count(value);
}

const withAggregates = (row) => ({ ...row, values: parsed(row.aggregates) ?? {} });

function byUsefulness(a, b) {
  const rank = (name) =>
    /total|sum/i.test(name) ? 0 : /avg|mean|max/i.test(name) ? 1 : /^(n|count)$/i.test(name) ? 3 : 2;
  return rank(a) - rank(b) || a.localeCompare(b);
}

function keepOptions(select, names) {
  const chosen = select.value;
  if (JSON.stringify([...select.options].map((option) => option.value)) !== JSON.stringify(names)) {
    select.replaceChildren(...names.map((name) => h('option', { value: name }, name)));
    if (names.includes(chosen)) select.value = chosen;
  }
  select.hidden = names.length === 0;
  return select.value;
}

function spanWord(ms) {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h windows`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min windows`;
  return `${ms / 1_000} s windows`;
}

function createWindowTable() {
  return createTable(byId('windows-table'), {
    caption: 'Latest window results',
    empty: 'A result appears here when the watermark passes the end of a window.',
    keyOf: (row) => `${row.key}|${row.start_at}|${row.end_at}`,
    idOf: (row) => `windows/${row.window}/${row.key ?? ''}/${row.start_at}`,
    versionOf: (row) => `${row.revision}|${row.aggregates}`,
    columns: [
      {
        head: 'Window',
        cell: (row) =>
          h(
            'a',
            {
              href: `#windows/${row.window}/${row.key ?? ''}/${row.start_at}`,
              title: new Date(row.start_at).toISOString(),
            },
            `${minute(row.start_at)} – ${minute(row.end_at)}`,
          ),
      },
      { head: 'Key', cell: (row) => row.key ?? '(all)' },
      { head: 'Count', number: true, cell: (row) => exact(row.count) },
      {
        head: 'Revision',
        cell: (row) => (row.revision > 0 ? `↻ ${row.revision}, corrected` : row.revision < 0 ? 'early' : 'on time'),
      },
      { head: 'Aggregates', cell: (row) => aggregateList(row.values) },
    ],
  });
}

function aggregateList(values) {
  return Object.entries(values).map(([name, value]) =>
    h(
      'span',
      { class: 'pair' },
      h('span', { class: 'muted' }, name),
      ` ${/cents/i.test(name) ? money(value) : exact(value)}`,
    ),
  );
}
