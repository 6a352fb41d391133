import { expect, test } from 'vitest';
import { createActor, SimulatedClock, waitFor } from 'xstate';
import { fetcherMachine } from '../../src/actors/fetcher.ts';
import { schedulerMachine } from '../../src/actors/scheduler.ts';
import { timetable } from '../../src/jobs/timetable.ts';
import type { RunChanged } from '../../src/messages/operations.ts';
import { type WeatherObservation, weatherObservationType } from '../../src/weather/observation.ts';
import { openMeteoFetch } from '../../src/weather/pipeline/open-meteo.ts';
import { recordedPlaces, startWeatherServer } from '../../src/weather/pipeline/weather-server.ts';

import { attemptContext } from '../steps/attempt-context.ts';
import { weatherHost } from '../steps/fetch-host.ts';

const HOUR_MS = 3_600_000;
const job = {
  name: 'weather',
  timetable: timetable({ cron: '0 * * * *' }),
  catchup: 'latest',
  startAt: null,
  retries: 3,
} as const;

/** The two actors as a service joins them, against a real server. */
async function startJob(clock: SimulatedClock, endpoint: string, nowMs: () => number) {
  const runs: RunChanged[] = [];
  const observations: WeatherObservation[] = [];
  const host = weatherHost({
    nowMs,
    deliver: async (type, events) => {
      observations.push(...weatherObservationType.decodeBlock(type.encodeBlock(events).bytes));
    },
  });
  const places = (await recordedPlaces()).map(({ name, latitude, longitude }) => ({ name, latitude, longitude }));
  const settings = { kind: 'openMeteo', url: endpoint, places, pastDays: 0 };
  const weather = openMeteoFetch.open(settings, host);
  if (weather === null) throw new Error('no fetch');
  const fetcher = createActor(fetcherMachine, {
    clock,
    input: {
      retry: { retries: 2, baseMs: 1000, factor: 2, capMs: 10_000 },
      ports: {
        fetch: (_, signal) => weather.attempt(attemptContext(), signal),
        report: (report) => scheduler.send({ type: 'REPORTED', report }),
      },
    },
  });
  const scheduler = createActor(schedulerMachine, {
    clock,
    input: {
      jobs: [job],
      ports: {
        nowMs,
        replay: async () => {},
        record: async (event) => {
          runs.push(event);
        },
        start: (run) => fetcher.send({ type: 'RUN', run }),
        warn: (message) => {
          throw new Error(message);
        },
      },
    },
  });
  fetcher.start();
  scheduler.start();
  return { runs, observations, fetcher, scheduler };
}

test('an hourly job brings the hours of three airports once, rides out an overload, and drains', async () => {
  const clock = new SimulatedClock();
  const nowMs = () => Date.parse('2026-05-01T10:20:00Z') + clock.now();
  const server = await startWeatherServer({ nowMs, failEvery: 2 });
  const { runs, observations, fetcher, scheduler } = await startJob(clock, server.endpoint, nowMs);
  const ended = (count: number) =>
    waitFor(scheduler, () => runs.filter(({ state }) => state === 'success').length === count, { timeout: 10_000 });

  await ended(1);
  expect(observations).toHaveLength(3 * 11);

  // The second request is refused; its retry is the third.
  clock.increment(HOUR_MS);
  await waitFor(fetcher, ({ value }) => value === 'up_for_retry', { timeout: 10_000 });
  clock.increment(10_000);
  await ended(2);
  expect(observations).toHaveLength(3 * 12);
  expect(new Set(observations.map(({ place, observedAt }) => `${place} ${observedAt}`)).size).toBe(3 * 12);
  expect(runs.map(({ state, attempt, records }) => [state, attempt, records])).toEqual([
    ['queued', 0, 0],
    ['running', 1, 0],
    ['success', 1, 33],
    ['queued', 0, 0],
    ['running', 1, 0],
    ['up_for_retry', 1, 0],
    ['running', 2, 0],
    ['success', 2, 3],
  ]);

  scheduler.send({ type: 'DRAIN' });
  fetcher.send({ type: 'DRAIN' });
  await waitFor(scheduler, ({ status }) => status === 'done', { timeout: 10_000 });
  expect([scheduler.getSnapshot().value, fetcher.getSnapshot().value]).toEqual(['stopped', 'stopped']);
  await server.close();
});
