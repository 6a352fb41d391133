/**
 * What the page knows: the last overview, the tree of actors, and the newest rows of each table. Rows are kept by key,
 * so it does not matter whether a row comes first by GET or by the stream. Every table is bounded.
 */
const TABLES = {
  windows: { path: 'windows', keep: 2_000, ask: 1_000, key: (r) => `${r.window}|${r.key}|${r.start_at}|${r.end_at}` },
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
  const state = { overview: null, actors: null };
  /** Rows that the stream brings while a GET of the same table is on its way, for each such GET. */
  const meanwhile = {};
  for (const name of Object.keys(TABLES)) {
    state[name] = [];
    meanwhile[name] = new Set();
  }

  /** Newest first. A row that is already known is updated where it stands. */
  const upsert = (name, newestFirst) => {
    const { key, keep } = TABLES[name];
    const incoming = new Map();
    for (const row of newestFirst) {
      const known = incoming.get(key(row));
      if (known === undefined || isNewer(row, known)) incoming.set(key(row), row);
    }
    const kept = state[name].map((row) => {
      const update = incoming.get(key(row));
      if (update === undefined) return row;
      incoming.delete(key(row));
      return isNewer(update, row) ? update : row;
    });
    state[name] = [...incoming.values(), ...kept].slice(0, keep);
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
      const { path, ask, read = () => getJson(`api/v1/${path}?limit=${ask}`) } = TABLES[name];
      const arrived = [];
      meanwhile[name].add(arrived);
      try {
        const rows = await read();
        state[name] = [];
        upsert(name, rows);
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
