/** A lake whose place fails at each act, once and from then on, before the act takes effect or behind it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Place } from '../../src/places/place.ts';
import { LAKE_MANIFEST, parseManifest } from '../../src/stores/lake/manifest.ts';
import { scratchDirectory } from '../journal/scratch.ts';
import { bring, clicksOf, clicksTable, lakeAt, placeOf, ROWS_SQL } from '../lake/fixture.ts';

const LOGS = { 'clicks-0': 60, 'clicks-1': 25 };
/** Every fifth is a tombstone. */
const given = (log: string, from: number, to: number): object[] =>
  clicksOf(log, from, to).map(({ userId, occurredAt, ...own }, i) =>
    (from + i) % 5 === 4 ? { key: userId, occurredAt } : { userId, occurredAt, ...own },
  );
const EXPECTED = Object.entries(LOGS).flatMap(([log, end]) =>
  clicksOf(log, 0, end).map((click, i) => (i % 5 === 4 ? { ...click, page: null, amount: null } : click)),
);

/** Fails the k-th act on a place, before it takes effect or behind it, and all that follow. */
function failingAt(
  place: Place,
  k: number,
  isBehind: boolean,
): { readonly place: Place; readonly hasFailed: () => boolean } {
  let acts = 0;
  async function act<T>(does: () => Promise<T>): Promise<T> {
    acts += 1;
    if (acts < k) return does();
    if (acts === k && isBehind) await does();
    throw new Error('the lake is away');
  }
  return {
    hasFailed: () => acts >= k,
    place: {
      ...place,
      adopt: (path, stored, bytes) => act(() => place.adopt(path, stored, bytes)),
      writeManifest: (text, replaces) => act(() => place.writeManifest(text, replaces)),
      remove: (stored) => act(() => place.remove(stored)),
    },
  };
}

describe.each([false, true])('when an act on the lake fails (behind its effect: %s)', (isBehind) => {
  test.each([false, true])(
    'each event is there once (after a new start: %s)',
    async (isStartedAnew) => {
      for (let k = 1; ; k++) {
        const directory = scratchDirectory();
        const real = placeOf(directory);
        const failing = failingAt(real, k, isBehind);
        let isAway = true;
        const place: Place = {
          ...real,
          adopt: (...args) => (isAway ? failing.place : real).adopt(...args),
          writeManifest: (...args) => (isAway ? failing.place : real).writeManifest(...args),
          remove: (...args) => (isAway ? failing.place : real).remove(...args),
        };
        // One folder: a commit is a file and a manifest, and the eighth a compaction beside.
        const table = clicksTable([]);
        const options = { directory, table, targetBytes: 100_000, keepReplacedMs: 0 };
        let store = await lakeAt({ ...options, place });
        for (let i = 0; i < 11 && !failing.hasFailed(); i++) await bring(store, LOGS, 6, given).catch(() => {});
        if (!failing.hasFailed()) {
          await store.close();
          break;
        }
        isAway = false;
        if (isStartedAnew) store = await lakeAt(options);
        while ((await bring(store, LOGS, 20, given)) > 0);
        expect(await store.query(ROWS_SQL)).toEqual(EXPECTED);
        const gone = await store.query('SELECT count(*) AS n FROM clicks WHERE millrace_deleted');
        expect(gone).toEqual([{ n: 17 }]);
        await store.close();
        const { tables, replaced } = parseManifest(
          readFileSync(join(directory, 'lake', LAKE_MANIFEST), 'utf8'),
          directory,
        );
        const named = [...(tables.clicks?.files ?? []), ...replaced].map(({ path }) => path);
        const reopened = await lakeAt(options);
        await reopened.close();
        expect(new Set(await real.list())).toEqual(new Set(named));
        if (k > 12) k += 3;
      }
    },
    120_000,
  );
});
