import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readForecast, type WeatherQuestion } from '../../src/weather/response.ts';
import { WEATHER_VARIABLES } from '../../src/weather/variables.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/weather/${name}`, import.meta.url), 'utf8');
const forecastBody = fixture('adelaide-forecast-2026-07-16.json');
const archiveBody = fixture('adelaide-archive-2025-01-10.json');

/** What both recordings hold in our units; their wind is in m/s. */
const calm = WEATHER_VARIABLES.filter(({ name }) => !['wind_speed_10m', 'pressure_msl'].includes(name));
const adelaide = { name: 'Adelaide', latitude: -34.7627, longitude: 138.6456 };
const question: WeatherQuestion = {
  provider: 'open-meteo',
  places: [adelaide],
  variables: calm,
  fetchedAt: Date.parse('2027-01-01T00:00Z'),
};

function observationsOf(body: string, asked: WeatherQuestion = question) {
  const answer = readForecast(body, asked);
  if (answer.kind !== 'observations') throw new Error(answer.reason);
  return answer.observations;
}

/** A body in the form that forecastUrl() asks for. */
const hour = Date.parse('2026-05-01T10:00Z');
const asked = { ...question, variables: WEATHER_VARIABLES, fetchedAt: hour + 90 * 60_000 };
function body(change: Record<string, unknown> = {}, units: Record<string, unknown> = {}): string {
  return JSON.stringify({
    latitude: 52.52,
    longitude: 13.419998,
    utc_offset_seconds: 0,
    hourly_units: {
      time: 'unixtime',
      temperature_2m: '°C',
      relative_humidity_2m: '%',
      precipitation: 'mm',
      wind_speed_10m: 'km/h',
      pressure_msl: 'hPa',
      ...units,
    },
    hourly: {
      time: [hour / 1000, hour / 1000 + 3600, hour / 1000 + 7200],
      temperature_2m: [12.3, null, 14],
      relative_humidity_2m: [80, null, 70],
      precipitation: [0, 0.4, 0],
      wind_speed_10m: [5.4, null, 9.7],
      pressure_msl: [1013.2, null, 1012],
      ...change,
    },
  });
}

test('a number that is not finite is null, and the hour stays', () => {
  const answer = body({ temperature_2m: ['BEYOND', null, 14] }).replace('"BEYOND"', '1e999');
  expect(observationsOf(answer, asked)[0]).toMatchObject({ temperatureCelsius: null, humidityPercent: 80 });
});

describe('a recorded answer of Open-Meteo', () => {
  test('becomes one observation an hour, its local times read with the offset of the response', () => {
    const observations = observationsOf(forecastBody);
    expect(observations).toHaveLength(72);
    // The body's first hour: 2026-07-16T00:00 at +09:30, 6.5 °C, 97 %, 0.0 mm.
    expect(observations[0]).toEqual({
      provider: 'open-meteo',
      place: 'Adelaide',
      observedAt: Date.parse('2026-07-15T14:30Z'),
      fetchedAt: question.fetchedAt,
      temperatureCelsius: 6.5,
      humidityPercent: 97,
      precipitationMm: 0,
      windSpeedKmh: null,
      pressureHpa: null,
    });
  });

  test('is refused when a unit is not the one that was asked for', () => {
    const answer = readForecast(forecastBody, { ...question, variables: WEATHER_VARIABLES });
    expect(answer).toEqual({
      kind: 'permanent',
      reason: 'Adelaide (index 0): wind_speed_10m is in "m/s", expected "km/h"',
    });
  });

  test('for several places is told apart by the index of the request, as both echo the same coordinates', () => {
    const summer = { ...adelaide, name: 'summer' };
    const winter = { ...adelaide, name: 'winter' };
    const observations = observationsOf(`[${archiveBody},${forecastBody}]`, { ...question, places: [summer, winter] });
    const first = (place: string) => observations.find((observation) => observation.place === place);
    // The archive's first hour is 2025-01-10T00:00 at +09:30 with 20.3 °C.
    expect(first('summer')).toMatchObject({ observedAt: Date.parse('2025-01-09T14:30Z'), temperatureCelsius: 20.3 });
    expect(first('winter')).toMatchObject({ observedAt: Date.parse('2026-07-15T14:30Z'), temperatureCelsius: 6.5 });
  });
});

describe('an answer in epoch seconds', () => {
  test('gives only hours that were over or under way when it was fetched: the rest is a forecast', () => {
    expect(observationsOf(body(), asked).map(({ observedAt }) => observedAt)).toEqual([hour, hour + 3_600_000]);
    expect(observationsOf(body(), { ...asked, fetchedAt: hour - 1 })).toEqual([]);
  });

  test('keeps a null as null, beside values of the same hour', () => {
    expect(observationsOf(body(), asked)[1]).toMatchObject({
      temperatureCelsius: null,
      humidityPercent: null,
      precipitationMm: 0.4,
      windSpeedKmh: null,
      pressureHpa: null,
    });
  });
});

describe('an answer that breaks the contract', () => {
  test.each([
    [
      'a changed unit',
      body({}, { temperature_2m: '°F' }),
      /Adelaide \(index 0\): temperature_2m is in "°F", expected "°C"/,
    ],
    ['a unit that is gone', body({}, { pressure_msl: undefined }), /pressure_msl is in undefined/],
    ['a column that is gone', body({ precipitation: undefined }), /precipitation is not a list/],
    ['a column of texts', body({ precipitation: ['0', '0', '0'] }), /precipitation is not a list of numbers/],
    ['a column of another length', body({ wind_speed_10m: [1] }), /wind_speed_10m has 1 values for 3 hours/],
    ['an hour that is no time', body({ time: [hour / 1000, 'noon', 3] }), /hourly\.time holds "noon"/],
    ['no hourly columns', '{"latitude":1}', /no hourly and hourly_units/],
    ['more places than were asked for', `[${body()},${body()}]`, /Asked for 1 places, got 2/],
    ['an error inside a 200', '{"error":true,"reason":"Data corrupted at path"}', /Data corrupted at path/],
    ['nothing but null', 'null', /no hourly and hourly_units/],
  ])('is a permanent failure that says what it found: %s', (_, text, message) => {
    const answer = readForecast(text, asked);
    expect(answer.kind).toBe('permanent');
    expect(answer.kind === 'permanent' && answer.reason).toMatch(message);
  });

  test.each([
    ['cut off by a late error', `${body().slice(0, 120)}Unexpected error while streaming data: timeoutReached`],
    ['holding nan', '{"hourly":{"temperature_2m":[nan]}}'],
    ['empty', ''],
  ])('is worth another attempt when it is not JSON: %s', (_, text) => {
    expect(readForecast(text, asked).kind).toBe('retryable');
  });
});
