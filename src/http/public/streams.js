/** The newest events of each stream that has a schema of its own, in a table whose columns are those of the schema. */
import { byId, h, setText, time } from './dom.js';
import { createTable } from './table.js';

const SHOWN_CHARACTERS = 60;
/** By stream: what draws its table, and by which columns that was made. */
const tables = new Map();

export function renderStreams({ streams }) {
  byId('streams').hidden = streams.length === 0;
  const names = new Set(streams.map(({ name }) => name));
  for (const [name, { element }] of tables) {
    if (names.has(name)) continue;
    element.remove();
    tables.delete(name);
  }
  for (const stream of streams) tableOf(stream).draw(stream.rows);
  setText(byId('streams-note'), 'newest events by event time');
}

function tableOf(stream) {
  const version = JSON.stringify(stream.columns);
  const known = tables.get(stream.name);
  if (known?.version === version) return known;
  const element = panelOf(stream);
  const draw = createTable(element.querySelector('.scroll'), {
    caption: `Events of ${stream.name}, newest first`,
    empty: 'No event so far.',
    keyOf: (row) => `${row.partition}|${row.log_offset}`,
    columns: stream.columns.map(columnOf),
  });
  if (known === undefined) byId('streams-tables').append(element);
  else known.element.replaceWith(element);
  const made = { version, element, draw };
  tables.set(stream.name, made);
  return made;
}

function panelOf({ name, path }) {
  const tools = h(
    'div',
    { class: 'tools' },
    h('a', { href: `${path}?limit=1000&format=csv`, download: true }, 'CSV'),
    h('a', { href: `${path}?limit=1000`, download: `${name}.json` }, 'JSON'),
  );
  const head = h('header', {}, h('h3', {}, name), tools);
  return h('article', { id: `streams/${name}` }, head, h('div', { class: 'scroll short' }));
}

const NUMBERS = ['int', 'long', 'double'];

function columnOf({ name, kind }) {
  if (kind === 'instant') return { head: name, cell: (row) => time(row[name]) };
  return { head: name, number: NUMBERS.includes(kind), cell: (row) => cellOf(row[name]) };
}

function cellOf(value) {
  if (value === null || value === undefined) return h('span', { class: 'muted' }, '–');
  const text = String(value);
  return text.length <= SHOWN_CHARACTERS ? text : h('span', { title: text }, `${text.slice(0, SHOWN_CHARACTERS)}…`);
}
