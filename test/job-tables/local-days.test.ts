/** The job local_days of config/weather.yaml: the days of all its places, in as many zones, as Node's own calendar has them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type JobDatabase, openJobDatabase } from '../../src/job-tables/database.ts';
import { bindSql } from '../../src/jobs/sql-text.ts';
import { parseTemplate } from '../../src/jobs/template.ts';

const PLACES = 'config/weather-places.csv';
const HOUR_MS = 3_600_000;
/** Four days each about the changes of the clock in Europe in 2021. */
const FROM_MS = ['2021-03-27T00:00:00Z', '2021-10-30T00:00:00Z'].map((text) => Date.parse(text));
const HOURS = 96;
const zones = readFileSync(PLACES, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => ({ place: line.split(',')[0] ?? '', zone: line.split(',').at(-1) ?? '' }));

let directory: string;
let database: JobDatabase;
const days = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-local-days-'));
  const models = join(directory, 'models.duckdb');
  const instance = await DuckDBInstance.create(models);
  const connection = await instance.connect();
  // The first fetch of each hour said what a later one revised.
  await connection.run(`
    CREATE TABLE weather AS SELECT 'p' AS provider, name AS place, make_timestamp_ms(ms) AS observed_at,
      make_timestamp_ms(ms + revision) AS fetched_at, IF(revision = 0, 99, (hour * 7 + length(name) * i) % 61 - 15)::DOUBLE AS temperature_celsius,
      IF(revision = 0, 99, (hour * 3 + i) % 5)::DOUBLE AS precipitation_mm
    FROM (SELECT name, row_number() OVER () - 1 AS i FROM read_csv('${PLACES}', header = true, all_varchar = true)),
      (SELECT unnest([${FROM_MS}]) + h * ${HOUR_MS} AS ms, h AS hour FROM range(${HOURS}) t(h)), (VALUES (0), (1)) f(revision)`);
  connection.closeSync();
  instance.closeSync();
  database = await openJobDatabase({ directory, memoryBytes: 256 * 1024 ** 2, threads: 1 });
  const job = loadConfig('config/weather.yaml', {}).jobs.find(({ name }) => name === 'local_days');
  const settings = job?.steps[0]?.settings;
  if (settings?.kind !== 'sql') throw new Error('no statement');
  const template = parseTemplate(settings.sql);
  if ('problem' in template) throw new Error(template.problem);
  const identity = { job: 'local_days', step: 'days', runId: 'r', key: 'k' };
  const target = { kind: 'table', table: 'local_days', write: { mode: 'replace' } } as const;
  await database.run({ identity, ...bindSql(template, () => PLACES), models, lines: [], target });
  await database.publish('r', 'local_days', 1);
  const rows = await database.readers.query(
    'SELECT * EXCLUDE (provider) REPLACE (day::VARCHAR AS day, hours::INT AS hours) FROM local_days',
  );
  for (const { place, day, ...row } of rows) days.set(`${place} ${day}`, row);
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

test('the days of 300 places in their own zones have the hours, degree days and rain that their calendars say', () => {
  const temperatures = new Map<string, number[]>();
  const rain = new Map<string, number>();
  for (const [index, { place, zone }] of zones.entries()) {
    const calendar = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
    for (const fromMs of FROM_MS) {
      for (let hour = 0; hour < HOURS; hour += 1) {
        const ms = fromMs + hour * HOUR_MS;
        const day = `${place} ${calendar.format(ms)}`;
        const those = temperatures.get(day) ?? [];
        those.push(((hour * 7 + place.length * index) % 61) - 15);
        temperatures.set(day, those);
        const before = `${place} ${calendar.format(ms - 1)}`;
        rain.set(before, (rain.get(before) ?? 0) + ((hour * 3 + index) % 5));
      }
    }
  }
  const expected = new Map(
    [...temperatures].map(([day, all]) => {
      const [coldest, warmest] = [Math.min(...all), Math.max(...all)];
      const beyond = (coldest + warmest) / 2 - 18;
      const degreeDays = { heating: Math.max(-beyond, 0), cooling: Math.max(beyond, 0) };
      return [day, { hours: all.length, coldest, warmest, ...degreeDays, rain_mm: rain.get(day) ?? null }];
    }),
  );
  expect(zones).toHaveLength(300);
  expect(days).toEqual(expected);
  const columns = [...days.values()];
  for (const column of ['heating', 'cooling', 'rain_mm'])
    expect(columns.filter((row) => Number(row[column]) > 0).length, column).toBeGreaterThan(100);
});

test('a day in Oslo has 23 hours in March and 25 in October, and one in Riyadh always has 24', () => {
  const hoursOf = (zone: string, day: string) =>
    days.get(`${zones.find((each) => each.zone === zone)?.place} ${day}`)?.hours;
  expect([hoursOf('Europe/Oslo', '2021-03-28'), hoursOf('Europe/Oslo', '2021-10-31')]).toEqual([23, 25]);
  expect([hoursOf('Asia/Riyadh', '2021-03-28'), hoursOf('Asia/Riyadh', '2021-10-31')]).toEqual([24, 24]);
});
