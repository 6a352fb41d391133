/** Streams whose keys are truths, doubles and decimals: windows, joins, tables and views beside DuckDB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checkedView } from '../../src/data-directory/check-view.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from './script-run.ts';
import { sqlAnswers, timeOf } from './sql-answers.ts';

const TYPED = {
  type: 'record',
  name: 'Typed',
  fields: [
    { name: 'flag', type: 'boolean' },
    { name: 'ratio', type: 'double' },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 22, scale: 2 } },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};
const KEYS: Readonly<Record<string, string>> = { flags: 'flag', ratios: 'ratio', prices: 'price' };
const STREAMS = Object.keys(KEYS);

function pipeline(partitions: number): Omit<ScriptRun, 'lines'> {
  const bounded = 'watermark: { outOfOrderness: 1s }';
  const stream = (name: string): string =>
    `  ${name}: { schema: ./typed.avsc, key: ${KEYS[name]}, eventTime: occurredAt, partitions: ${partitions}, ${bounded} }\n`;
  return {
    watermark: '{}',
    streams: STREAMS.map(stream).join(''),
    windows: [
      ...STREAMS.map((name) => `w_${name}: { stream: ${name}, window: { tumbling: 10s }, aggregate: { n: count() } }`),
      'several: { stream: flags, key: [flag, ratio, price], window: { tumbling: 10s }, aggregate: { n: count() } }',
    ].join('\n  '),
    joins: [
      'own: { left: flags, right: flags, within: 3s }',
      'across: { left: flags, right: ratios, on: ratio, within: 3s }',
      'as_of: { left: ratios, table: prices, on: price, type: left }',
      'referring: { leftTable: ratios, rightTable: prices, on: price, type: left }',
    ].join('\n  '),
    views: [
      "v0: SELECT ratio / 2 AS half, flag, time_bucket(INTERVAL '10 seconds', occurredAt) AS b, count(*) AS n FROM ratios GROUP BY ALL",
      `v1: >\n    SELECT l.price AS p, r.flag AS f FROM flags l JOIN prices r ON l.price = r.price
      AND r.occurredAt BETWEEN l.occurredAt AND l.occurredAt + INTERVAL 5 SECONDS`,
    ].join('\n  '),
  };
}

const TEXT = (key: string): string => `CAST(${key === 'ratio' ? 'ratio + 0' : key} AS VARCHAR)`;
const START = '10000 * (occurredAt // 10000)';
const PAIR = (left: string, right: string, key: string): string =>
  `SELECT l.occurredAt, r.occurredAt FROM ${left} l JOIN ${right} r ON l.${key} = r.${key} AND abs(l.occurredAt - r.occurredAt) <= 3000`;
const HOLDS = (side: string): string => `${side}.occurredAt <= c.t AND (${side}.till IS NULL OR c.t < ${side}.till)`;
const SQL: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    STREAMS.flatMap((name) => [
      [`w_${name}`, `SELECT ${TEXT(KEYS[name]!)}, ${START}, count(*) FROM ${name} GROUP BY ALL`],
    ]),
  ),
  several: `SELECT concat_ws(',', flag, ${TEXT('price')}, ${TEXT('ratio')}), ${START}, count(*) FROM flags GROUP BY ALL`,
  own: PAIR('flags', 'flags', 'flag'),
  across: PAIR('flags', 'ratios', 'ratio'),
  as_of: `SELECT l.occurredAt, CASE WHEN r.gone THEN NULL ELSE r.occurredAt END FROM ratios l
    ASOF LEFT JOIN versions r ON l.price = r.price AND l.occurredAt >= r.occurredAt`,
  referring: `SELECT l.occurredAt, r.occurredAt FROM
    (SELECT ratio, occurredAt AS t FROM rows UNION SELECT l.ratio, c.occurredAt FROM rows l JOIN versions c ON c.price = l.price
      AND l.occurredAt <= c.occurredAt AND (l.till IS NULL OR c.occurredAt < l.till)) c
    JOIN rows l ON l.ratio = c.ratio AND ${HOLDS('l')}
    LEFT JOIN versions r ON r.price = l.price AND ${HOLDS('r')} AND NOT r.gone`,
};

interface Row {
  readonly stream: string;
  readonly flag: boolean;
  readonly ratio: number;
  readonly price: string;
  readonly isGone: boolean;
  readonly at: number;
}

/** No two of one time, which names a row. */
const rows = fc
  .array(
    fc.record({
      stream: fc.constantFrom(...STREAMS),
      flag: fc.boolean(),
      ratio: fc.constantFrom(0, -0, 1, 0.1, -2.5, 1e20, 5e-324, 2 ** 53 + 2),
      price: fc.constantFrom('0.00', '-0.05', '12.50', '90071992547409.93', '12345678901234567890.12'),
      isGone: fc.nat(5).map((drawn) => drawn === 0),
      gapMs: fc.nat(900),
    }),
    { minLength: 90, maxLength: 120 },
  )
  .map((drawn) => {
    let at = 0;
    return drawn.map(({ gapMs, ...row }): Row => {
      at += gapMs + 1;
      return { ...row, isGone: row.isGone && row.stream === 'prices', at };
    });
  });

