/** Groups of a table's rows as they are now, through whole pipelines, and the same as SQL over its newest rows, in DuckDB. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { checkedView } from '../../src/data-directory/check-view.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from './script-run.ts';
import { sqlAnswers } from './sql-answers.ts';

const AGGREGATES =
  'n: count(), total: sum(amount), least: min(amount), most: max(amount), last: last(amount), few: "top(amount, 2)", odd: "count() FILTER (WHERE amount % 2 = 1)"';
const pipeline = (partitions: number): Omit<ScriptRun, 'lines'> => ({
  watermark: '{ outOfOrderness: 2s }',
  partitions,
  derived: 'small: { stream: clicks, where: amount < 90, select: { userId: userId, amount: amount } }',
  windows: [
    `groups: { stream: clicks, key: amount % 3, window: table, where: amount > 5, having: n > 1, aggregate: { ${AGGREGATES} } }`,
    'whole: { stream: clicks, key: null, window: table, aggregate: { n: count(), total: sum(amount) } }',
    'own: { stream: clicks, window: table, aggregate: { n: count(), total: sum(amount) } }',
    'derived: { stream: small, key: amount % 2, window: table, aggregate: { n: count(), total: sum(amount) } }',
  ].join('\n  '),
  views:
    "v: SELECT amount % 4 AS rest, length(userId) AS len, count(*) AS n, list(amount) AS each FROM latest(clicks) WHERE userId <> 'u7' GROUP BY ALL HAVING n > 1",
});

const NEWEST = (of: string): string =>
  `SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY u ORDER BY t DESC, place DESC) AS newest FROM ${of}) WHERE newest = 1 AND NOT gone`;
const SQL: Readonly<Record<string, string>> = {
  groups: `SELECT a % 3, count(*), sum(a), min(a), max(a), arg_max(a, (t, a)), max(a, 2)::VARCHAR, count(*) FILTER (WHERE a % 2 = 1)
    FROM (${NEWEST('changes')}) WHERE a > 5 GROUP BY ALL HAVING count(*) > 1`,
  whole: `SELECT NULL, count(*), sum(a) FROM (${NEWEST('changes')})`,
  own: `SELECT u, count(*), sum(a) FROM (${NEWEST('changes')}) GROUP BY ALL`,
  derived: `SELECT a % 2, count(*), sum(a) FROM (${NEWEST('(SELECT * FROM changes WHERE gone OR a < 90)')}) GROUP BY ALL`,
};

interface Change {
  readonly userId: string;
  readonly amount: number;
  readonly isGone: boolean;
  readonly at: number;
}

/** Within the bound they come in any order, also several of one key and time. Groups have some hundred rows. */
const changes = fc
  .array(
    fc.record({
      user: fc.nat(349),
      amount: fc.nat(99),
      isGone: fc.nat(6).map((drawn) => drawn === 0),
      gapMs: fc.nat(20),
      behindMs: fc.constantFrom(0, 0, 10, 500, 1900),
    }),
    { minLength: 750, maxLength: 800 },
  )
  .map((drawn) => {
    let now = 10_000;
    return drawn.map(({ user, amount, isGone, gapMs, behindMs }): Change => {
      now += gapMs;
      return { userId: `u${user}`, amount, isGone, at: now - behindMs };
    });
  });

const lineOf = ({ userId, amount, isGone, at: occurredAt }: Change): object =>
  isGone
    ? { $stream: 'clicks', $tombstone: true, userId, occurredAt }
    : { $stream: 'clicks', userId, occurredAt, amount };

function inSql(all: readonly Change[]): Promise<Record<string, string[]>> {
  const values = all.map((each, i) => `('${each.userId}', ${each.amount}, ${each.at}, ${each.isGone}, ${i})`);
  const table = 'CREATE TABLE changes (u VARCHAR, a BIGINT, t BIGINT, gone BOOLEAN, place BIGINT)';
  return sqlAnswers([table, `INSERT INTO changes VALUES ${values.join(', ')}`], SQL);
}

