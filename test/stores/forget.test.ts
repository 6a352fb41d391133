/** `millrace forget` over everything that a key is in: the journal, SQLite, DuckDB, PostgreSQL and a lake. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { millrace } from '../integration/millrace.ts';
import { AT, declareStream, place } from './postgres.ts';

const WHO = 'person-4711';

/** Files below a folder whose bytes have the text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return filesWith(path, text);
    return stat?.isFile() === true && readFileSync(path).includes(text) ? [path] : [];
  });
}

function events(from: number, count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    id: (from + i) % 5 === 0 ? WHO : `k${(from + i) % 5}`,
    at: (from + i) * 100,
    n: from + i,
    shop: `s${(from + i) % 3}`,
  }));
}

test('a key that is forgotten is nowhere, all others are as they were, and replays still compare', async () => {
  const at = place();
  const stream = declareStream(
    at,
    'clicks',
    [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }, { name: 'shop', type: 'string' }],
    ', partitions: 2',
  );
  at.write(
    `${stream}
windows:
  sums: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count(), total: sum(n) } }
  shops: { stream: clicks, key: shop, window: { tumbling: 1s }, aggregate: { n: count(), who: "collect(id)" } }
  everything: { stream: clicks, key: null, window: { tumbling: 1s }, aggregate: { n: count() } }`,
    '[clicks, sums, shops, everything]\n  lake:\n    lake: { path: ./lake }\n    tables: { clicks: {}, sums: {} }',
  );
  const words = ['--config', at.config, '--data', at.data];
  expect((await at.run('clicks', events(0, 100), '--no-flush')).code).toBe(0);
  const before = at.sql('SELECT start, n FROM everything ORDER BY start');
  expect(before.length).toBeGreaterThan(5);
  expect(filesWith(at.data, WHO).length).toBeGreaterThan(3);

  const tried = await millrace(['forget', '--key', WHO, '--dry-run', '--json', ...words]);
  expect(tried.stderr).toBe('');
  const would = JSON.parse(tried.stdout);
  expect(would.logs.length).toBeGreaterThan(2);
  // Lists that were collected hold others too: they go where their field is named.
  expect(Object.keys(would.left).join()).toMatch(/shops aggregates\.who/);
  expect(at.sql(`SELECT count(*) FROM clicks WHERE id = '${WHO}'`)).toEqual(['20']);

  const { code, stdout, stderr } = await millrace([
    'forget',
    '--key',
    WHO,
    '--field',
    'id',
    '--field',
    'who',
    ...words,
  ]);
  expect(stderr).not.toMatch(/error/i);
  expect(stdout).toMatch(/clicks-\d +\S*Event +\d+/);
  expect(stdout).toContain('Filled anew from the journal: sqlite, duckdb, warehouse, lake');
  expect(code).toBe(0);
  expect(filesWith(at.data, WHO)).toEqual([]);
  expect(filesWith(join(at.directory, 'lake'), WHO)).toEqual([]);
  expect(at.sql(`SELECT count(*) FROM clicks WHERE id = '${WHO}'`)).toEqual(['0']);
  expect(at.sql('SELECT count(*) FROM clicks')).toEqual(['80']);
  expect(at.sql(`SELECT count(*) FROM sums WHERE key = '${WHO}'`)).toEqual(['0']);
  // What was computed of many stays as it was published.
  expect(at.sql('SELECT start, n FROM everything ORDER BY start')).toEqual(before);

  expect((await millrace(['journal', 'verify', '--data', at.data])).code).toBe(0);
  const replayed = await millrace(['replay', '--data', at.data]);
  expect(replayed.stdout).toContain('a key was forgotten');
  expect(replayed.code).toBe(0);
  // The journal goes on, and what came since is compared.
  expect((await at.run('clicks', events(0, 200))).code).toBe(0);
  expect((await millrace(['replay', '--data', at.data])).code).toBe(0);
  const again = await millrace(['forget', '--key', WHO, '--dry-run', ...words]);
  expect(again.stdout).toMatch(/These would go/);
});
