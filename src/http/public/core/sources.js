/** What every pipeline has: its overview, actors, runs, dead letters, late events, and the counts of results. */
import { getJson } from './place.js';
import { tableSource } from './tables.js';

export const overviewSource = {
  id: 'overview',
  read: () => getJson('/api/v1/overview'),
  live: { overview: (_, data) => data },
};

export const actorsSource = {
  id: 'actors',
  read: () => getJson('/api/v1/actors'),
  live: { actors: (_, data) => data },
  drawMs: 1_000,
};

/** By window: how many results it has, since the page follows. */
export const countsSource = {
  id: 'result-counts',
  read: async () => ({}),
  live: { windows: (counts, data) => ({ ...counts, ...data }) },
};

export const runsSource = tableSource({ id: 'runs', keep: 400, ask: 300, key: (row) => row.run_id, kind: 'run' });

/** Whether a number of the overview is another one than before. */
const moved = (name) => (kind, data, before) => kind === 'overview' && before?.[name] !== data[name];

export const deadLettersSource = tableSource({
  id: 'dead-letters',
  key: (row) => `${row.stream}|${row.source}|${row.position}|${row.offset}`,
  again: { when: moved('deadLetters') },
});

export const lateEventsSource = tableSource({
  id: 'late-events',
  key: (row) => JSON.stringify(row),
  again: { when: moved('lateEvents') },
});

export const actorHistorySource = tableSource({
  id: 'actor-history',
  keep: 60,
  key: (row) => `${row.actor}|${row.change}|${row.changed_at}`,
  again: { when: (kind, data, before) => kind === 'actors' && restartsOf(before) !== restartsOf(data) },
});

function restartsOf(actor) {
  if (actor === undefined) return 0;
  return actor.children.reduce((sum, child) => sum + restartsOf(child), actor.restarts);
}

/** What tables there are. */
export const tablesSource = { id: 'tables', read: () => getJson('/api/v1/tables') };

/** The newest rows of one of them, read again while it is shown. */
export const tableRowsSource = ({ name, path }) => ({
  id: `table:${name}`,
  path,
  read: () => getJson(`${path}?limit=100`),
  again: { when: (kind) => kind === 'overview', everyMs: 5_000 },
});

const STREAM_ROWS = 50;

/** The newest events of a stream that has a table. */
export const streamRowsSource = ({ name, rows }) => ({
  id: `stream-rows:${name}`,
  path: rows,
  read: () => getJson(`${rows}?limit=${STREAM_ROWS}`),
  again: { when: moved('eventsIn') },
});
