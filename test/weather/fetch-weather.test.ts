import { describe, expect, test } from 'vitest';
import { fetchWeather, type HttpOutcome } from '../../src/weather/fetch-weather.ts';

const request = {
  endpoint: 'https://api.open-meteo.com/v1/forecast',
  places: [{ name: 'EWR', latitude: 40.69, longitude: -74.17 }],
  pastDays: 0,
  forecastDays: 1,
};
const now = Date.parse('2026-05-01T22:41:50Z');

function attempt(outcome: HttpOutcome) {
  const ports = { get: async () => outcome, nowMs: () => now };
  return fetchWeather(request, 'open-meteo', ports, new AbortController().signal);
}
const refused = (reason: string, retryAfterMs: number | null = null): HttpOutcome => ({
  kind: 'retryable',
  reason: 'HTTP 429 Too Many Requests',
  retryAfterMs,
  body: JSON.stringify({ error: true, reason }),
});

describe('an attempt at fetching weather', () => {
  test('waits for the spent quota that the provider names, since it sends no Retry-After', async () => {
    expect(await attempt(refused('Hourly API request limit exceeded. Please try again in the next hour.'))).toEqual({
      kind: 'retryable',
      reason:
        'https://api.open-meteo.com/v1/forecast: HTTP 429 Too Many Requests: Hourly API request limit exceeded. Please try again in the next hour.',
      waitMs: Date.parse('2026-05-01T23:00:00Z') - now,
    });
  });

  test('keeps to a Retry-After when there is one', async () => {
    expect(await attempt(refused('Minutely API request limit exceeded.', 5000))).toMatchObject({ waitMs: 5000 });
  });

  test('is held back by a Retry-After for an hour at most', async () => {
    expect(await attempt(refused('no', 999_999_999_000))).toMatchObject({ waitMs: 3_600_000 });
    expect(await attempt(refused('Daily API request limit exceeded.'))).toMatchObject({
      waitMs: Date.parse('2026-05-02T00:00:00Z') - now,
    });
  });

  test('fails for good with the reason of a 400', async () => {
    const body = '{"error":true,"reason":"Latitude must be in range of -90 to 90°. Given: 91.0."}';
    expect(await attempt({ kind: 'permanent', reason: 'HTTP 400 Bad Request', body })).toEqual({
      kind: 'permanent',
      reason:
        'https://api.open-meteo.com/v1/forecast: HTTP 400 Bad Request: Latitude must be in range of -90 to 90°. Given: 91.0.',
    });
  });

  test('is worth another when a 200 breaks off in an error text', async () => {
    const outcome = await attempt({ kind: 'ok', body: '{"hourly":{Unexpected error while streaming data' });
    expect(outcome).toMatchObject({ kind: 'retryable', waitMs: null });
  });

  test('that got no answer keeps the reason of the network', async () => {
    const outcome = await attempt({
      kind: 'retryable',
      reason: 'connect ECONNREFUSED',
      retryAfterMs: null,
      body: null,
    });
    expect(outcome).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('connect ECONNREFUSED') });
  });
});
