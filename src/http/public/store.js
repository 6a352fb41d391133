/**
 * What the page knows: the last overview, the tree of actors, and the newest rows of each table. Rows are kept by key,
 * so it does not matter whether a row comes first by GET or by the stream. Every table is bounded.
 */
import { mergeResults, readResults } from './results.js';

const TABLES = {
  results: { read: () => readResults(getJson), merge: mergeResults, set: (rows) => rows },
  sessions: { path: 'sessions', keep: 60, ask: 60, key: (r) => `${r.customer_id}|${r.start_at}` },
  alerts: { path: 'alerts', keep: 200, ask: 100, key: (r) => r.alert_id },
  cases: { path: 'cases', keep: 60, ask: 60, key: (r) => r.case_id },
  runs: { path: 'runs', keep: 400, ask: 300, key: (r) => r.run_id },
  deadLetters: {
    path: 'dead-letters',
    keep: 100,
    ask: 100,
    key: (r) => `${r.stream}|${r.source}|${r.position}|${r.offset}`,
  },
  actorHistory: { path: 'actor-history', keep: 60, ask: 60, key: (r) => `${r.actor}|${r.change}|${r.changed_at}` },
  streams: { read: readStreams, keep: 64, key: (r) => r.name },
  weather: { path: 'weather', keep: 1_000, ask: 500, key: (r) => `${r.provider}|${r.place}|${r.observed_at}` },
};

export function createStore(onChange) {
  const state = { overview: null, actors: null, resultCounts: {} };
  /** Rows that the stream brings while a GET of the same table is on its way, for each such GET. */
  const meanwhile = {};
  for (const name of Object.keys(TABLES)) {
    state[name] = [];
    meanwhile[name] = new Set();
  }

  const upsert = (name, newestFirst) => {
    const { merge } = TABLES[name];
    state[name] =
      merge === undefined ? merged(TABLES[name], state[name], newestFirst) : merge(state[name], newestFirst);
    onChange(name);
  };

  return {
    state,
    /** From the stream. */
    add(name, newestFirst) {
      for (const arrived of meanwhile[name]) arrived.unshift(...newestFirst);
      upsert(name, newestFirst);
    },
    set(name, value) {
      state[name] = value;
      onChange(name);
    },
    async load(name) {
      const { path, ask, set, read = () => getJson(`api/v1/${path}?limit=${ask}`) } = TABLES[name];
      const arrived = [];
      meanwhile[name].add(arrived);
      try {
        const rows = await read();
        state[name] = set === undefined ? merged(TABLES[name], [], rows) : set(rows);
        onChange(name);
      } finally {
        meanwhile[name].delete(arrived);
      }
      if (arrived.length > 0) upsert(name, arrived);
    },
    /** Everything; resolves with where the stream stood before any of it was read. */
    async loadAll() {
      const answer = await fetch('api/v1/overview');
      if (!answer.ok) throw new Error(`api/v1/overview answered ${answer.status}`);
      this.set('overview', await answer.json());
      const actors = getJson('api/v1/actors').then((tree) => this.set('actors', tree));
      await Promise.all([actors, ...Object.keys(TABLES).map((name) => this.load(name))]);
      return answer.headers.get('x-event-id');
    },
  };
}

const STREAM_ROWS = 25;

/** The streams that have tables, each with its newest rows. */
async function readStreams() {
  const streams = (await getJson('api/v1/streams')).filter(({ rows }) => rows !== null);
  return Promise.all(
    streams.map(async ({ name, columns, rows }) => {
      const path = rows.replace(/^\//, '');
      return { name, columns, path, rows: await getJson(`${path}?limit=${STREAM_ROWS}`) };
    }),
  );
}

/** Newest first. A row that is already known is updated where it stands. */
function merged({ key, keep }, known, newestFirst) {
  const incoming = new Map();
  for (const row of newestFirst) {
    const same = incoming.get(key(row));
    if (same === undefined || isNewer(row, same)) incoming.set(key(row), row);
  }
  const kept = known.map((row) => {
    const update = incoming.get(key(row));
    if (update === undefined) return row;
    incoming.delete(key(row));
    return isNewer(update, row) ? update : row;
  });
  return [...incoming.values(), ...kept].slice(0, keep);
}

function isNewer(row, known) {
  if (row.revision !== undefined) return row.revision >= known.revision;
  if (row.changed_at !== undefined) return row.changed_at >= known.changed_at;
  return true;
}

async function getJson(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return await answer.json();
}
