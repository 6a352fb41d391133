/** Joins of whole pipelines, and the same joins as SQL over their inputs, in DuckDB. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runScriptLines } from './script-run.ts';
import { sqlAnswers, timeOf } from './sql-answers.ts';

const STREAMS = (partitions: number) =>
  `  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }\n`;
const JOINS = `
  before_and_after: { left: clicks, right: views, type: outer, within: { before: 3s, after: 500ms } }
  after: { left: clicks, right: views, type: left, within: { after: 2s }, where: right.amount is null or left.amount <= right.amount }
  costlier: { left: clicks, right: views, type: outer, within: 1s, where: left.amount > right.amount and key != 'b' }
  unseen: { left: clicks, right: views, type: outer, within: 1s, where: left.amount is null }
  seen: { left: clicks, table: views, type: left, where: right.amount > 3 or right.userId is null }`;

const PAIR = (near: string, type: string, where = 'true') => `
  SELECT l.id AS l, r.id AS r FROM clicks l ${type} JOIN views r ON l.userId = r.userId AND ${near} WHERE ${where}`;
const WITHIN = 'abs(r.t - l.t) <= 1000';
const SQL: Readonly<Record<string, string>> = {
  before_and_after: PAIR('r.t BETWEEN l.t - 3000 AND l.t + 500', 'FULL'),
  after: PAIR('r.t BETWEEN l.t AND l.t + 2000', 'LEFT', 'r.amount IS NULL OR l.amount <= r.amount'),
  costlier: PAIR(WITHIN, 'FULL', "l.amount > r.amount AND coalesce(l.userId, r.userId) != 'b'"),
  unseen: PAIR(WITHIN, 'FULL', 'l.amount IS NULL'),
  seen: `SELECT l.id AS l, r.id AS r FROM clicks l ASOF LEFT JOIN views r ON l.userId = r.userId AND l.t >= r.t
    WHERE r.amount > 3 OR r.userId IS NULL`,
};

interface Event {
  readonly stream: string;
  readonly userId: string;
  readonly at: number;
  readonly amount: number;
}

/** No two of one time, which names an event. */
const events = fc
  .array(
    fc.record({
      stream: fc.constantFrom('clicks', 'views'),
      userId: fc.constantFrom('a', 'b', 'c', 'd'),
      gapMs: fc.nat(700),
      amount: fc.nat(9),
    }),
    { minLength: 150, maxLength: 200 },
  )
  .map((drawn) => {
    let at = 0;
    return drawn.map(({ gapMs, ...event }): Event => {
      at += gapMs + 1;
      return { ...event, at };
    });
  });

const lineOf = ({ stream, userId, at, amount }: Event) => ({ $stream: stream, userId, occurredAt: at, amount });

async function given(lines: readonly object[], partitions: number): Promise<Record<string, string[]>> {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    partitions,
    streams: STREAMS(partitions),
    joins: JOINS.trimStart(),
    lines,
    only: Object.keys(SQL),
  });
  const pairs: Record<string, string[]> = Object.fromEntries(Object.keys(SQL).map((name) => [name, []]));
  for (const line of output) pairs[String(line.stream)]?.push(`${timeOf(line.left)} ${timeOf(line.right)}`);
  return Object.fromEntries(Object.entries(pairs).map(([name, own]) => [name, own.sort()]));
}

function inSql(all: readonly Event[]): Promise<Record<string, string[]>> {
  const tables = ['clicks', 'views'].flatMap((stream) => {
    const rows = all.filter((event) => event.stream === stream);
    const values = rows.map(({ userId, at, amount }) => `(${at}, '${userId}', ${at}, ${amount})`);
    const table = `CREATE TABLE ${stream} (id BIGINT, userId VARCHAR, t BIGINT, amount BIGINT)`;
    return values.length === 0 ? [table] : [table, `INSERT INTO ${stream} VALUES ${values.join(', ')}`];
  });
  return sqlAnswers(tables, SQL);
}

test.each([1, 4])(
  'a join with where, or with bounds of its own before and after, gives what SQL gives, on %d partitions and across a crash',
  async (partitions) => {
    const [all = []] = fc.sample(events, 1);
    const lines: object[] = all.map(lineOf);
    lines.splice(lines.length / 2, 0, { $snapshot: true }, { $restart: true });
    expect(await given(lines, partitions)).toEqual(await inSql(all));
  },
);

test('a pair that the condition of a join fails on is a dead letter, and the others are given', async () => {
  const { output, summary } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    streams: STREAMS(1),
    joins: 'numbers: { left: clicks, right: views, on: amount, within: 1s, where: CAST(right.userId AS BIGINT) > 1 }',
    lines: [
      lineOf({ stream: 'clicks', userId: 'a', at: 1000, amount: 1 }),
      ...['3', 'x', '0'].map((userId) => lineOf({ stream: 'views', userId, at: 1500, amount: 1 })),
    ],
  });
  expect(output.filter(({ stream }) => stream === 'numbers')).toMatchObject([{ right: { userId: '3' } }]);
  expect(output.filter(({ stream }) => stream === 'numbers.dead-letters')).toMatchObject([
    { reason: 'expression-failed', raw: expect.stringContaining('"userId":"x"') },
  ]);
  expect(summary).toMatchObject({ in: 4, committed: 4 });
});
