/**
 * Sources that are tables: rows by key, newest first and bounded, so it does not matter whether a row comes first by GET or
 * live.
 */
import { getJson } from './place.js';

/** `key(row)` tells rows apart; `kind` is that of the live events that bring rows; `keep` is how many are kept. */
export function tableSource({ id, path = `/api/v1/${id}`, key, keep = 100, ask = keep, kind, ...rest }) {
  return {
    id,
    key,
    path,
    read: async () => merged(key, keep, [], await getJson(`${path}?limit=${ask}`)),
    ...(kind === undefined ? {} : { live: { [kind]: (rows, data) => merged(key, keep, rows, [...data].reverse()) } }),
    ...rest,
  };
}

/** Newest first. A row that is already known is updated where it stands. */
function merged(key, keep, rows, newestFirst) {
  const incoming = new Map();
  for (const row of newestFirst) {
    const same = incoming.get(key(row));
    if (same === undefined || isNewer(row, same)) incoming.set(key(row), row);
  }
  const kept = rows.map((row) => {
    const update = incoming.get(key(row));
    if (update === undefined) return row;
    incoming.delete(key(row));
    return isNewer(update, row) ? update : row;
  });
  return [...incoming.values(), ...kept].slice(0, keep);
}

function isNewer(row, same) {
  return row.changed_at === undefined || row.changed_at >= same.changed_at;
}
