/** Results of windows and joins as sources: the newest of each window, whichever way they come. */
import { ask, getJson } from './place.js';

const KEPT_RESULTS = 120;
const JOINED_ROWS = 60;

/** The newest results of one window, or of one join. */
export function resultsSource(own) {
  const id = `results:${own.kind}:${own.name}`;
  if (own.kind === 'join') {
    return {
      id,
      read: () => getJson(`${own.rows}&limit=${JOINED_ROWS}`),
      again: { when: eventsCame, everyMs: 10_000 },
    };
  }
  return {
    id,
    read: () => getJson(`${own.rows}&limit=${KEPT_RESULTS}`),
    live: {
      window(rows, data) {
        const fresh = data.filter((row) => row.window === own.name);
        return fresh.length === 0 ? rows : newestOf(own, [...rows, ...fresh]);
      },
    },
  };
}

const PREVIEWED = 60;

/** The newest result of each window and join, by name; of so many as a list can show. */
export function latestSource(windowsAndJoins) {
  return {
    id: 'latest-results',
    async read() {
      const latest = {};
      for (const { name, rows } of windowsAndJoins.slice(0, PREVIEWED))
        [latest[name]] = await getJson(`${rows}&limit=1`);
      return latest;
    },
    live: { window: (latest, data) => ({ ...latest, ...Object.fromEntries(data.map((row) => [row.window, row])) }) },
    drawMs: 1_000,
  };
}

/** Results that a search is for, and where it goes on: `{ rows, next }`. */
export async function searchResults(own, { key, from, to }, cursor = null) {
  const query = new URLSearchParams({ limit: '60' });
  if (key !== '') query.set('keyPrefix', key);
  if (from !== '') query.set('from', from);
  if (to !== '') query.set('to', to);
  if (cursor !== null) query.set('cursor', cursor);
  const answer = await ask(`${own.rows}&${query}`);
  return { rows: await answer.json(), next: answer.headers.get('x-next-cursor') };
}

const eventsCame = (kind, data, before) => kind === 'overview' && before?.eventsIn !== data.eventsIn;

function newestOf({ window }, rows) {
  const byKey = new Map();
  for (const row of rows) {
    const same = byKey.get(resultKey(row));
    if (same === undefined || row.revision >= same.revision) byKey.set(resultKey(row), row);
  }
  const kept = window === 'session' ? withoutMerged([...byKey.values()]) : [...byKey.values()];
  return kept.sort(byPlace).slice(0, KEPT_RESULTS);
}

/** A session that another one contains has become part of it. */
function withoutMerged(rows) {
  const byKey = Map.groupBy(rows, (row) => row.key);
  const contains = (other, row) => other !== row && other.start_at <= row.start_at && other.end_at >= row.end_at;
  return rows.filter((row) => !byKey.get(row.key).some((other) => contains(other, row)));
}

export const resultKey = (row) => JSON.stringify([row.key, row.start_at, row.end_at]);

function byPlace(a, b) {
  return b.start_at - a.start_at || (a.key ?? '').localeCompare(b.key ?? '') || b.end_at - a.end_at;
}
