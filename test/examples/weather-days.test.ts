/** config/weather-days.yaml as its head says it: the rows of its job are what DuckDB makes of the raw files by another way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobCommand } from '../../src/commands/job.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openJobDatabase } from '../../src/job-tables/database.ts';
import { runInputs } from '../../src/run/run.ts';

const CONFIG = 'config/weather-days.yaml';
const HOURS = 'test/fixtures/weather-days/hours.csv.gz';
const PAYMENTS = 'test/fixtures/weather-days/payments.csv';
const TERMINALS = 'test/fixtures/weather-days/terminals.csv';
const DAYS = 'test/fixtures/weather-history/days.csv.gz';

/**
 * The days are the columns year, month and day of the file, and those of payments the hours that New York was behind UTC, so no rule
 * of a zone is asked. Amounts are decimals. What a payment saw is looked for among all observations.
 */
const BY_ANOTHER_WAY = `
  WITH raw AS (SELECT origin, make_date(year::INT, month::INT, day::INT) AS day, temp::DECIMAL(9,2) AS temp,
      precip::DECIMAL(9,2) AS inches, epoch_ms(time_hour::TIMESTAMPTZ) AS ms
    FROM read_csv('${HOURS}', all_varchar = true, nullstr = 'NA')),
  weather AS (SELECT origin AS place, day, count(temp) AS hours, min(temp) AS coldest, max(temp) AS warmest,
      CASE WHEN coldest + warmest < 130 THEN (130 - coldest - warmest) / 2 ELSE 0 END AS heating,
      CASE WHEN coldest + warmest > 130 THEN (coldest + warmest - 130) / 2 ELSE 0 END AS cooling, sum(inches) * 25.4 AS rain
    FROM raw GROUP BY ALL HAVING count(temp) > 20),
  summed AS (SELECT w.*, (SELECT round(sum(o.heating), 2) FROM weather o
      WHERE o.place = w.place AND o.day <= w.day AND (o.day < '2013-07-01') = (w.day < '2013-07-01')) AS so_far
    FROM weather w),
  usual AS (SELECT substr(date, 6, 2)::INT AS month, avg(precipitation::DOUBLE) AS rain
    FROM read_csv('${DAYS}', all_varchar = true) WHERE location = 'New York' GROUP BY ALL),
  stays AS (SELECT terminalId, place, epoch_ms(since::TIMESTAMPTZ) AS from_ms,
      lead(from_ms, 1, 9000000000000) OVER (PARTITION BY terminalId ORDER BY from_ms) AS until_ms
    FROM read_csv('${TERMINALS}', all_varchar = true)),
  paid AS (SELECT epoch_ms(occurredAt::TIMESTAMPTZ) AS ms, terminalId, amountCents::BIGINT AS cents
    FROM read_csv('${PAYMENTS}', all_varchar = true)),
  seen AS (SELECT s.place, p.cents, p.ms,
      make_timestamp_ms(p.ms - 3600000 * CASE WHEN p.ms BETWEEN 1362898800000 AND 1383458399999 THEN 4 ELSE 5 END)::DATE AS day,
      (SELECT r.inches > 0 FROM raw r WHERE r.origin = s.place AND r.ms <= p.ms AND r.ms > p.ms - 7200000 ORDER BY r.ms DESC LIMIT 1) AS wet
    FROM paid p JOIN stays s ON s.terminalId = p.terminalId AND p.ms >= s.from_ms AND p.ms < s.until_ms)
  SELECT w.place, w.day::VARCHAR AS day, w.hours::INT AS hours, w.coldest::DOUBLE AS coldest, w.warmest::DOUBLE AS warmest,
    round(w.heating, 2)::DOUBLE AS heating, round(w.cooling, 2)::DOUBLE AS cooling,
    w.so_far::DOUBLE AS heating_so_far,
    round(w.rain, 2)::DOUBLE AS rain_mm, round(u.rain, 2) AS usual_mm, round(round(w.rain, 2)::DOUBLE - u.rain, 2) AS above_usual_mm,
    count(s.ms)::INT AS payments, coalesce(sum(s.cents), 0)::INT AS cents, count(*) FILTER (s.wet)::INT AS wet_payments,
    coalesce(sum(s.cents) FILTER (s.wet), 0)::INT AS wet_cents, count(s.ms) FILTER (s.wet IS NULL)::INT AS unknown_payments
  FROM summed w JOIN usual u ON u.month = month(w.day) LEFT JOIN seen s ON s.place = w.place AND s.day = w.day
  GROUP BY ALL ORDER BY ALL`;

let directory: string;
let rows: Record<string, unknown>[] = [];
let answer: Record<string, unknown>[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-weather-days-'));
  const summary = await runInputs({
    config: { ...loadConfig(CONFIG, {}), dataDir: directory },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [
      { stream: 'airports', file: HOURS },
      { stream: 'terminals', file: TERMINALS },
      { stream: 'payments.transactions', file: PAYMENTS },
    ],
    temporary: false,
    flush: true,
    output: null,
    only: [],
    onProgress() {},
  });
  expect(summary).toMatchObject({ in: 1240, committed: 1240, deadLetters: 0, late: 0 });
  const options = { config: CONFIG, data: directory, param: [`days=${DAYS}`], json: true };
  expect(await jobCommand.run(options, ['run', 'features'])).toBe(0);
  const database = await openJobDatabase({ directory, memoryBytes: 256 * 1024 ** 2, threads: 1 });
  rows = await database.readers.query(
    'SELECT * REPLACE (day::VARCHAR AS day, hours::INT AS hours, payments::INT AS payments, cents::INT AS cents, wet_payments::INT AS wet_payments, wet_cents::INT AS wet_cents, unknown_payments::INT AS unknown_payments) FROM place_days ORDER BY place, day',
  );
  await database.close();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  answer = (await connection.runAndReadAll(BY_ANOTHER_WAY)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('degree days, rain against the usual and payments of each local day are what DuckDB makes of the raw files', () => {
  expect(rows).toEqual(answer);
  const days = rows.map(({ place, day }) => `${place} ${day}`);
  expect(days).toHaveLength(36);
  expect(days).not.toContain('JFK 2013-11-02');
  for (const column of ['heating', 'cooling', 'rain_mm', 'wet_payments', 'unknown_payments'])
    expect(rows.filter((row) => Number(row[column]) > 0).length, column).toBeGreaterThan(1);
});

test('a day on which the clocks change is one day: these rows are worked out by hand', () => {
  const of = (place: string, day: string) => rows.find((row) => row.place === place && row.day === day);
  // 65 − (30.92 + 42.98) / 2 = 28.05
  expect(of('JFK', '2013-03-10')).toMatchObject({
    hours: 23,
    coldest: 30.92,
    warmest: 42.98,
    heating: 28.05,
    cooling: 0,
  });
  // 65 − (37.94 + 53.96) / 2 = 19.05; the first of 25 hours is missing in the original
  expect(of('JFK', '2013-11-03')).toMatchObject({
    hours: 24,
    coldest: 37.94,
    warmest: 53.96,
    heating: 19.05,
    cooling: 0,
  });
  // 0.95 inches
  expect(of('EWR', '2013-03-08')).toMatchObject({ heating: 28.5, rain_mm: 24.13 });
});
