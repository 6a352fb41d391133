/** docs/sql.md has the functions that there are, and their examples hold. */
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { compileCondition } from '../../src/sql/compile.ts';
import { bindCondition } from '../../src/sql/compiled.ts';
import { FUNCTION_GROUPS } from '../../src/sql/functions.ts';
import { documentedFunctions, functionsText } from './functions-document.ts';

test('the table of functions in the documentation is that of the code', () => {
  expect(documentedFunctions()).toBe(functionsText());
});

test('the examples of functions hold in DuckDB', async () => {
  const examples = FUNCTION_GROUPS.flatMap(({ functions }) => functions.map(({ example }) => example));
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const reader = await connection.runAndReadAll(
    `SET TimeZone = 'UTC'; SELECT ${examples.map((each) => `(${each})`).join(', ')}`,
  );
  const [held = []] = reader.getRows();
  expect(examples.filter((_, i) => held[i] !== true)).toEqual([]);
});

test('the examples of functions hold here', () => {
  const schema = { type: 'record', name: 'Nothing', fields: [] } as const;
  const columns = columnsOfEvents([{}]);
  const examples = FUNCTION_GROUPS.flatMap(({ functions }) => functions.map(({ example }) => example));
  expect(examples.filter((each) => !bindCondition(compileCondition(each, schema), columns)(0))).toEqual([]);
});
