/**
 * What the pipeline derives: a part for each window and join, with its newest results as a table, a chart where one group
 * is over all, and a search by key elsewhere.
 */
import { byId, h, setText, time } from './dom.js';
import { clock, count, exact, minute, money, parsed, stamp } from './format.js';
import { resultKey } from './results.js';
import { createTable } from './table.js';
import { createChart } from './windows-chart.js';

const SHOWN_ROWS = 40;
const SEARCH_AFTER_MS = 250;
/** A search is asked again while its window has new results, but not more often. */
const SEARCH_AGAIN_MS = 3_000;
/** By kind and name. */
const parts = new Map();

export function renderWindows({ results, resultCounts }, { force = false } = {}) {
  const wanted = new Set(results.map(idOf));
  for (const [id, { element }] of parts) {
    if (wanted.has(id)) continue;
    element.remove();
    parts.delete(id);
  }
  for (const own of results) partOf(own).draw(own, resultCounts?.[own.name], force);
  const [windows, joins] = ['window', 'join'].map((kind) => results.filter((own) => own.kind === kind).length);
  setText(
    byId('windows-note'),
    windows + joins === 0
      ? 'The pipeline has none'
      : `${amount(windows, 'window')}${joins > 0 ? `, ${amount(joins, 'join')}` : ''}`,
  );
}

/** The next draw of every chart starts over, with the colours of the theme that holds then. */
export function forgetCharts() {
  for (const { chart } of parts.values()) chart?.forget();
}

const relative = (path) => path.replace(/^\//, '');
const amount = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
const idOf = (own) => `${own.kind}s/${own.name}`;

function partOf(own) {
  const id = idOf(own);
  const version = JSON.stringify([own.of, own.key, own.keys, own.window, own.aggregates]);
  const known = parts.get(id);
  if (known?.version === version) return known;
  const made = { version, ...(own.kind === 'join' ? createJoinPart(own) : createWindowPart(own)) };
  if (known === undefined) byId('windows-list').append(made.element);
  else known.element.replaceWith(made.element);
  parts.set(id, made);
  return made;
}

/** Heading and links of a part; `tools` stand before the links. */
function frameOf(own, ...tools) {
  const note = h('p', { class: 'note' });
  const body = h('div', { class: 'scroll short' });
  const links = [
    h('a', { href: `${own.path}&format=csv`, download: true, title: 'All results' }, 'CSV'),
    h('a', { href: `${own.path}&limit=1000`, download: `${own.name}.json`, title: 'The newest 1,000' }, 'JSON'),
    h('a', { href: relative(own.late), title: 'Events that came too late for it, the newest 100' }, 'Late'),
  ];
  const heading = h('h3', {}, own.name);
  const head = h('header', {}, heading, note, h('div', { class: 'tools' }, tools, links));
  return { element: h('article', { id: idOf(own), class: 'result' }, head), note, body };
}

function createWindowPart(own) {
  const isGlobal = own.key === null;
  const measure = h('select', { 'aria-label': `Measure of ${own.name}` });
  const search = h('input', {
    type: 'search',
    size: 15,
    placeholder: 'Key begins with',
    'aria-label': `Search ${own.name} by ${own.key}`,
  });
  const { element, note, body } = frameOf(own, isGlobal ? measure : search);
  const chartBox = h('div', { class: 'chart', hidden: true });
  if (isGlobal) element.append(chartBox);
  element.append(body);
  const table = createWindowTable(body, own);
  const chart = isGlobal ? createChart(chartBox) : null;
  const found = createSearch(own, search, () => draw(latest.own, latest.counts, true));
  let latest = { own, counts: undefined };

  function draw(current, counts, force = false) {
    latest = { own: current, counts };
    const rows = current.rows.map((row) => ({ ...row, values: parsed(row.aggregates) ?? {} }));
    if (chart !== null) drawSeries(chart, chartBox, measure, current, rows);
    found.refresh(current.rows);
    const answer = found.answer();
    const shown = answer === null ? rows : answer.map((row) => ({ ...row, values: parsed(row.aggregates) ?? {} }));
    table(shown.slice(0, SHOWN_ROWS), { force });
    setText(note, noteOf(current, counts, answer));
  }
  measure.addEventListener('input', () => draw(latest.own, latest.counts, true));
  return { element, draw, chart };
}

function noteOf(own, counts, answer) {
  const of = `${own.window} over ${own.of.join(', ')}${own.key === null ? '' : ` by ${own.key}`}`;
  if (answer !== null) return `${of}, ${answer.length === 0 ? 'no result of such a key' : 'results of these keys'}`;
  const [latest] = own.rows;
  if (latest === undefined) return `${of}, no window has closed yet`;
  const all = counts === undefined ? '' : `, ${exact(counts.results)} results`;
  return `${of}${all}, latest ends ${stamp(latest.end_at)}`;
}

/** What is typed is asked for once it rests, and again while the window goes on. */
function createSearch(own, input, onAnswer) {
  let answer = null;
  let timer = 0;
  let asked = '';
  let seen = null;

  async function ask() {
    timer = 0;
    const text = input.value.trim();
    asked = text;
    if (text === '') {
      answer = null;
    } else {
      const reply = await fetch(`${own.path}&limit=${SHOWN_ROWS}&keyPrefix=${encodeURIComponent(text)}`).catch(
        () => null,
      );
      // Something else has been typed meanwhile.
      if (asked !== text) return;
      answer = reply?.ok ? await reply.json() : [];
    }
    onAnswer();
  }
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SEARCH_AFTER_MS);
  });
  return {
    answer: () => answer,
    refresh(rows) {
      if (asked !== '' && timer === 0 && rows !== seen) timer = setTimeout(ask, SEARCH_AGAIN_MS);
      seen = rows;
    },
  };
}

