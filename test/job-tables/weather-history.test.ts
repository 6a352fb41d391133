/** The statements of config/weather-history.yaml over real observations, held against sums of exact rationals. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type JobDatabase, openJobDatabase } from '../../src/job-tables/database.ts';
import { bindSql } from '../../src/jobs/sql-text.ts';
import { parseTemplate } from '../../src/jobs/template.ts';

const HERE = fileURLToPath(new URL('../fixtures/weather-history/', import.meta.url));
const FILES: Readonly<Record<string, string>> = {
  'params.hours': join(HERE, 'hours.csv.gz'),
  'params.airports': join(HERE, 'airports.csv'),
  'params.days': join(HERE, 'days.csv.gz'),
};

interface Answer {
  readonly n: number;
  readonly nulls: number;
  readonly min: string;
  readonly max: string;
  /** A whole number or a fraction. */
  readonly sum: string;
}
const ORACLE: Readonly<Record<string, Readonly<Record<string, Answer>>>> = JSON.parse(
  readFileSync(join(HERE, 'oracle.json'), 'utf8'),
);

let directory: string;
let database: JobDatabase;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-weather-'));
  database = await openJobDatabase({ directory, memoryBytes: 256 * 1024 ** 2, threads: 2 });
  const { jobs } = loadConfig(fileURLToPath(new URL('../../config/weather-history.yaml', import.meta.url)), {});
  for (const { name: step, settings } of jobs[0]?.steps ?? []) {
    if (settings.kind !== 'sql') continue;
    const template = parseTemplate(settings.sql);
    if ('problem' in template) throw new Error(template.problem);
    const identity = { job: 'history', step, runId: 'r', key: step };
    const target = { kind: 'table', table: settings.into, write: { mode: 'replace' } } as const;
    const bound = bindSql(template, (name) => FILES[name]);
    await database.run({ identity, ...bound, models: null, lines: [], target });
    await database.publish('r', settings.into, 1);
  }
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A decimal or a fraction as its numerator over 10^16, which every denominator here divides. */
function exact(text: string): bigint {
  const [top = '0', below = '1'] = text.split('/');
  const [whole = '0', part = ''] = top.split('.');
  const numerator = BigInt(whole + part.padEnd(16, '0'));
  if (numerator % BigInt(below) !== 0n) throw new Error(`${text} is no decimal of 16 digits`);
  return numerator / BigInt(below);
}

/** Of each group, as the oracle has it. */
async function answers(sql: string): Promise<Record<string, object>> {
  const rows = await database.readers.query(sql);
  return Object.fromEntries(
    rows.map(({ key, n, nulls, least, largest, total }) => [
      String(key),
      { n: Number(n), nulls: Number(nulls), sums: [least, largest, total].map((each) => exact(String(each))) },
    ]),
  );
}

function expected(name: string): Record<string, object> {
  const own = Object.entries(ORACLE[name] ?? {});
  expect(own.length).toBeGreaterThan(2);
  return Object.fromEntries(
    own.map(([key, { n, nulls, min, max, sum }]) => [key, { n, nulls, sums: [min, max, sum].map(exact) }]),
  );
}

test('months of hourly observations have every count, gap, bound and sum of the exact answers', async () => {
  const found = await answers(
    `SELECT origin || '|' || lpad(month::VARCHAR, 2, '0') AS key, n, gaps AS nulls, coldest::VARCHAR AS least, warmest::VARCHAR AS largest,
       sum_temp::VARCHAR AS total FROM airport_months`,
  );
  expect(found).toEqual(expected('nycflights13 origin|month temp'));
});

test('gusts with fifteen decimals are summed exactly', async () => {
  const found = await answers(
    'SELECT origin AS key, n, gaps AS nulls, least::VARCHAR AS least, strongest::VARCHAR AS largest, sum_gust::VARCHAR AS total FROM airport_gusts',
  );
  expect(found).toEqual(expected('nycflights13 origin wind_gust'));
});

test('months of two cities, and how far each was from the usual, are those of exact fractions', async () => {
  const found = await answers(
    `SELECT location || '|' || month AS key, n, 0 AS nulls, least::VARCHAR AS least, largest::VARCHAR AS largest, sum_max::VARCHAR AS total FROM city_months`,
  );
  expect(found).toEqual(expected('weather.csv location|YYYY-MM temp_max'));
  const own = Object.entries(ORACLE['weather.csv location|YYYY-MM temp_max'] ?? {});
  const rows = await database.readers.query('SELECT location, month, anomaly, warmest_first FROM city_anomalies');
  expect(rows).toHaveLength(own.length);
  for (const { location, month, anomaly } of rows) {
    const same = own.filter(([key]) => key.startsWith(`${location}|`) && key.endsWith(String(month).slice(4)));
    const mean = (of: typeof own): number =>
      Number(of.reduce((sum, [, { sum: each }]) => sum + exact(each), 0n)) /
      1e16 /
      of.reduce((sum, [, { n }]) => sum + n, 0);
    expect(Number(anomaly)).toBeCloseTo(mean(own.filter(([key]) => key === `${location}|${month}`)) - mean(same), 9);
  }
  expect(rows.filter(({ warmest_first: rank }) => Number(rank) === 1)).toHaveLength(2);
});

test('each airport has the height of its place, joined by its code', async () => {
  const rows = await database.readers.query(
    'SELECT DISTINCT origin, place, altitude_feet FROM airport_months ORDER BY origin',
  );
  expect(rows).toEqual([
    { origin: 'EWR', place: 'Newark Liberty Intl', altitude_feet: 18 },
    { origin: 'JFK', place: 'John F Kennedy Intl', altitude_feet: 13 },
    { origin: 'LGA', place: 'La Guardia', altitude_feet: 22 },
  ]);
});
