/** Statements against DuckDB's parser: what it takes is taken or refused with a reason, what it refuses is refused. */
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { ExpressionError } from '../../src/sql/expression-error.ts';
import { expressionText } from '../../src/sql/expression-text.ts';
import { parseExpression } from '../../src/sql/parse.ts';
import { parseStatement } from '../../src/sql/statement.ts';

const TAKEN = [
  'SELECT a FROM s',
  'select a as b, c d, "e f" from "my-stream" x where a > 1;',
  'SELECT *, s.* FROM s WHERE a IN (1, 2) AND NOT b',
  'SELECT k, count(*) AS n FROM payments.transactions GROUP BY ALL HAVING n > 1',
  `SELECT k, time_bucket(INTERVAL '1 minute', t) AS minute, count(DISTINCT x), sum(a) FILTER (WHERE a > 2) FROM s GROUP BY 1, minute`,
  'SELECT window_start, max(a, 3) FROM tumble(s, t, INTERVAL 1 MINUTE) AS w GROUP BY window_start',
  'SELECT a.x, b.y FROM a JOIN b ON a.k = b.k AND b.t BETWEEN a.t - INTERVAL 5 MINUTE AND a.t',
  'SELECT l.x FROM a l LEFT OUTER JOIN b AS r USING (k, j) WHERE r.y IS NULL',
  'SELECT a.x FROM a FULL JOIN b ON a.k = b.k',
  'SELECT a.x FROM a ASOF LEFT JOIN b ON a.k = b.k AND a.t >= b.t',
  'SELECT CASE WHEN a THEN 1 ELSE 2 END AS c, /* two */ b, -- three\n c FROM s',
];
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['SELECT a FROM s ORDER BY a', /as they come/],
  ['SELECT list(a ORDER BY b) AS l FROM s', /list_sort\(list\(x\)\) sorts a list/],
  ['SELECT a FROM s LIMIT 3', /no last row/],
  ['SELECT DISTINCT a FROM s', /no last row/],
  ['SELECT a FROM s UNION ALL SELECT a FROM r', /one SELECT/],
  ['WITH x AS (SELECT 1 AS a) SELECT a FROM x', /a view of its own/],
  ['SELECT 1 AS a', /from is missing/],
  ['FROM s SELECT a', /SELECT comes first/],
  ['SELECT a FROM (SELECT 1 AS a)', /streams by name/],
  ['SELECT a FROM s, r', /JOIN/],
  ['SELECT a FROM s CROSS JOIN r', /INNER, LEFT or FULL/],
  ['SELECT a FROM s RIGHT JOIN r USING (a)', /INNER, LEFT or FULL/],
  ['SELECT a FROM s JOIN r USING (a) JOIN q USING (a)', /joins two/],
  ['SELECT a FROM s GROUP BY CUBE (a)', /write a view each/],
  ['SELECT a, count(*) AS n FROM s GROUP BY ALL QUALIFY n > 1', /rows to come/],
];
const WRONG = ['SELECT', 'SELECT a FROM', 'SELECT a, FROM', 'SELECT a FROM s WHERE', 'SELECT a b c FROM s', 'a > 1'];

async function accepts(sql: string): Promise<boolean> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql('${sql.replaceAll("'", "''")}') AS tree`);
  const [row] = reader.getRowObjectsJson();
  instance.closeSync();
  return JSON.parse(String(row?.tree)).error === false;
}

describe('a statement', () => {
  test.each(TAKEN)('is taken, as DuckDB takes it: %s', async (sql) => {
    expect(parseStatement(sql)).toMatchObject({ from: { stream: expect.any(String) } });
    expect(await accepts(sql)).toBe(true);
  });

  test.each(REFUSED)('that has no answer on a stream is refused with the reason: %s', async (sql, reason) => {
    expect(() => parseStatement(sql)).toThrow(ExpressionError);
    expect(() => parseStatement(sql)).toThrow(reason);
    expect(await accepts(sql)).toBe(true);
  });

  test.each(WRONG)('that DuckDB refuses is refused: %s', async (sql) => {
    expect(() => parseStatement(sql)).toThrow(ExpressionError);
    expect(await accepts(sql)).toBe(false);
  });
});

/** The tree without its places. */
function shape(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, own) => (key === 'at' ? undefined : typeof own === 'bigint' ? `${own}n` : own)),
  );
}

test.each([
  'a + b * -c - 2 // 3 % 4',
  `not a and b or c is not null and d in (1, -2.50, 'it''s')`,
  `a between 1 and 2 + 3 and b not like 'x%' escape '!'`,
  'case a when 1 then 2 else null end',
  "cast(a as DECIMAL(10,2)) + try_cast(b as integer)::double || 'x'",
  "s.f['k'][1:2] = [1, 2] and {'a': 1, 'b c': [x]}.a is distinct from 3",
  "DATE '2026-11-30' < t - INTERVAL '1 month 2 days' and t >= TIMESTAMP '2026-11-30 01:02:03.5'",
  'count(*) > 1 and sum(DISTINCT a) filter (where b) = 9223372036854775807',
  'position(a in b) + extract(year from t) and trim(both from c) is true',
  '"select" = "a b" and 1e300 > 0.1',
  "INTERVAL (a + 1) MINUTES and MAP {'k': v}['k'] and a ->> '$.x'",
  'a ** 2 ^ 3',
])('an expression is the same once it is printed and parsed: %s', (text) => {
  const tree = parseExpression(text);
  const printed = expressionText(tree);
  expect(shape(parseExpression(printed))).toEqual(shape(tree));
});
