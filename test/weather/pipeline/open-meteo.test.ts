import { expect, test } from 'vitest';
import type { StepDone } from '../../../src/steps/step.ts';
import { openMeteoFetch } from '../../../src/weather/pipeline/open-meteo.ts';
import { startWeatherServer } from '../../../src/weather/pipeline/weather-server.ts';
import { attemptContext } from '../../steps/attempt-context.ts';
import { weatherHost } from '../../steps/fetch-host.ts';

/** Open-Meteo's fetch, of one place of the demo's server; the log takes what is delivered, or refuses it. */
async function againstDemo(check: (attempt: () => Promise<StepDone>, log: { refuses: boolean }) => Promise<void>) {
  const nowMs = () => Date.parse('2026-05-01T03:20:00Z');
  const server = await startWeatherServer({ nowMs });
  const log = { refuses: false };
  const host = weatherHost({
    nowMs,
    serverUrl: () => server.endpoint,
    deliver: async () => {
      if (log.refuses) throw new Error('partition is gone');
    },
  });
  const settings = {
    kind: 'openMeteo',
    url: 'demo',
    places: [{ name: 'EWR', latitude: 40.7, longitude: -74.2 }],
    pastDays: 0,
  };
  const weather = openMeteoFetch.open(settings, host);
  const attempt = async (): Promise<StepDone> => {
    const outcome = await weather?.attempt(attemptContext(), new AbortController().signal);
    if (outcome?.kind !== 'done') throw new Error(outcome?.reason);
    return outcome;
  };
  try {
    await check(attempt, log);
  } finally {
    await server.close();
  }
}

test('what an attempt brought is not brought again once it is durable', () =>
  againstDemo(async (attempt) => {
    const first = await attempt();
    expect(first.records).toBe(4);
    await first.publish?.();
    expect((await attempt()).records).toBe(0);
  }));

test('what the log refused is brought again', () =>
  againstDemo(async (attempt, log) => {
    log.refuses = true;
    await expect((await attempt()).publish?.()).rejects.toThrow('partition is gone');
    log.refuses = false;
    expect((await attempt()).records).toBe(4);
  }));
