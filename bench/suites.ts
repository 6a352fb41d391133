/**
 * Twenty expectations over a Parquet file of ten million rows, as `millrace check` holds them: seconds, and seconds of CPU
 * time. The file is made anew. `npm run bench -- suites`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSuite } from '../dist/checks/checked-table.js';
import { openFileTable } from '../dist/checks/file-table.js';
import { parseConfig } from '../dist/config/load.js';
import { openScratchDatabase } from '../dist/projections/scratch-database.js';

const ROWS = 10_000_000;
const ROUNDS = 3;

const TABLE = `SELECT i AS id, (hash(i) % 100000)::INTEGER AS amount, (hash(i + 1) % 1000) / 10.0::DOUBLE AS score,
  ['eur', 'usd', 'chf', 'gbp'][(1 + hash(i) % 4)::BIGINT] AS currency, 'u' || (hash(i + 2) % 50000) AS owner,
  TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS taken_at, CASE WHEN i % 50 = 0 THEN NULL ELSE i % 7 END AS day
  FROM range(${ROWS}) t(i)`;

const SUITE = `
streams: {}
checks:
  bench:
    - { expect_column_values_to_not_be_null: { column: id } }
    - { expect_column_values_to_be_between: { column: amount, min_value: 0, max_value: 100000 } }
    - { expect_column_values_to_be_between: { column: score, min_value: 0, max_value: 99.5, mostly: 0.9 } }
    - { expect_column_values_to_be_in_set: { column: currency, value_set: [eur, usd, chf, gbp] } }
    - { expect_column_values_to_not_be_null: { column: owner } }
    - { expect_column_value_lengths_to_be_between: { column: owner, min_value: 2, max_value: 6 } }
    - { expect_column_values_to_be_between: { column: taken_at, min_value: "2026-01-01" } }
    - { expect_column_values_to_not_be_null: { column: day, mostly: 0.95 } }
    - { expect_column_values_to_be_in_set: { column: day, value_set: [0, 1, 2, 3, 4, 5, 6] } }
    - { expect_column_mean_to_be_between: { column: amount, min_value: 49000, max_value: 51000 } }
    - { expect_column_min_to_be_between: { column: amount, min_value: 0 } }
    - { expect_column_max_to_be_between: { column: amount, max_value: 100000 } }
    - { expect_column_stdev_to_be_between: { column: score, min_value: 20, max_value: 40 } }
    - { expect_column_sum_to_be_between: { column: score, min_value: 1 } }
    - { expect_table_row_count_to_be_between: { min_value: 1 } }
    - { expect_column_to_exist: { column: id } }
    - { expect_column_values_to_be_of_type: { column: amount, type_: int } }
    - { expect_column_max_to_be_between: { column: taken_at, min_value: "2026-01-02" } }
    - { expect_column_values_to_not_be_null: { column: currency } }
    - { expect_column_pair_values_a_to_be_greater_than_b: { column_A: id, column_B: day, or_equal: true, mostly: 0.9 } }
`;

export async function runSuites(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-suites-'));
  const path = join(directory, 'rows.parquet');
  try {
    const database = await openScratchDatabase(2);
    await database.rows(`COPY (${TABLE}) TO '${path}'`);
    database.close();
    const [suite] = parseConfig(SUITE, 'bench.yaml', {}).checks;
    if (suite === undefined) throw new Error('There is no suite');
    for (let round = 0; round < ROUNDS; round++) {
      const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
      const table = await openFileTable(path, null);
      const { statistics } = await runSuite(suite, table, Date.now());
      await table.close();
      const { user, system } = process.cpuUsage(cpu);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
      const { successful_expectations: met, evaluated_expectations: all } = statistics;
      const cpuSeconds = ((user + system) / 1e6).toFixed(2);
      console.log(`${met} of ${all} over ${ROWS} rows: ${seconds} s, ${cpuSeconds} s of CPU time`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}
