/** Results of windows as the page keeps them: for each window its newest ones, whichever way they came. */
const KEPT_RESULTS = 120;
const JOINED_ROWS = 40;

/** Windows and joins of the pipeline, each with its newest results. */
export async function readResults(getJson) {
  const derived = await getJson('api/v1/derived');
  return Promise.all(
    derived.map(async (info) => {
      const path = info.rows.replace(/^\//, '');
      const limit = info.kind === 'join' ? JOINED_ROWS : KEPT_RESULTS;
      return { ...info, path, rows: await getJson(`${path}&limit=${limit}`) };
    }),
  );
}

/** Puts results where they belong. */
export function mergeResults(windows, rows) {
  const byWindow = Map.groupBy(rows, (row) => row.window);
  return windows.map((own) => {
    const fresh = own.kind === 'window' ? byWindow.get(own.name) : undefined;
    return fresh === undefined ? own : { ...own, rows: newestOf(own, [...own.rows, ...fresh]) };
  });
}

function newestOf({ window }, rows) {
  const byKey = new Map();
  for (const row of rows) {
    const key = resultKey(row);
    const known = byKey.get(key);
    if (known === undefined || row.revision >= known.revision) byKey.set(key, row);
  }
  const kept = window === 'session' ? withoutMerged([...byKey.values()]) : [...byKey.values()];
  return kept.sort(byPlace).slice(0, KEPT_RESULTS);
}

/** A session that another one contains has become part of it. */
function withoutMerged(rows) {
  const byKey = Map.groupBy(rows, (row) => row.key);
  return rows.filter(
    (row) =>
      !byKey
        .get(row.key)
        .some((other) => other !== row && other.start_at <= row.start_at && other.end_at >= row.end_at),
  );
}

export const resultKey = (row) => JSON.stringify([row.key, row.start_at, row.end_at]);

function byPlace(a, b) {
  return b.start_at - a.start_at || (a.key ?? '').localeCompare(b.key ?? '') || b.end_at - a.end_at;
}
