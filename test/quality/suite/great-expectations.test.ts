/** What Great Expectations says of the same small tables, as test/fixtures/great-expectations/record.py recorded it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSuite } from '../../../src/checks/checked-table.ts';
import { expectationForm } from '../../../src/config/sections/suite-forms.ts';
import { writtenRule } from '../../../src/config/sections/written-rule.ts';
import { openScratchDatabase, type ScratchDatabase } from '../../../src/projections/scratch-database.ts';
import type { SuiteExpectation } from '../../../src/quality/suite/suite.ts';

interface Recorded {
  readonly table: string;
  readonly type: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly success: boolean;
  readonly raised: boolean;
  readonly result: Readonly<Record<string, unknown>>;
}

const { tables, recorded }: { tables: Record<string, Record<string, unknown[]>>; recorded: Recorded[] } = JSON.parse(
  readFileSync('test/fixtures/great-expectations/results.json', 'utf8'),
);

let database: ScratchDatabase;
beforeAll(async () => {
  database = await openScratchDatabase(1);
  for (const [name, columns] of Object.entries(tables)) {
    await database.rows(`CREATE TABLE ${name} (a DOUBLE, b DOUBLE, s VARCHAR)`);
    const rows = (columns.a ?? []).map((_, i) => {
      const values = ['a', 'b', 's'].map((column) => columns[column]?.[i]);
      return `(${values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ')})`;
    });
    if (rows.length > 0) await database.rows(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
  }
});
afterAll(() => database.close());

function expectationOf({ type, kwargs }: Recorded): SuiteExpectation {
  const expectation = writtenRule(expectationForm.parse({ [type]: kwargs }), (path, message) => {
    throw new Error(`${path.join('.')}: ${message}`);
  });
  if (expectation === null) throw new Error(type);
  return expectation;
}

/** Numbers to ten digits; counts of values in an order of their own. */
function comparable(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(10));
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, comparable(own)]));
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map((each) => JSON.stringify(comparable(each))).sort() : comparable(value);
}

describe.each(Object.keys(tables))('of the table %s', (table) => {
  const cases = recorded.filter((each) => each.table === table);
  let found: Awaited<ReturnType<typeof runSuite>>['results'] = [];
  beforeAll(async () => {
    const suite = { name: 'recorded', expectations: cases.map(expectationOf) };
    found = (await runSuite(suite, { relation: `"${table}"`, rows: database.rows }, 0)).results;
  });

  test('every expectation has the success that Great Expectations gives it, where there was anything to judge', () => {
    const judged = cases.flatMap((each, i) => (found[i]?.outcome === 'warning' ? [] : [{ each, own: found[i] }]));
    expect(judged.map(({ each, own }) => [each.type, each.kwargs, own?.success])).toEqual(
      judged.map(({ each }) => [each.type, each.kwargs, each.success]),
    );
    if (table === 'numbers' || table === 'ordered') expect(judged.length).toBe(cases.length);
  });

  test('every field that both give is the same', () => {
    for (const [i, each] of cases.entries()) {
      const own = found[i]?.result ?? {};
      for (const field of Object.keys(each.result).filter((key) => key in own)) {
        // Of nothing it observes 0, and it counts each NaN for itself, since NaN equals none.
        if (field === 'observed_value' && found[i]?.outcome === 'warning') continue;
        if (/_distinct_/.test(each.type) && each.result[field] === null) continue;
        if (field === 'partial_unexpected_counts' && each.type === 'expect_column_values_to_not_be_null') continue;
        expect([each.type, each.kwargs, field, sorted(own[field])]).toEqual([
          each.type,
          each.kwargs,
          field,
          sorted(each.result[field]),
        ]);
      }
    }
  });
});
