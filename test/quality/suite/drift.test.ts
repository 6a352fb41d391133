/** Expectations that are Millrace's own: freshness, volume, stability and the contract of a table's columns. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSuite } from '../../../src/checks/checked-table.ts';
import { openScratchDatabase, type ScratchDatabase } from '../../../src/projections/scratch-database.ts';
import type { ExpectationResult } from '../../../src/quality/suite/result.ts';
import type { SuiteRule } from '../../../src/quality/suite/suite.ts';

let database: ScratchDatabase;
beforeAll(async () => {
  database = await openScratchDatabase(1);
});
afterAll(() => database.close());

const NOW = Date.parse('2024-03-01T12:30:00Z');

async function only(relation: string, rule: SuiteRule): Promise<ExpectationResult> {
  const suite = { name: 's', expectations: [{ rule, severity: 'critical' as const }] };
  const { results } = await runSuite(suite, { relation, rows: database.rows }, NOW);
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('freshness', () => {
  const fresh = (relation: string) =>
    only(relation, { type: 'expect_table_to_be_fresh', column: 'at', warnAfterMs: 3_600_000, errorAfterMs: 7_200_000 });

  test.each([
    ['2024-03-01 11:30:00', 'passed'],
    ['2024-03-01 11:29:59', 'warning'],
    ['2024-03-01 10:30:00', 'warning'],
    ['2024-03-01 10:29:59', 'failed'],
  ])('of a newest row of %s at 12:30 is %s, by an hour and two', async (at, outcome) => {
    const found = await fresh(`(SELECT * FROM (VALUES (TIMESTAMP '2024-01-01'), (TIMESTAMP '${at}')) t("at"))`);
    expect(found.outcome).toBe(outcome);
  });

  test('of a table without rows has failed', async () => {
    const found = await fresh(`(SELECT TIMESTAMP '2024-01-01' AS "at" WHERE false)`);
    expect([found.outcome, found.message]).toEqual(['failed', 'there is no row, so none is fresh']);
  });
});

describe('volume', () => {
  /** Rows in the hour from 11:00 of this Friday, and of those of past weeks. */
  async function volume(...counts: readonly number[]): Promise<ExpectationResult> {
    const parts = counts.map((count, week) => {
      return `SELECT TIMESTAMP '2024-03-01 11:10:00' - INTERVAL (${7 * week}) DAY AS "at" FROM range(${count})`;
    });
    const between = `SELECT TIMESTAMP '2024-03-01 12:10:00' - INTERVAL (i) DAY FROM range(6) t(i)`;
    const type = 'expect_table_row_count_to_match_past_weeks' as const;
    return only(`(${[...parts, between].join(' UNION ALL ')})`, {
      ...{ type, column: 'at', weeks: 4, min_weeks: 3, k: 3, tolerance: 0.1 },
    });
  }

  test('is that of the last whole hour, against the median of the same hour of past weeks', async () => {
    const found = await volume(100, 90, 110, 100, 104);
    expect(found.outcome).toBe('passed');
    // The median of 90, 100, 104 and 110 is 102; of 12, 2, 2 and 8 it is 5.
    expect(found.result).toMatchObject({
      observed_value: 100,
      details: { past: [90, 110, 100, 104], median: 102, mad: 5 },
    });
  });

  test.each([
    [87, 'passed'],
    [86, 'failed'],
    [117, 'passed'],
    [118, 'failed'],
  ])('of %i is %s where 15 more or less than 102 are allowed', async (count, outcome) => {
    expect((await volume(count, 90, 110, 100, 104)).outcome).toBe(outcome);
  });

  test('may differ by the tolerance where every week was the same', async () => {
    expect((await volume(110, 100, 100, 100, 100)).outcome).toBe('passed');
    expect((await volume(111, 100, 100, 100, 100)).outcome).toBe('failed');
  });

  test('is not judged where the table reaches back too few weeks', async () => {
    expect((await volume(5, 100)).message).toBe('the table reaches back 1 weeks, and 3 are needed for a judgement');
  });
});

describe('the population stability index', () => {
  const psi = (values: string, minCount = 4) =>
    only(`(SELECT unnest([${values}])::DOUBLE AS v)`, {
      type: 'expect_column_psi_to_be_less_than',
      ...{
        column: 'v',
        bins: [1, 2],
        weights: [0.25, 0.25, 0.5],
        warn_above: 0.1,
        threshold: 0.25,
        min_count: minCount,
      },
    });

  test('is 0 for the distribution of the reference, with an edge in the bin below it', async () => {
    const found = await psi("1, 2, 3, 9, NULL, 'nan'::DOUBLE");
    expect([found.outcome, found.result.observed_value, found.result.element_count]).toEqual(['passed', 0, 4]);
  });

  test('is the sum over bins of (p − q)·ln(p/q), an empty bin counting as 1e-4', async () => {
    const found = await psi('1, 1, 2, 2');
    const wanted = 2 * (0.25 * Math.log(2)) + (1e-4 - 0.5) * Math.log(1e-4 / 0.5);
    expect(found.result.observed_value).toBeCloseTo(wanted, 12);
    expect(found.outcome).toBe('failed');
  });

  test('warns between its two bounds, and of too few values', async () => {
    // Shares 3/8, 1/8, 4/8: 0.125·ln 1.5 + (−0.125)·ln 0.5 = 0.137.
    expect((await psi('1, 1, 1, 2, 3, 3, 3, 3')).outcome).toBe('warning');
    expect((await psi('1, 2, 3, 9', 5)).message).toBe('there are 4 values, and 5 are needed for a judgement');
  });
});

describe('the contract of a schema', () => {
  const relation = `(SELECT 1::BIGINT AS id, 'x' AS name, 1.5::DOUBLE AS amount)`;
  const contract = async (columns: Readonly<Record<string, string>>) => {
    const modes = ['evolve', 'freeze', 'discard'] as const;
    const type = 'expect_table_schema_to_match' as const;
    return Promise.all(modes.map(async (mode) => (await only(relation, { type, columns, mode })).outcome));
  };

  test.each([
    ['holds', { id: 'long', name: 'string', amount: 'float64' }, ['passed', 'passed', 'passed']],
    ['has a new column', { id: 'BIGINT', name: 'VARCHAR' }, ['passed', 'failed', 'warning']],
    [
      'lacks a column',
      { id: 'long', name: 'text', amount: 'double', at: 'timestamp' },
      ['warning', 'failed', 'failed'],
    ],
    ['has another type', { id: 'string', name: 'string', amount: 'double' }, ['warning', 'failed', 'failed']],
  ])('that %s is judged as evolve, freeze and discard have it', async (_, columns, wanted) => {
    expect(await contract(columns)).toEqual(wanted);
  });
});
