/** What a statement may not say, and where its author is pointed to. Characters are counted by hand. */
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';

const FILE = (sql: string) => `streams:
  pays: { builtin: Transaction, key: customerId, eventTime: occurredAt }
  backs: { builtin: Transaction, key: customerId, eventTime: occurredAt }
views:
  v: ${JSON.stringify(sql)}
`;

function problemsOf(sql: string): string[] {
  try {
    parseConfig(FILE(sql), 'p.yaml', {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** The statement is behind `  v: "`. */
const at = (character: number, message: string): string =>
  `p.yaml:5:${character + 6}: views.v: at character ${character}: ${message}`;

const MINUTE = 'time_bucket(INTERVAL 1 MINUTE, occurredAt) AS m';
const WITHIN = 'b.occurredAt BETWEEN a.occurredAt AND a.occurredAt + INTERVAL 1 DAY';

test.each([
  ['SELECT amountCents FROM pay', at(25, 'there is no stream "pay"; did you mean pays?')],
  [
    `SELECT a.amountCents FROM pays a JOIN back b ON a.customerId = b.customerId AND ${WITHIN}`,
    at(39, 'there is no stream "back"; did you mean backs?'),
  ],
  [`SELECT ${MINUTE}, sum(terminalId || 'x') AS t FROM pays GROUP BY ALL`, 'is not a number; CAST it'],
  [`SELECT ${MINUTE}, sum(amountCents) / 'x' AS t FROM pays GROUP BY ALL`, at(57, "t: 'x' is no BIGINT")],
  [`SELECT ${MINUTE}, count(*) AS n FROM pays GROUP BY ALL HAVING n > 'x'`, "'x' is no BIGINT"],
  [`SELECT ${MINUTE}, approx_quantile(amountCents) AS q FROM pays GROUP BY ALL`, 'is written approx_quantile(x, 0.99)'],
  [`SELECT ${MINUTE}, [amountCents] AS l, count(*) AS n FROM pays GROUP BY ALL`, 'CAST it to VARCHAR'],
  [
    `SELECT a.nope FROM pays a JOIN backs b ON a.customerId = b.customerId AND ${WITHIN}`,
    'nope: there is no field of Transaction "nope"',
  ],
  [
    `SELECT a.amountCents FROM pays a JOIN backs b ON a.customerId = b.customerId AND ${WITHIN} WHERE a.amountCents`,
    'must be true or false',
  ],
  ['SELECT (SELECT 1) AS x FROM pays', at(9, 'an expression is of one event, so that no SELECT stands in it')],
  ['SELECT amountCents FROM pays WHERE EXISTS (SELECT 1)', at(44, 'an expression is of one event')],
  ['SELECT sum(amountCents) OVER (PARTITION BY customerId) AS x FROM pays', at(25, 'OVER looks at rows to come')],
  ['SELECT FROM pays', at(8, 'a column is missing before FROM')],
])('a fault of a statement is told at its place: %s', (sql, message) => {
  const problems = problemsOf(sql);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(message);
  expect(problems[0]).toMatch(/^p\.yaml:5:\d+: views\.v: at character \d+: /);
});

test('a column of SELECT may be named by those behind it, and names differ in case at will', () => {
  const sql = `SELECT AMOUNTCENTS * 2 AS twice, twice + 1 AS more FROM pays WHERE MORE > 5`;
  const { derived } = parseConfig(FILE(sql), 'p.yaml', {});
  expect(derived[0]?.where).toBe('(((amountCents * 2) + 1) > 5)');
});
