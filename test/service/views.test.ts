/**
 * Views beside DuckDB: each random statement gives what DuckDB gives for it over the same events, on one partition and on
 * several, and across a restart.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checkedView } from '../../src/data-directory/check-view.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from './script-run.ts';

const MINUTE = 60_000;
const NUMBERS = [
  'amount',
  'amount * 2 + 1',
  'amount % 3',
  'length(userId)',
  '-amount',
  'coalesce(nullif(amount, 4), 9)',
];
const TEXTS = ['userId', 'upper(userId)', "userId || '!'", "CASE WHEN amount > 4 THEN 'large' ELSE userId END"];
const CONDITIONS = [
  'amount > 3',
  "userId IN ('a', 'b')",
  "userId LIKE 'a%' OR amount < 6",
  'amount BETWEEN 2 AND 8',
  'amount % 2 = 0',
];
const KEYS = [
  ...[
    ...TEXTS,
    'amount % 3',
    'amount > 4',
    'amount / 4',
    'CAST(amount / 4 AS DECIMAL(20, 3))',
    'CAST(occurredAt AS DATE)',
  ],
  "date_trunc('hour', occurredAt + INTERVAL 5 MINUTES)",
  "date_trunc('hour', occurredAt AT TIME ZONE 'Asia/Kolkata')",
  "date_trunc('day', occurredAt AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York')",
];
const AGGREGATES = [
  ...['count(*)', 'count(DISTINCT amount)', 'sum(amount)', 'min(amount)', 'max(amount)', 'avg(amount)'],
  ...['count(*) FILTER (WHERE amount > 4)', 'sum(amount * 2) / count(*)', 'stddev(amount)', 'bool_or(amount > 7)'],
  ...['list(DISTINCT amount)', 'max(amount, 2)', 'arg_max(amount, occurredAt)', 'min(userId)', 'max(occurredAt)'],
  ...['list(nullif(amount, 4))', 'list(DISTINCT nullif(amount, 4)) FILTER (WHERE amount < 7)', 'max(userId, 2)'],
  ...['sum(CAST(amount AS DECIMAL(20, 2)) * amount)', 'CAST(min(amount) / 3 AS DECIMAL(6, 2))', '[min(amount), 1]'],
  ...['list(occurredAt)', 'list(amount > 4) FILTER (WHERE amount > 2)', 'max(CAST(occurredAt AS DATE), 2)'],
  ...["max(occurredAt AT TIME ZONE 'Asia/Kolkata')", 'list(CAST(occurredAt AS TIMESTAMPTZ))'],
  ...['min(nullif(AMOUNT, 4) > 5)', 'arg_max(amount > 4, amount * 10 + length(USERID))', 'list(DISTINCT amount > 4)'],
  "{'latest': max(occurredAt), 'day': CAST(min(occurredAt) AS DATE), 'n': count(*)}",
];
const BUCKETS = [
  "time_bucket(INTERVAL '1 minute', occurredAt)",
  "time_bucket(INTERVAL '90 seconds', occurredAt, INTERVAL '10 seconds')",
  "date_trunc('hour', occurredAt)",
];

const picked = (from: readonly string[], max: number) => fc.subarray([...from], { minLength: 1, maxLength: max });
const where = fc.option(fc.constantFrom(...CONDITIONS), { nil: null });
const whereText = (condition: string | null): string => (condition === null ? '' : ` WHERE ${condition}`);
const columns = (expressions: readonly string[], name: string): string =>
  expressions.map((each, i) => `${each} AS ${name}${i}`).join(', ');

const selection = fc.record({ own: picked([...NUMBERS, ...TEXTS], 3), where }).map(
  ({ own, where: condition }) =>
    `SELECT ${columns(own, 'c')}, c0 AS again, CLICKS.Amount * 2 AS twice, twice + 1 AS more
       FROM clicks WHERE more > 5${condition === null ? '' : ` AND (${condition})`}`,
);
const grouped = fc
  .record({
    keys: fc.subarray(KEYS, { maxLength: 2 }),
    bucket: fc.constantFrom(...BUCKETS),
    aggregates: picked(AGGREGATES, 3),
    where,
    having: fc.constantFrom('', ' HAVING count(*) > 1', ' HAVING a0 IS NOT NULL AND max(amount) > 2'),
  })
  .map(({ keys, bucket, aggregates, where: condition, having }) => {
    const all = [keys.length === 0 ? [] : columns(keys, 'k'), `${bucket} AS bucket`, columns(aggregates, 'a')].flat();
    return `SELECT ${all.join(', ')} FROM clicks${whereText(condition)} GROUP BY ALL${having}`;
  });
const hopping = picked(AGGREGATES, 2).map(
  (aggregates) =>
    `SELECT userId, window_start AS s, ${columns(aggregates, 'a')}
     FROM hop(clicks, occurredAt, INTERVAL 30 SECOND, INTERVAL 1 MINUTE) GROUP BY userId, window_start`,
);
const sessions = fc
  .record({ aggregates: picked(AGGREGATES, 2), keys: fc.subarray(['userId', 'amount % 2'], { minLength: 1 }), where })
  .map(
    ({ aggregates, keys, where: condition }) =>
      `SELECT ${columns(keys, 'k')}, window_start AS s, window_end AS e, ${columns(aggregates, 'a')}
     FROM session(clicks, occurredAt, INTERVAL 15 SECOND)${whereText(condition)} GROUP BY ALL`,
  );
const joinedGroups = picked(['count(*)', 'sum(l.amount + r.amount)', 'max(r.userId)', 'list(r.amount)'], 2).map(
  (aggregates) =>
    `SELECT l.userId AS u, time_bucket(INTERVAL 1 MINUTE, greatest(l.occurredAt, r.occurredAt)) AS b,
       ${columns(aggregates, 'a')} FROM clicks l LEFT JOIN clicks r ON l.userId = r.userId
       AND r.occurredAt >= l.occurredAt AND r.occurredAt <= l.occurredAt + INTERVAL 20 SECONDS GROUP BY ALL`,
);
const joined = fc
  .record({
    kind: fc.constantFrom(['JOIN', '>'], ['LEFT JOIN', '>=']),
    on: fc.constantFrom(
      'l.userId = r.userId',
      'l.userId = r.userId AND l.amount = r.amount + 1',
      'upper(l.userId) = r.userId',
    ),
    where: fc.constantFrom('', ' WHERE l.amount > 3'),
  })
  .map(
    ({ kind: [kind, from], on, where: condition }) =>
      `SELECT l.userId AS u, l.amount AS x, r.amount AS y FROM clicks l ${kind} clicks r
       ON ${on} AND r.occurredAt ${from} l.occurredAt AND r.occurredAt <= l.occurredAt + INTERVAL 20 SECONDS${condition}`,
  );

const unnested = fc
  .record({
    lists: picked(["string_split(userId || ' ' || upper(userId), ' ')", '[amount, NULL, -amount][1:amount % 4]'], 2),
    where,
  })
  .map(({ lists, where: condition }) => {
    const each = lists.map((list, i) => `unnest(${list}) AS e${i}`).join(', ');
    return `SELECT amount AS c0, ${each}, userId AS c1 FROM clicks${whereText(condition)}`;
  });
/** Of the view before it, whose rows are not those of the stream's events. */
const overUnnested = picked(
  ['count(*)', 'count(e0)', 'sum(c0)', 'count(DISTINCT c1)', 'max(c1)', 'list(DISTINCT e0)'],
  2,
).map(
  (aggregates) =>
    `SELECT e0, time_bucket(INTERVAL 1 MINUTE, ts) AS bucket, ${columns(aggregates, 'a')} FROM v0 GROUP BY ALL`,
);

