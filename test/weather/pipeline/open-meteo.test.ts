/** Open-Meteo in its short form: what it asks for, and what it makes of the answers. */
import { describe, expect, test } from 'vitest';
import { nodeTimer } from '../../../src/deadline.ts';
import { createHostRates } from '../../../src/fetching/host-rates.ts';
import { startWeatherServer } from '../../../src/weather/pipeline/weather-server.ts';
import { observationsOf, openedWeather } from './opened-weather.ts';

const NOW = Date.parse('2026-05-01T22:41:50Z');
const ENDPOINT = 'https://api.open-meteo.com/v1/forecast';
const hour = Date.parse('2026-05-01T21:00Z');

/** An attempt that is given these answers by turns, and what it asked for. */
function answered(answers: readonly Response[], settings: Parameters<typeof openedWeather>[0] = {}) {
  const asked: URL[] = [];
  const left = [...answers];
  const http = {
    startTimer: nodeTimer,
    fetch: async (url: unknown) => {
      asked.push(new URL(String(url)));
      return left.shift() ?? new Response('{}');
    },
  };
  const rates = createHostRates();
  return { asked, attempt: openedWeather({ url: ENDPOINT, ...settings }, { http, rates, nowMs: () => NOW }) };
}

function location(change: Record<string, unknown> = {}, units: Record<string, unknown> = {}): object {
  return {
    latitude: 52.52,
    longitude: 13.419998,
    hourly_units: {
      ...{ time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%', precipitation: 'mm' },
      ...{ wind_speed_10m: 'km/h', pressure_msl: 'hPa', ...units },
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
  };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });

describe('a request to Open-Meteo', () => {
  // Parameter names and values as documented at https://open-meteo.com/en/docs.
  test('asks for GMT, epoch seconds and named units, and keeps what the endpoint has of its own', async () => {
    const places = [
      { name: 'EWR', latitude: 40.6925, longitude: -74.1687 },
      { name: 'JFK', latitude: 40.6398, longitude: -73.7789 },
    ];
    const { asked, attempt } = answered([json([location(), location()])], {
      url: 'https://customer-api.open-meteo.com/v1/forecast?apikey=k1',
      places,
      pastDays: 2,
    });
    await attempt();
    expect(asked.map((url) => url.origin + url.pathname)).toEqual(['https://customer-api.open-meteo.com/v1/forecast']);
    expect(Object.fromEntries(asked[0]!.searchParams)).toEqual({
      apikey: 'k1',
      latitude: '40.6925,40.6398',
      longitude: '-74.1687,-73.7789',
      hourly: 'temperature_2m,relative_humidity_2m,precipitation,wind_speed_10m,pressure_msl',
      past_days: '2',
      forecast_days: '1',
      timezone: 'GMT',
      timeformat: 'unixtime',
      temperature_unit: 'celsius',
      wind_speed_unit: 'kmh',
      precipitation_unit: 'mm',
    });
  });

  test('names 300 places of a file, and the next one those that are left, within 600 weights a minute', async () => {
    const { asked, attempt } = answered([json(Array.from({ length: 300 }, () => location()))], {
      places: 'config/weather-places.csv',
    });
    const observations = observationsOf(await attempt());
    expect(asked.map((url) => url.searchParams.get('latitude')?.split(',').length)).toEqual([300]);
    expect(new Set(observations.map(({ place }) => place)).size).toBe(300);
    const many = Array.from({ length: 700 }, (_, i) => ({ name: `p${i}`, latitude: 1, longitude: i / 10 }));
    const pages = [300, 300, 100].map((n) => json(Array.from({ length: n }, () => location())));
    const busy = answered(pages, { places: many });
    // 600 weigh a minute's worth: the third call waits for what flows back.
    expect(await busy.attempt()).toMatchObject({ kind: 'retryable', waitMs: 10_000 });
    expect(busy.asked).toHaveLength(2);
  });
});

describe('an answer of Open-Meteo', () => {
  test('gives hours that were over or under way when it was fetched, by the index of the place; a null stays null', async () => {
    const places = ['first', 'second'].map((name) => ({ name, latitude: 1, longitude: 2 }));
    const other = location({ temperature_2m: [1, 2, 3] });
    const observations = observationsOf(await answered([json([location(), other])], { places }).attempt());
    const base = { provider: 'open-meteo', fetchedAt: NOW, observedAt: hour };
    expect(observations).toMatchObject([
      { ...base, place: 'first', temperatureCelsius: 12.3, pressureHpa: 1013.2 },
      { ...base, place: 'first', observedAt: hour + 3_600_000, temperatureCelsius: null, precipitationMm: 0.4 },
      { ...base, place: 'second', temperatureCelsius: 1 },
      { ...base, place: 'second', observedAt: hour + 3_600_000, temperatureCelsius: 2 },
    ]);
  });

  test('has null for a number that is not finite', async () => {
    const body = JSON.stringify(location({ temperature_2m: ['BEYOND', null, 14] })).replace('"BEYOND"', '1e999');
    expect(observationsOf(await answered([json(body)]).attempt())[0]).toMatchObject({
      temperatureCelsius: null,
      humidityPercent: 80,
    });
  });

  test.each([
    ['a changed unit', location({}, { temperature_2m: '°F' }), /temperature_2m is "°F", expected "°C"/],
    ['local times', location({}, { time: 'iso8601' }), /hourly_units.time is "iso8601", expected "unixtime"/],
    ['a unit that is gone', location({}, { pressure_msl: undefined }), /pressure_msl is missing/],
    ['a column that is gone', location({ precipitation: undefined }), /precipitationMm is missing/],
    ['a column of texts', location({ precipitation: ['0', '0', '0'] }), /precipitationMm must be a number: found "0"/],
    ['a column of another length', location({ wind_speed_10m: [1] }), /wind_speed_10m has 1 values/],
    ['no hourly columns', { latitude: 1 }, /hourly_units.time is missing/],
    ['more places than were asked for', [location(), location()], /Asked for 1 places, got 2/],
    ['an error inside a 200', { error: true, reason: 'Data corrupted at path' }, /Data corrupted at path/],
  ])('that breaks the contract ends the run with what was found: %s', async (_, body, message) => {
    expect(await answered([json(body)]).attempt()).toMatchObject({
      kind: 'permanent',
      reason: expect.stringMatching(message),
    });
  });

  test.each([
    ['cut off by a late error', '{"hourly":{"time":[Unexpected error while streaming data: timeoutReached'],
    ['holding nan', '{"hourly":{"temperature_2m":[nan]}}'],
    ['empty', ''],
  ])('is worth another attempt when it is not JSON: %s', async (_, text) => {
    expect(await answered([json(text)]).attempt()).toMatchObject({ kind: 'retryable', waitMs: null });
  });

  // The reasons as Open-Meteo words them; it sends no Retry-After.
  test.each([
    ['Minutely API request limit exceeded. Please try again in one minute.', {}, 10_000],
    [
      'Hourly API request limit exceeded. Please try again in the next hour.',
      {},
      Date.parse('2026-05-01T23:00Z') - NOW,
    ],
    ['Daily API request limit exceeded. Please try again tomorrow.', {}, Date.parse('2026-05-02T00:00Z') - NOW],
    ['Too many concurrent requests', {}, null],
    ['Minutely API request limit exceeded.', { 'retry-after': '5' }, 5000],
    ['no', { 'retry-after': '999999999' }, 3_600_000],
  ])(
    '"%s" waits until the counter starts again on the UTC clock, or as a header asks, an hour at most',
    async (reason, headers, waitMs) => {
      const refused = json({ error: true, reason }, 429, headers);
      expect(await answered([refused]).attempt()).toMatchObject({
        kind: 'retryable',
        reason: expect.stringContaining(reason),
        waitMs,
      });
    },
  );

  test('ends the run with the reason of a 400', async () => {
    const reason = 'Latitude must be in range of -90 to 90°. Given: 91.0.';
    expect(await answered([json({ error: true, reason }, 400)]).attempt()).toMatchObject({
      kind: 'permanent',
      reason: expect.stringContaining(reason),
    });
  });
});

test('what an attempt brought is not brought again once it is durable, and what the log refused is', async () => {
  const nowMs = () => Date.parse('2026-05-01T03:20:00Z');
  const server = await startWeatherServer({ nowMs });
  let refuses = true;
  const deliver = async (): Promise<void> => {
    if (refuses) throw new Error('partition is gone');
  };
  const attempt = openedWeather({}, { nowMs, serverUrl: () => server.endpoint, deliver });
  try {
    await expect(attempt()).rejects.toThrow('partition is gone');
    refuses = false;
    expect(await attempt()).toMatchObject({ kind: 'done', records: 4 });
    expect(await attempt()).toMatchObject({ kind: 'done', records: 0 });
  } finally {
    await server.close();
  }
});
