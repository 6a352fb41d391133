import { expect, test } from 'vitest';
import { statementFaults } from '../../src/job-tables/check-statements.ts';

test('a statement that DuckDB can not parse is told with the character of its line, and others are not', async () => {
  const faults = await statementFaults([
    'SELECT 1',
    'SELECT *\n  FORM x WHERE y = {params.y}',
    'FROM t WHERE day >= {interval.start} AND id IN ({params.ids|join}) QUALIFY row_number() OVER () = 1',
    "SELECT * FROM read_csv('in/{interval.start|date}.csv'); SELECT 2",
    'SELECT (1',
  ]);
  expect(faults[0]).toBeNull();
  expect(faults[1]?.message).toMatch(/syntax error at or near/);
  expect(faults[1]?.character).toBe(12);
  expect(faults[2]).toBeNull();
  expect(faults[3]).toEqual({ message: 'a step has one statement; this text holds 2', character: 1 });
  expect(faults[4]?.message).toMatch(/syntax error/);
});
