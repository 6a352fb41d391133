/** Joins of tables through whole pipelines, and the same as SQL over the times at which their rows hold, in DuckDB. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from './script-run.ts';
import { sqlAnswers, timeOf } from './sql-answers.ts';

const stream = (name: string, key: string, partitions: number) =>
  `  ${name}: { schema: ./click.avsc, key: ${key}, eventTime: occurredAt, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }\n`;
const pipeline = (partitions: number): Omit<ScriptRun, 'lines'> => ({
  watermark: '{ outOfOrderness: 1s }',
  partitions,
  streams: stream('views', 'userId', 2) + stream('levels', 'amount', partitions),
  joins: `
  both: { leftTable: clicks, rightTable: views, grace: 1s }
  some: { leftTable: clicks, rightTable: views, type: outer }
  levelled: { leftTable: clicks, rightTable: levels, on: amount, type: left }
  liked: { leftTable: clicks, rightTable: levels, on: amount, where: right.userId >= left.userId }
  chained: { left: levels, table: both, on: { left: userId, right: key }, type: left }`.trimStart(),
});
const NAMES = ['both', 'some', 'levelled', 'liked', 'chained'];

/** A row holds from its change to the next one of its key; without an amount it is gone. */
const VERSIONS = ['clicks', 'views', 'levels'].map((name) => {
  const key = name === 'levels' ? 'k' : 'u';
  return `CREATE VIEW ${name} AS SELECT *, lead(t) OVER (PARTITION BY ${key} ORDER BY t) AS till FROM changes WHERE s = '${name}'`;
});
const HOLDS = (side: string, t: string) => `${side}.t <= ${t} AND (${side}.till IS NULL OR ${t} < ${side}.till)`;
const BY_KEY = `(SELECT u, t FROM clicks UNION SELECT u, t FROM views) c
  LEFT JOIN clicks l ON l.u = c.u AND ${HOLDS('l', 'c.t')} AND NOT l.gone
  LEFT JOIN views r ON r.u = c.u AND ${HOLDS('r', 'c.t')} AND NOT r.gone`;
/** Times of left rows, and of the changes of what they refer to while they hold. */
const BY_REFERENCE = `(SELECT u, t FROM clicks UNION
    SELECT l.u, r.t FROM clicks l JOIN levels r ON r.k = l.k AND NOT l.gone AND ${HOLDS('l', 'r.t')}) c
  JOIN clicks l ON l.u = c.u AND ${HOLDS('l', 'c.t')} AND NOT l.gone
  LEFT JOIN levels r ON r.k = l.k AND ${HOLDS('r', 'c.t')} AND NOT r.gone`;
const SQL: Readonly<Record<string, string>> = {
  both: `SELECT c.t, l.t, r.t FROM ${BY_KEY} WHERE l.t IS NOT NULL AND r.t IS NOT NULL`,
  some: `SELECT c.t, l.t, r.t FROM ${BY_KEY} WHERE l.t IS NOT NULL OR r.t IS NOT NULL`,
  levelled: `SELECT c.t, l.t, r.t FROM ${BY_REFERENCE}`,
  liked: `SELECT c.t, l.t, r.t FROM ${BY_REFERENCE} WHERE r.u >= l.u`,
};

interface Change {
  readonly stream: 'clicks' | 'views' | 'levels';
  readonly userId: string;
  readonly amount: number;
  readonly isGone: boolean;
  readonly at: number;
}

/** No two of one time, which names a change. */
const changes = fc
  .array(
    fc.record({
      stream: fc.constantFrom('clicks', 'views', 'levels'),
      userId: fc.constantFrom('a', 'b', 'c', 'd'),
      amount: fc.integer({ min: 1, max: 4 }),
      isGone: fc.nat(4).map((drawn) => drawn === 0),
      gapMs: fc.nat(500),
    }),
    { minLength: 150, maxLength: 200 },
  )
  .map((drawn) => {
    let at = 0;
    return drawn.map(({ gapMs, ...change }): Change => {
      at += gapMs + 1;
      return { ...change, at };
    });
  });

function lineOf({ stream: $stream, userId, amount, isGone, at: occurredAt }: Change): object {
  if (!isGone) return { $stream, userId, occurredAt, amount };
  return { $stream, $tombstone: true, occurredAt, ...($stream === 'levels' ? { amount } : { userId }) };
}

function inSql(all: readonly Change[]): Promise<Record<string, string[]>> {
  const values = all.map((each) => {
    return `('${each.stream}', '${each.userId}', ${each.amount}, ${each.at}, ${each.isGone})`;
  });
  const changes = [
    'CREATE TABLE changes (s VARCHAR, u VARCHAR, k BIGINT, t BIGINT, gone BOOLEAN)',
    `INSERT INTO changes VALUES ${values.join(', ')}`,
  ];
  return sqlAnswers([...changes, ...VERSIONS], SQL);
}

test.each([1, 4])(
  'joins of tables give the rows that SQL has of each time, on %d partitions and across a crash',
  async (partitions) => {
    const [all = []] = fc.sample(changes, 1);
    const lines = all.map(lineOf);
    lines.splice(lines.length / 2, 0, { $snapshot: true }, { $restart: true });
    const data = temporaryDirectory();
    const { output } = await runScriptLines({ ...pipeline(partitions), lines, data, only: NAMES });
    const of = (name: string) => output.filter((line) => line.stream === name);
    const isRow = (line: Record<string, unknown>): boolean => line.left !== null || line.right !== null;
    const given = Object.keys(SQL).map((name) => {
      const rows = of(name).filter(isRow);
      return [name, rows.map((line) => `${line.ts} ${timeOf(line.left)} ${timeOf(line.right)}`).sort()] as const;
    });
    const wanted = await inSql(all);
    expect(Object.values(wanted).every((rows) => rows.length > 5)).toBe(true);
    expect(Object.fromEntries(given)).toEqual(wanted);
    // A row that is gone is so for who joins with it.
    const rows = of('both').sort((a, b) => Number(a.ts) - Number(b.ts));
    expect(rows.some((line) => !isRow(line))).toBe(true);
    const chained = of('chained');
    expect(chained.length).toBeGreaterThan(20);
    for (const { key, ts, right } of chained) {
      const row = rows.findLast((line) => line.key === key && Number(line.ts) <= Number(ts));
      const { stream: _, ...seen } = row ?? { stream: null };
      expect(right).toEqual(row === undefined || !isRow(row) ? null : seen);
    }
    const dataDir = join(data, 'data');
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['duckdb']));
    try {
      expect((await offline.rederive()).filter(({ differences }) => differences > 0)).toEqual([]);
    } finally {
      await offline.close();
    }
  },
);

test('what can not be a join of tables is said with its place', () => {
  const load = (join: string) => () =>
    loadConfig(writePipeline(temporaryDirectory(), { ...pipeline(1), lines: [], joins: `j: ${join}` }), {});
  expect(load('{ leftTable: clicks, rightTable: levels }')).toThrow(
    'joins.j.rightTable: events match by values of one type, but userId of clicks is a text and amount of levels is a whole number: CAST one',
  );
  expect(load('{ leftTable: clicks, rightTable: levels, on: amount, type: outer }')).toThrow(
    'joins.j.type: must be inner or left',
  );
  expect(load('{ leftTable: clicks, rightTable: levels, on: amont }')).toThrow('did you mean amount?');
});
