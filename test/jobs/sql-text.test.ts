/** Places of a statement become parameters, or literals; a value is never text of the statement. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bindSql, literalSql } from '../../src/jobs/sql-text.ts';
import { parseTemplate, type Template, type TemplateValue } from '../../src/jobs/template.ts';

const VALUES: Readonly<Record<string, TemplateValue>> = {
  'interval.start': { instantMs: Date.parse('2024-02-29T06:30:00.500Z') },
  'params.name': "O'Hara; DROP TABLE t --",
  'params.n': 7,
  'params.none': null,
  'params.ids': ['a', "b'c"],
  'params.empty': [],
};
const valueFor = (name: string): TemplateValue | undefined => VALUES[name];

function template(text: string): Template {
  const parsed = parseTemplate(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

test.each([
  ['d = {interval.start|date}', 'd = $1', [{ days: 19782 }]],
  ['t >= {interval.start}', 't >= $1', [{ instantMs: 1709188200500 }]],
  ['{interval.start|year} {interval.start|ms}', '$1 $2', [2024, 1709188200500]],
  ["read_csv('in/{interval.start|date}.csv')", "read_csv(('in/' || $1 || '.csv'))", ['2024-02-29']],
  ["'it''s {params.name}' || '{x: 1}'", "('it''s ' || $1 || '') || '{x: 1}'", ["O'Hara; DROP TABLE t --"]],
  ['id IN ({params.ids|join})', 'id IN ($1, $2)', ['a', "b'c"]],
  ['id IN ({params.empty|join})', 'id IN ($1)', [null]],
  ["n = {params.n} -- 'no text {params.n}\nAND x", "n = $1 -- 'no text {params.n}\nAND x", [7]],
  ["/* {params.n} ' */ {params.n}", "/* {params.n} ' */ $1", [7]],
  ['"a\'b" = {params.none} / 2 - 1', '"a\'b" = $1 / 2 - 1', [null]],
])('%s is bound as %s', (text, sql, parameters) => {
  expect(bindSql(template(text), valueFor)).toEqual({ sql, parameters });
});

test('a place within a name, or without a value, is refused', () => {
  expect(() => bindSql(template('SELECT "{params.n}"'), valueFor)).toThrow(
    '{params.n} stands within a name, which takes no value',
  );
  expect(() => bindSql(template('SELECT {params.m}'), valueFor)).toThrow('{params.m} has no value');
  expect(() => bindSql(template('SELECT {params.ids}'), valueFor)).toThrow('is a list: write {params.ids|join}');
});

test('literals are the values that DuckDB is bound, whatever the texts are', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const texts = fc.sample(fc.string({ unit: fc.constantFrom("'", '"', '\\', '-', ';', '$', 'ä', '\n', '{', '}') }), 40);
  const lists = texts.map((text) => literalSql(template("SELECT {p}, 'a{p}b', '{p}'"), () => text));
  const rows = (await connection.runAndReadAll(lists.join(' UNION ALL '))).getRowsJson();
  expect(rows).toEqual(texts.map((text) => [text, `a${text}b`, text]));
  expect(literalSql(template('{interval.start} {interval.start|date} {params.n} {params.none}'), valueFor)).toBe(
    "TIMESTAMP '2024-02-29 06:30:00.500' DATE '2024-02-29' 7 NULL",
  );
  connection.closeSync();
  instance.closeSync();
});