/** The newest result of each group, as a row of SQL would have it as a text. */
function newestOf(lines: readonly Record<string, unknown>[]): string[] {
  const byKey = new Map(lines.map((line) => [line.key, line]));
  return [...byKey.values()]
    .filter(({ n }) => n !== 0)
    .map(({ key, n, total, least, most, last, few, odd }) => {
      const list = Array.isArray(few) ? [`[${few.join(', ')}]`] : [];
      return [key, n, total, ...(few === undefined ? [] : [least, most, last, ...list, odd])].map(String).join(' ');
    })
    .sort();
}

test.each([1, 4])(
  'groups of a table have what SQL has of its newest rows, on %d partitions and across a crash',
  async (partitions) => {
    const [all = []] = fc.sample(changes, 1);
    const lines = all.map(lineOf);
    lines.splice(lines.length / 2, 0, { $snapshot: true }, lines[0]!, { $restart: true });
    const data = temporaryDirectory();
    const run: ScriptRun = { ...pipeline(partitions), lines, data };
    const { output } = await runScriptLines(run);
    const given = Object.keys(SQL).map((name) => [name, newestOf(output.filter((line) => line.stream === name))]);
    expect(Object.fromEntries(given)).toEqual(await inSql(all));
    const groups = output.filter(({ stream }) => stream === 'groups');
    expect(groups.map(({ revision }) => revision)).toContain(1);
    const config = loadConfig(writePipeline(data, run), {});
    const found = await checkedView(config, join(data, 'data'), config.views[0]!);
    expect(found).toMatchObject({ missing: 0, surplus: 0 });
    expect(found.rows).toBeGreaterThan(5);
    const dataDir = join(data, 'data');
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['duckdb']));
    try {
      expect((await offline.rederive()).filter(({ differences }) => differences > 0)).toEqual([]);
    } finally {
      await offline.close();
    }
  },
);

test('a group whose rows are gone is taken back, and what can not be a group of a table is said with its place', async () => {
  const row = (userId: string, occurredAt: number, more: object) => ({ userId, occurredAt, ...more });
  const { output } = await runScriptLines({
    watermark: 'scripted',
    windows: 'w: { stream: clicks, key: amount, window: table, aggregate: { n: count(), ids: collect(userId) } }',
    lines: [
      ...[row('a', 1000, { amount: 1 }), row('b', 1000, { amount: 1 }), { $watermark: 1000 }],
      ...[row('a', 2000, { amount: 2 }), row('b', 500, { amount: 3 }), { $watermark: 2000 }],
      ...[
        row('b', 3000, { $tombstone: true }),
        { $watermark: 3000 },
        row('b', 2999, { amount: 1 }),
        { $watermark: 4000 },
      ],
      ...[row('b', 5000, { amount: 1 }), { $watermark: 5000 }],
    ],
  });
  expect(output.map(({ key, revision, at, n, ids }) => [key, revision, at, n, ids])).toEqual([
    ['1', 0, 1000, 2, ['a', 'b']],
    ['1', 1, 2000, 1, ['b']],
    ['2', 0, 2000, 1, ['a']],
    ['1', 2, 2000, 0, []],
    ['1', 3, 5000, 1, ['b']],
  ]);
  const load = (more: string) => () =>
    loadConfig(
      writePipeline(temporaryDirectory(), {
        ...{ watermark: '{}', lines: [] },
        windows: `w: { stream: clicks, window: table, ${more} }`,
      }),
      {},
    );
  const aggregate = 'aggregate: { n: count() }';
  expect(load(`allowedLateness: 1s, ${aggregate}`)).toThrow(
    'windows.w.allowedLateness: no event is late for a table window',
  );
  expect(load(`top: { by: n }, ${aggregate}`)).toThrow('windows.w.top: is for tumbling and hopping windows');
  expect(load(`early: 1s, ${aggregate}`)).toThrow('a table window has no early results');
});
