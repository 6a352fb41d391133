/** Joins by several fields and by what is computed, through whole pipelines, and as SQL over their inputs in DuckDB. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runScriptLines, temporaryDirectory, writePipeline } from './script-run.ts';
import { sqlAnswers, timeOf } from './sql-answers.ts';

const views = (partitions: number) =>
  `  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }\n`;
const WITHIN = 'within: 2s, type: outer';
const JOINS = `
  several: { left: clicks, right: views, on: [userId, amount], ${WITHIN} }
  computed: { left: clicks, right: views, on: lower(userId), ${WITHIN} }
  both: { left: clicks, right: views, on: { left: ["lower(userId)", amount % 3], right: [lower(userId), "amount // 2"] }, ${WITHIN} }
  numbers: { left: clicks, right: views, on: { left: amount // 2, right: amount }, ${WITHIN} }
  nulls: { left: clicks, right: views, on: ["nullif(lower(userId), 'b')", amount], ${WITHIN} }
  failing: { left: clicks, right: views, on: "CAST(replace(userId, 'a', '1') AS BIGINT)", ${WITHIN} }`;
const ON: Readonly<Record<string, string>> = {
  several: 'l.u = r.u AND l.a = r.a',
  computed: 'lower(l.u) = lower(r.u)',
  both: 'lower(l.u) = lower(r.u) AND l.a % 3 = r.a // 2',
  numbers: 'l.a // 2 = r.a',
  nulls: "nullif(lower(l.u), 'b') = nullif(lower(r.u), 'b') AND l.a = r.a",
  failing: "TRY_CAST(replace(l.u, 'a', '1') AS BIGINT) = TRY_CAST(replace(r.u, 'a', '1') AS BIGINT)",
};

interface Event {
  readonly stream: string;
  readonly userId: string;
  readonly amount: number;
  readonly at: number;
}

/** No two of one time, which names an event. */
const events = fc
  .array(
    fc.record({
      stream: fc.constantFrom('clicks', 'views'),
      userId: fc.constantFrom('a', 'A', 'b', 'B', 'c"', 'null'),
      amount: fc.nat(4),
      gapMs: fc.nat(300),
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

function inSql(all: readonly Event[]): Promise<Record<string, string[]>> {
  const values = all.map(({ stream, userId, amount, at }) => `('${stream}', '${userId}', ${amount}, ${at})`);
  const queries = Object.entries(ON).map(([name, on]) => {
    const sql = `SELECT l.t, r.t FROM (FROM events WHERE s = 'clicks') l FULL JOIN (FROM events WHERE s = 'views') r
      ON ${on} AND abs(l.t - r.t) <= 2000`;
    return [name, sql] as const;
  });
  return sqlAnswers(
    [
      'CREATE TABLE events (s VARCHAR, u VARCHAR, a BIGINT, t BIGINT)',
      `INSERT INTO events VALUES ${values.join(', ')}`,
    ],
    Object.fromEntries(queries),
  );
}

test.each([1, 4])(
  'joins by several values and computed ones give what SQL gives, on %d partitions and across a crash',
  async (partitions) => {
    const [all = []] = fc.sample(events, 1);
    const lines: object[] = all.map(({ stream, userId, amount, at }) => {
      return { $stream: stream, userId, occurredAt: at, amount };
    });
    lines.splice(lines.length / 2, 0, { $snapshot: true }, { $restart: true });
    const { output } = await runScriptLines({
      watermark: '{ outOfOrderness: 1s }',
      partitions,
      streams: views(partitions),
      joins: JOINS.trimStart(),
      windows: 'per_pair: { stream: several, key: left.userId, window: { tumbling: 1h }, aggregate: { n: count() } }',
      lines,
      only: [...Object.keys(ON), 'per_pair'],
    });
    const of = (name: string) => output.filter(({ stream }) => stream === name);
    const given = Object.keys(ON).map((name) => {
      return [
        name,
        of(name)
          .map(({ left, right }) => `${timeOf(left)} ${timeOf(right)}`)
          .sort(),
      ] as const;
    });
    expect(Object.fromEntries(given)).toEqual(await inSql(all));
    const keys = (name: string) => new Set(of(name).map(({ key }) => JSON.stringify(key)));
    expect(keys('several')).toContain('["c\\"",3]');
    expect(keys('several')).toContain('["null",1]');
    expect(keys('computed')).toEqual(new Set(['"a"', '"b"', '"c\\""', '"null"']));
    expect(keys('numbers')).toContain('"1"');
    expect(keys('nulls')).toContain('null');
    const counted = of('per_pair').reduce((sum, { n }) => sum + Number(n), 0);
    expect(counted).toBe(of('several').length);
  },
);

test('a late event of a join by several values has the array as its key', async () => {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 0s }',
    streams: views(1),
    joins: 'j: { left: clicks, right: views, on: [userId, amount], within: 1s }',
    lines: [
      { userId: 'a', occurredAt: 90_000, amount: 1 },
      { $stream: 'views', userId: 'a', occurredAt: 90_000, amount: 1 },
      { $stream: 'views', userId: 'a', occurredAt: 95_000, amount: 1 },
      { userId: 'a', occurredAt: 95_000, amount: 1 },
      { userId: 'a', occurredAt: 1000, amount: 2 },
    ],
    only: ['j.late'],
  });
  expect(output.map(({ key }) => key)).toEqual([['a', 2]]);
});

test('what does not fit in a key is said with its place', () => {
  const load = (on: string) => () =>
    loadConfig(
      writePipeline(temporaryDirectory(), {
        ...{ watermark: '{}', lines: [], streams: views(1) },
        joins: `j: { left: clicks, right: views, within: 1s, on: ${on} }`,
      }),
      {},
    );
  expect(load('[userId, amont]')).toThrow('joins.j.on.1: there is no field of Click "amont"; did you mean amount?');
  expect(load('{ left: [userId, amount], right: userId }')).toThrow(
    'events match by as many values on both sides, but there are 2 of clicks and 1 of views',
  );
  expect(load('lowr(userId)')).toThrow('did you mean lower');
  expect(load('"[amount]"')).toThrow('a key is no BIGINT[]; CAST it to VARCHAR');
  expect(load('{ left: amount / 2, right: amount }')).toThrow(
    'amount / 2 of clicks is DOUBLE and amount of views is a whole number: CAST one',
  );
  expect(load('{ left: lower(userId), right: amount }')).toThrow(
    'events match by values of one type, but lower(userId) of clicks is a text and amount of views is a whole number: CAST one',
  );
});
