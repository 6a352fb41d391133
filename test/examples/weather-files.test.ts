/**
 * config/weather-files.yaml on the two files that it is for, NA and days without a zone and all: as DuckDB has it. On the whole
 * files where AIRPORTS_CSV and SEATTLE_CSV name them (config/weather-files.yaml says where they are from), else on some rows.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';

const ROWS_OF_THEM = 'test/fixtures/formats';
const { AIRPORTS_CSV, SEATTLE_CSV } = process.env;
const AIRPORTS = AIRPORTS_CSV ?? `${ROWS_OF_THEM}/nycflights13-weather.csv`;
const SEATTLE = SEATTLE_CSV ?? `${ROWS_OF_THEM}/seattle-weather.csv`;
const DAY_MS = 86_400_000;

async function rowsOf(sql: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('the example of weather files takes every row, and its windows are what DuckDB makes of the same files', async () => {
  if (AIRPORTS_CSV === undefined || SEATTLE_CSV === undefined) {
    console.warn(
      'THE WHOLE WEATHER FILES ARE NOT HERE: only rows of them are checked. AIRPORTS_CSV and SEATTLE_CSV name them.',
    );
  }
  const output: string[] = [];
  const summary = await runInputs({
    config: loadConfig('config/weather-files.yaml', {}),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [
      { stream: 'airports', file: AIRPORTS },
      { stream: 'seattle', file: SEATTLE },
    ],
    temporary: true,
    flush: true,
    only: [],
    async output(lines) {
      for await (const line of lines) output.push(line);
    },
    onProgress() {},
  });
  const [counted] = await rowsOf(
    `SELECT (SELECT count(*) FROM read_csv('${AIRPORTS}'))::INT + (SELECT count(*) FROM read_csv('${SEATTLE}'))::INT AS n`,
  );
  const { in: taken, committed, deadLetters, late } = summary;
  expect({ n: taken, committed, deadLetters, late }).toEqual({ n: taken, committed: taken, deadLetters: 0, late: 0 });
  expect({ n: taken }).toEqual(counted);
  const of = (stream: string) => {
    const own: Record<string, unknown>[] = output.map((line) => JSON.parse(line));
    return own
      .filter((line) => line.stream === stream)
      .map(({ key, start, hours, days, warmest, gust }) => ({
        key,
        start,
        n: hours ?? days,
        warmest,
        ...(gust === undefined ? {} : { gust }),
      }))
      .sort((one, other) => `${one.key}${one.start}`.localeCompare(`${other.key}${other.start}`));
  };
  const months = await rowsOf(
    `SELECT origin AS key, (epoch_ms(time_hour) // ${30 * DAY_MS} * ${30 * DAY_MS})::DOUBLE AS start, count(*)::INT AS n,
      max("temp") AS warmest, max(wind_gust) AS gust FROM read_csv('${AIRPORTS}', nullstr = 'NA') GROUP BY ALL`,
  );
  const start = `(epoch_ms(date::TIMESTAMP AT TIME ZONE 'America/Los_Angeles') // ${365 * DAY_MS} * ${365 * DAY_MS})::DOUBLE`;
  const kinds = await rowsOf(
    `SELECT weather AS key, ${start} AS start, count(*)::INT AS n, max(temp_max) AS warmest FROM read_csv('${SEATTLE}') GROUP BY ALL`,
  );
  const sorted = (rows: unknown[]) =>
    [...rows].sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
  expect(sorted(of('airport_months'))).toEqual(sorted(months));
  expect(sorted(of('kinds_of_days'))).toEqual(sorted(kinds));
  expect(months.length + kinds.length).toBeGreaterThan(40);
});
