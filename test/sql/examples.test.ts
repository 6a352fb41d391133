/** Expressions of constants, whose text is DuckDB's. */
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { compileExpression } from '../../src/sql/compile.ts';
import { bindValue } from '../../src/sql/compiled.ts';
import { SqlError } from '../../src/sql/value.ts';
import { textOf } from '../../src/sql/value-text.ts';
import { duckdbText } from './duckdb.ts';

const NO_FIELDS = { type: 'record', name: 'Nothing', fields: [] } as const satisfies AvroRecord;

function text(expression: string): string | null {
  const checked = compileExpression(expression, NO_FIELDS);
  const value = bindValue(checked, columnsOfEvents([{}]))(0);
  return value === null ? null : textOf(checked.type)(value);
}

test.each([
  // Precedence: PostgreSQL's.
  ['-2 ** 2', '2 ** 3 ** 2', '2 * 3 ^ 2', '1 + 2 * 3 - 4 / 2', '7 % 3 * 2', '2 - -3', '10 // 3 * 3', '- 2 ^ 2'],
  ['NOT TRUE = FALSE', 'NOT 1 IS NULL', '1 + 1 IS NULL', '1 = 1 IS TRUE', 'TRUE IS NULL IS NULL', 'NOT TRUE OR TRUE'],
  ['1 BETWEEN 0 AND 2 AND TRUE', '1 BETWEEN 0 AND 2 = TRUE', '1 NOT BETWEEN 2 AND 3', 'NOT 1 IN (2)', '1 + 1 IN (2)'],
  ["'a' LIKE 'a' || 'b'", "'ab' NOT LIKE 'a_'", "1 || 2 = '12'", "'a' || 1 + 2", '1 <> 2 AND 3 != 3', '1 == 1'],
  ['CAST(-1 AS VARCHAR)', '(-1)::VARCHAR', "'12'::BIGINT + 1", '[1,2,3][2] + 1', "{'a': {'b': 5}}.a.b", '1 ISNULL'],
  // Types.
  ['1 + 1', '7 / 2', '7 // -2', '-7 // 2', '-7 % 3', '7 % -3', '1.5 + 1', '1.5 * 1.5', '1.5 / 2', '5.5 % 2', '2 ^ 0.5'],
  ['1 // 0', '1 % 0', 'NULL + 1', 'NULL AND FALSE', 'NULL OR TRUE', 'NULL = NULL', 'NULL IS NULL', 'NULL'],
  ['9223372036854775807', '-9223372036854775808', '9007199254740993 + 2', '3037000500 * 3037000499', '-(-5)', '- 1.50'],
  [
    '1.10 + 2.205',
    '123456789.123456789 * 2',
    '0.1 + 0.2 = 0.3',
    '1e0 / 3',
    '0.1e0 + 0.2e0',
    '1e308 / 1e-10 IS NULL OR TRUE',
  ],
  // Null and choice.
  [
    '1 IS DISTINCT FROM NULL',
    'NULL IS NOT DISTINCT FROM NULL',
    '1 IN (2, NULL)',
    '1 NOT IN (2, NULL)',
    '1 IN (1, NULL)',
  ],
  [
    'CASE WHEN 1 > 2 THEN 1 WHEN 2 > 1 THEN 2.5 END',
    "CASE 3 WHEN 1 THEN 'a' ELSE 'b' END",
    'CASE WHEN NULL THEN 1 END',
  ],
  [
    'coalesce(NULL, 2, 3)',
    'nullif(1, 1)',
    'nullif(1, 2)',
    'ifnull(NULL, 1.5)',
    'if(1 > 2, 1, 2)',
    'coalesce(NULL, 1, 2.5)',
  ],
  ['TRUE IS TRUE', 'NULL IS NOT TRUE', 'FALSE IS NOT FALSE', 'NULL IS UNKNOWN', 'TRUE > FALSE'],
  // Texts.
  ["'it''s'", "'a' || NULL", "'a%b' LIKE 'a!%b' ESCAPE '!'", "'AB' ILIKE 'a_'", "'🙂x' LIKE '_x'", "'a' < 'B'"],
  [
    "'🙂' > '\uffee'",
    "'hello'[2]",
    "'hello'[2:3]",
    "'hello'[-2:]",
    "'hello'[:2]",
    "'a\nb' LIKE 'a_b'",
    "'aXbXc' LIKE '%X%c'",
  ],
  [
    "position('l' IN 'hello')",
    "substring('hello' FROM 2 FOR 3)",
    "trim(BOTH 'x' FROM 'xax')",
    "trim(LEADING FROM ' a ')",
  ],
  // Times.
  [
    "DATE '2026-01-31' + INTERVAL 1 MONTH",
    "DATE '2026-03-01' - DATE '2026-02-01'",
    "DATE '2026-01-01' + 3",
    "3 + DATE '2026-01-01'",
  ],
  [
    "TIMESTAMP '2026-01-01 12:00:00' - INTERVAL '1 day 2 hours'",
    "TIMESTAMP '2026-01-02' - TIMESTAMP '2026-01-01 12:30:00'",
  ],
  [
    "DATE '2026-01-01' = TIMESTAMP '2026-01-01'",
    "DATE '2026-01-01' < TIMESTAMP '2026-01-01 00:00:01'",
    "'2026-01-01' = DATE '2026-01-01'",
  ],
  [
    "INTERVAL '1' DAY",
    'INTERVAL 5 MINUTES',
    'INTERVAL (1 + 1) HOURS',
    "INTERVAL '1.5' DAY",
    "INTERVAL '1.5 days'",
    "INTERVAL '1y 2mon 3d'",
  ],
  [
    "INTERVAL '1 month' * 1.5",
    "INTERVAL '1 day' / 4",
    "INTERVAL '1 month' = INTERVAL '30 days'",
    "- INTERVAL '1 day'",
    "INTERVAL '3 months ago'",
  ],
  ["EXTRACT(YEAR FROM DATE '2026-05-06')", "TIMESTAMP '2026-01-01 00:00:00.123456'", "DATE '0044-03-15'"],
  // Instants and clocks of zones.
  [
    "TIMESTAMPTZ '2026-01-01 00:00:00.5+02'",
    "TIMESTAMP WITH TIME ZONE '2026-01-01 00:00:00-05:30'",
    "'2026-01-01 01:00:00+01'::TIMESTAMPTZ = TIMESTAMP '2026-01-01'",
    "CAST(TIMESTAMP '2026-01-01' AS TIMESTAMP WITH TIME ZONE)",
    "DATE '2026-01-01'::TIMESTAMPTZ < TIMESTAMPTZ '2026-01-01 00:00:00+01'",
    "TIMESTAMPTZ '2026-01-01 23:30:00+00'::DATE",
    "TRY_CAST('x' AS TIMESTAMPTZ)",
    "[TIMESTAMPTZ '2026-01-01', DATE '2026-01-02', NULL]",
    "coalesce(NULL, TIMESTAMPTZ '2026-01-01', TIMESTAMP '2026-01-02')",
    "typeof(TIMESTAMPTZ '2026-01-01' + INTERVAL 1 DAY)",
  ],
  [
    "TIMESTAMPTZ '2026-01-31 10:00:00+00' + INTERVAL 1 MONTH",
    "TIMESTAMPTZ '2026-01-01 00:00:00.5+01' - TIMESTAMP '2025-01-01'",
    "date_trunc('hour', TIMESTAMPTZ '2026-01-01 10:20:00+02')",
    "time_bucket(INTERVAL 7 HOURS, TIMESTAMPTZ '2026-01-01 10:20:00+02')",
    "epoch_ms(TIMESTAMPTZ '2026-01-01 10:20:00+02')",
    "strftime(TIMESTAMPTZ '2026-01-01 10:20:00+02', '%H:%M')",
    "EXTRACT(HOUR FROM TIMESTAMPTZ '2026-01-01 10:20:00+02')",
    "greatest(TIMESTAMPTZ '2026-01-01', TIMESTAMP '2026-01-02')",
    "timezone('Europe/Berlin', DATE '2026-01-01')",
  ],
  // An hour that a zone leaves out, and one that it has twice.
  ['01:59:59', '02:00:00', '02:30:00.25', '03:00:00'].map(
    (time) => `TIMESTAMP '2026-03-29 ${time}' AT TIME ZONE 'Europe/Berlin'`,
  ),
  ['01:59:59', '02:00:00', '02:30:00.25', '03:00:00'].map(
    (time) => `TIMESTAMP '2026-10-25 ${time}' AT TIME ZONE 'Europe/Berlin'`,
  ),
  ['00:59:59', '01:00:00', '00:30:00', '01:30:00'].map(
    (time) => `TIMESTAMP '2026-10-25 ${time}' AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin'`,
  ),
  ['Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe', 'europe/berlin'].flatMap((zone) => [
    `TIMESTAMP '1969-12-31 23:59:59.999' AT TIME ZONE '${zone}'`,
    `TIMESTAMPTZ '2026-07-01 12:00:00.123456+00' AT TIME ZONE '${zone}'`,
  ]),
  // Casts.
  [
    "'1.5'::BIGINT",
    '2.5::BIGINT',
    '2.5e0::BIGINT',
    '-2.5e0::BIGINT',
    "' 12 '::BIGINT",
    'TRUE::BIGINT',
    '0.4::BOOLEAN',
    "'yes'::BOOLEAN",
  ],
  [
    "'1e3'::BIGINT",
    "'0x1F'::BIGINT",
    "'.5'::DOUBLE",
    "'12.345'::DECIMAL(4,2)",
    '0.125e0::DECIMAL(4,2)',
    "'-0.005'::DECIMAL(4,2)",
  ],
  [
    '1e15::VARCHAR',
    '1e16::VARCHAR',
    '1.5e-5::VARCHAR',
    '0.0001e0::VARCHAR',
    '1.50::VARCHAR',
    '[1, NULL]::VARCHAR',
    "{'a': 'x'}::VARCHAR",
  ],
  [
    "'2026-01-02'::DATE",
    "'2026/1/2'::DATE",
    "'2026-01-02 03:04'::TIMESTAMP",
    "TIMESTAMP '2026-01-02 03:04:05'::DATE",
    "'abc'::BLOB",
  ],
  [
    "TRY_CAST('x' AS BIGINT)",
    "TRY_CAST('2026-02-30' AS DATE)",
    "TRY_CAST('9223372036854775808' AS BIGINT)",
    'TRY_CAST(300 AS TINYINT)',
  ],
  [
    '1.1::FLOAT::DOUBLE = 1.1e0',
    '99::TINYINT',
    '[1,2]::VARCHAR[]',
    "{'a': 1}::STRUCT(a VARCHAR)",
    '1::DECIMAL(38,10)',
    '99.995::DECIMAL(5,2)',
  ],
  // Lists, maps, structs.
  [
    '[1, 2.5]',
    '[1, 2] || [3]',
    '[1] || NULL',
    '[1,2,3][-1]',
    '[1,2,3][4]',
    '[1,2,3][2:]',
    '[1,2] = [1,2]',
    '[1] < [1,2]',
    '[[1],[2]][2][1]',
  ],
  [
    "{'a': 1, 'b': 'x'}",
    "{'a': 1}['a']",
    "MAP {'k': 1}",
    "MAP {'k': 1}['k']",
    "MAP {'k': 1}['z']",
    "{'a': 1} = {'a': 1}",
    '{a: NULL}.a',
  ],
])('%#', async (...all) => {
  for (const each of all) expect([each, text(each)]).toEqual([each, await duckdbText(each)]);
});

test.each(["'x'::BIGINT", '300::TINYINT', '9223372036854775807 + 1', '9223372036854775807 * 2', "'2026-02-30'::DATE"])(
  '%s is a fault, as it is in DuckDB',
  async (each) => {
    await expect(duckdbText(each)).rejects.toThrow();
    expect(() => text(each)).toThrow();
  },
);

test('a fault at run time is a SqlError with its place', () => {
  const schema = { type: 'record', name: 'T', fields: [{ name: 's', type: 'string' }] } as const;
  const at = bindValue(compileExpression('1 + CAST(s AS BIGINT)', schema), columnsOfEvents([{ s: '2' }, { s: 'x' }]));
  expect(at(0)).toBe(3);
  expect(() => at(1)).toThrow(new SqlError("'x' is no BIGINT", 5));
});