const clicks = fc
  .array(
    fc.record({
      userId: fc.constantFrom('a', 'b', 'ab', 'ä', 'e'),
      stepMs: fc.integer({ min: 1, max: 20_000 }),
      amount: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 30, maxLength: 60 },
  )
  .map((drawn) => {
    let occurredAt = Date.UTC(2026, 10, 30);
    return drawn.map(({ stepMs, ...click }) => {
      occurredAt += stepMs;
      return { ...click, occurredAt };
    });
  });

const indented = (statement: string): string => `\n    ${statement.replaceAll(/\s+/g, ' ')}`;

test('a random statement gives what DuckDB gives', async () => {
  const statements = fc.tuple(
    unnested,
    overUnnested,
    selection,
    grouped,
    grouped,
    grouped,
    hopping,
    sessions,
    joined,
    joinedGroups,
  );
  await fc.assert(
    fc.asyncProperty(
      clicks,
      statements,
      fc.constantFrom(1, 3),
      fc.nat(29),
      async (rows, drawn, partitions, restartAt) => {
        const directory = temporaryDirectory();
        const run: ScriptRun = {
          watermark: '{ outOfOrderness: 1s }',
          partitions,
          views: drawn.map((statement, i) => `v${i}: >${indented(statement)}`).join('\n  '),
          lines: rows.flatMap((row, i) => (i === restartAt ? [{ $snapshot: true }, row, { $restart: true }] : [row])),
          data: directory,
        };
        await runScriptLines(run);
        const config = loadConfig(writePipeline(directory, run), {});
        for (const view of config.views) {
          const found = await checkedView(config, join(directory, 'data'), view);
          expect({ sql: view.sql, ...found }).toEqual({
            ...found,
            sql: view.sql,
            missing: 0,
            surplus: 0,
            examples: [],
          });
          expect(found.closedMs === null || found.closedMs === Number.POSITIVE_INFINITY).toBe(true);
        }
      },
    ),
    { numRuns: 3, endOnFailure: true },
  );
});

test('a view that gives other rows than its statement is told', async () => {
  const directory = temporaryDirectory();
  const view = (sql: string): ScriptRun => ({
    watermark: '{}',
    views: `v: ${sql}`,
    lines: [{ userId: 'a', occurredAt: MINUTE, amount: 3 }],
    data: directory,
  });
  await runScriptLines(view('SELECT userId, amount FROM clicks'));
  const changed = loadConfig(writePipeline(directory, view('SELECT userId, amount + 1 AS amount FROM clicks')), {});
  const [own] = changed.views;
  expect(await checkedView(changed, join(directory, 'data'), own!)).toMatchObject({
    rows: 1,
    missing: 1,
    surplus: 1,
    examples: [
      { only_in: 'statement', userId: 'a', amount: 4 },
      { only_in: 'view', userId: 'a', amount: 3 },
    ],
  });
});

test('a column that is a word of DuckDB’s SQL needs no quotes here, and is the same column there', async () => {
  const directory = temporaryDirectory();
  const run: ScriptRun = {
    watermark: '{}',
    views: [
      'named: SELECT userId, amount AS "at", amount + 1 AS "user" FROM clicks',
      'v: SELECT at * 2 AS twice, userId, CASE WHEN AT > 3 THEN user ELSE at END AS one FROM named WHERE named.at > 1 AND user < 9',
    ].join('\n  '),
    lines: [1, 2, 3, 4, 9].map((amount) => ({ userId: 'a', occurredAt: MINUTE * amount, amount })),
    data: directory,
  };
  await runScriptLines(run);
  const config = loadConfig(writePipeline(directory, run), {});
  const view = config.views.find(({ name }) => name === 'v');
  expect(await checkedView(config, join(directory, 'data'), view!)).toMatchObject({ rows: 3, missing: 0, surplus: 0 });
});