function lineOf({ stream: $stream, flag, ratio, price, isGone, at: occurredAt }: Row): string {
  // JSON.stringify() has no -0.
  const written = `"flag":${flag},"ratio":${Object.is(ratio, -0) ? '-0.0' : ratio},"price":"${price}","occurredAt":${occurredAt}`;
  const gone = `"$tombstone":true,"price":${price},"occurredAt":${occurredAt}`;
  return `{"$stream":"${$stream}",${isGone ? gone : written}}`;
}

function inSql(all: readonly Row[]): Promise<Record<string, string[]>> {
  const values = all.map(({ stream, flag, ratio, price, isGone, at }) => {
    return `('${stream}', ${flag}, '${Object.is(ratio, -0) ? '-0.0' : ratio}', '${price}', ${at}, ${isGone})`;
  });
  return sqlAnswers(
    [
      'CREATE TABLE given (s VARCHAR, flag BOOLEAN, ratio DOUBLE, price DECIMAL(22, 2), occurredAt BIGINT, gone BOOLEAN)',
      `INSERT INTO given VALUES ${values.join(', ')}`,
      ...STREAMS.map((name) => `CREATE VIEW ${name} AS SELECT * FROM given WHERE s = '${name}' AND NOT gone`),
      `CREATE VIEW versions AS SELECT *, lead(occurredAt) OVER (PARTITION BY price ORDER BY occurredAt) AS till FROM given WHERE s = 'prices'`,
      'CREATE VIEW rows AS SELECT *, lead(occurredAt) OVER (PARTITION BY ratio ORDER BY occurredAt) AS till FROM ratios',
    ],
    SQL,
  );
}

function rowOf({ key, start, n, left, right }: Record<string, unknown>): string {
  if (start === undefined) return `${timeOf(left)} ${timeOf(right)}`;
  const [flag, ratio, price] = Array.isArray(key) ? key : [];
  return `${Array.isArray(key) ? `${flag},${price},${ratio}` : key} ${start} ${n}`;
}

test.each([1, 4])(
  'keys that are truths, doubles and decimals group and match as in SQL, on %d partitions and across a crash',
  async (partitions) => {
    const [all = []] = fc.sample(rows, 1);
    const lines = all.map(lineOf);
    lines.splice(lines.length / 2, 0, '{"$snapshot":true}', '{"$restart":true}');
    const data = temporaryDirectory();
    writeFileSync(join(data, 'typed.avsc'), JSON.stringify(TYPED));
    const run: ScriptRun = { ...pipeline(partitions), lines, data };
    const { output, summary } = await runScriptLines(run);
    expect(summary.deadLetters).toBe(0);
    const given = Object.keys(SQL).map((name) => {
      const own = output.filter((line) => line.stream === name && (line.start !== undefined || line.left !== null));
      return [name, own.map(rowOf).sort()];
    });
    const wanted = await inSql(all);
    expect(Object.values(wanted).every((own) => own.length > 5)).toBe(true);
    expect(Object.fromEntries(given)).toEqual(wanted);
    const config = loadConfig(writePipeline(data, run), {});
    for (const view of config.views) {
      const found = await checkedView(config, join(data, 'data'), view);
      expect({ sql: view.sql, ...found }).toMatchObject({ missing: 0, surplus: 0 });
      expect(found.rows).toBeGreaterThan(3);
    }
  },
);

test('a key that is bytes is refused with its place', () => {
  const data = temporaryDirectory();
  const fields = [...TYPED.fields.slice(1), { name: 'flag', type: 'bytes' }];
  writeFileSync(join(data, 'typed.avsc'), JSON.stringify({ ...TYPED, fields }));
  const load = () => loadConfig(writePipeline(data, { ...pipeline(1), lines: [] }), {});
  expect(load).toThrow(
    "streams.flags.key: flag can't be a key: it is no text, number, decimal of at most 38 digits, or boolean",
  );
});