function drawSeries(chart, box, select, own, rows) {
  const numbers = own.aggregates.filter((name) => rows.some(({ values }) => typeof values[name] === 'number'));
  const measure = keepOptions(select, [...numbers].sort(byUsefulness));
  box.hidden = measure === '' || rows.length === 0;
  if (box.hidden) return;
  const { stepMs, points } = withGaps([...rows].reverse());
  chart.draw({
    measure,
    stepMs,
    starts: points.map(({ start_at }) => start_at),
    counts: points.map((row) => row.count),
    measures: points.map(({ values }) => (typeof values[measure] === 'number' ? values[measure] : null)),
    format: formatOf(measure),
  });
}

/** Where windows without a result lie, the line breaks. */
function withGaps(rows) {
  const steps = rows.slice(1).map((row, i) => row.start_at - rows[i].start_at);
  const stepMs = Math.min(...steps.filter((step) => step > 0), DAY_MS);
  const points = rows.flatMap((row, i) =>
    steps[i] > 1.5 * stepMs ? [row, { start_at: row.start_at + stepMs, count: null, values: {} }] : [row],
  );
  return { stepMs, points };
}

function formatOf(measure) {
  if (/cents/i.test(measure)) return (value, short) => (short ? count(value / 100) : money(value));
  return (value) => count(value);
}

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

function createWindowTable(container, own) {
  const idOf = (row) => `windows/${row.window}/${row.key ?? ''}/${row.start_at}`;
  return createTable(container, {
    caption: `Newest results of ${own.name}`,
    empty: 'A result appears here when the watermark passes the end of a window.',
    keyOf: resultKey,
    idOf,
    versionOf: (row) => `${row.revision}|${row.count}|${row.aggregates}`,
    columns: [
      {
        head: 'Window',
        cell: (row) =>
          h(
            'a',
            { href: `#${encodeURIComponent(idOf(row))}`, title: spanTitle(row) },
            spanOf(row.start_at, row.end_at),
          ),
      },
      { head: own.key ?? 'Key', cell: (row) => keyCell(row.key, own.key) },
      { head: 'Count', number: true, cell: (row) => exact(row.count) },
      {
        head: 'Revision',
        cell: (row) => (row.revision > 0 ? `↻ ${row.revision}, corrected` : row.revision < 0 ? 'early' : 'on time'),
      },
      { head: 'Aggregates', cell: (row) => aggregateList(row.values) },
    ],
  });
}

function keyCell(key, field) {
  if (key !== null) return shortened(key);
  return h('span', { class: 'muted' }, field === null ? '(all)' : 'null');
}

const SHOWN_CHARACTERS = 60;

function shortened(value) {
  return value.length <= SHOWN_CHARACTERS ? value : h('span', { title: value }, `${value.slice(0, SHOWN_CHARACTERS)}…`);
}

const DAY_MS = 86_400_000;
const isDay = (at) => at % DAY_MS === 0;

/** With the day where windows are of days, and the second where they are not of whole minutes. */
function spanOf(start, end) {
  if (isDay(start) && isDay(end))
    return `${stamp(start).slice(0, 10)}${end - start === DAY_MS ? '' : ` – ${stamp(end).slice(0, 10)}`}`;
  const part = start % 60_000 === 0 && end % 60_000 === 0 ? minute : clock;
  return `${part(start)} – ${part(end)}`;
}

const spanTitle = (row) => `${new Date(row.start_at).toISOString()} – ${new Date(row.end_at).toISOString()}`;

function aggregateList(values) {
  return Object.entries(values).map(([name, value]) =>
    h('span', { class: 'pair' }, h('span', { class: 'muted' }, name), ' ', aggregateText(name, value)),
  );
}

function aggregateText(name, value) {
  if (typeof value === 'number') return /cents/i.test(name) ? money(value) : exact(value);
  if (value === null) return '–';
  return shortened(typeof value === 'string' ? value : JSON.stringify(value));
}

function createJoinPart(own) {
  const { element, note, body } = frameOf(own);
  element.append(body);
  const table = createTable(body, {
    caption: `Newest results of ${own.name}`,
    empty: 'A result appears here when events match.',
    // Pairs of one key and time may be alike.
    keyOf: (row) => JSON.stringify(row),
    columns: [
      { head: 'Time', cell: (row) => time(row.joined_at) },
      { head: own.key, cell: (row) => keyCell(row.key, own.key) },
      { head: own.of[0], cell: (row) => eventCell(row.left_event) },
      { head: own.of[1], cell: (row) => eventCell(row.right_event) },
    ],
  });
  return {
    element,
    chart: null,
    draw(current, _, force) {
      table(current.rows.slice(0, SHOWN_ROWS), { force });
      setText(note, `join of ${current.of.join(' with ')}`);
    },
  };
}

function eventCell(event) {
  return event === null ? h('span', { class: 'muted' }, 'null') : h('code', {}, shortened(event));
}
