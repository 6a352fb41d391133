/** The network: a webhook that takes alerts, and a weather API, each of which fails as the world's faults say. */
import type { Http } from '../../src/service/platform.ts';
import { WEATHER_VARIABLES } from '../../src/weather/variables.ts';
import type { Owner } from './scheduler.ts';
import type { World } from './world.ts';

export const WEBHOOK_URL = 'http://webhook.sim/alerts';
export const WEATHER_URL = 'http://weather.sim/v1/forecast';

/** Told of each alert that the webhook has received, whether or not it said so. */
export type OnReceived = (alert: { readonly alertId: string; readonly key: string }) => void;

const LATENCY_MS = 20;
const OBSERVED_EVERY_MS = 10_000;
/** The last of them is still to come. */
const OBSERVATIONS = 30;

export function createNetwork(world: World, owner: Owner, onReceived: OnReceived): Http {
  const { faults, scheduler } = world;
  const random = world.random('network');

  function answer(url: URL, init: RequestInit): Response | 'none' {
    if (url.href.startsWith(WEBHOOK_URL)) return answerWebhook(init);
    if (url.href.startsWith(WEATHER_URL)) return answerWeather(url);
    throw new TypeError(`fetch failed: nobody is at ${url.href}`);
  }

  function answerWebhook({ body, headers }: RequestInit): Response | 'none' {
    const mode = faults.webhook;
    const receive = (): void => {
      const key = new Headers(headers).get('idempotency-key') ?? '';
      onReceived({ alertId: JSON.parse(String(body)).alertId, key });
    };
    switch (mode) {
      case 'ok':
        receive();
        return new Response(null, { status: 204 });
      case 'lost-answer':
        receive();
        throw new TypeError('fetch failed: the connection was reset');
      case 'refused':
        throw new TypeError('fetch failed: the connection was refused');
      case 'hangs':
        return 'none';
      case '429':
      case '500':
      case '400':
        return new Response('not now', { status: Number(mode) });
    }
  }

  function answerWeather(url: URL): Response | 'none' {
    const mode = faults.weather;
    switch (mode) {
      case 'ok':
        return new Response(forecast(url, scheduler.nowMs()));
      case 'refused':
        throw new TypeError('fetch failed: the connection was refused');
      case 'hangs':
        return 'none';
      case 'garbage':
        return new Response('{"hourly": {"time": [1, 2');
      case '429':
        return new Response('{"error": true, "reason": "Too many requests"}', {
          status: 429,
          headers: { 'retry-after': '30' },
        });
      case '500':
      case '400':
        return new Response('{"error": true, "reason": "no"}', { status: Number(mode) });
    }
  }

  return {
    fetch: (input, init = {}) =>
      new Promise<Response>((resolve, reject) => {
        const { signal } = init;
        const url = new URL(input instanceof Request ? input.url : input);
        const give = (): void => {
          if (signal?.aborted === true) return;
          try {
            const response = answer(url, init);
            if (response !== 'none') resolve(response);
          } catch (error) {
            reject(error);
          }
        };
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        scheduler.schedule({
          owner,
          delayMs: LATENCY_MS * 2 * random.uniform(),
          label: `answer ${url.host}`,
          run: give,
        });
      }),
    startTimer(ms, callback) {
      const timer = scheduler.schedule({ owner, delayMs: ms, label: 'deadline', run: callback });
      return () => timer.cancel();
    },
  };
}

/** As Open-Meteo answers (src/weather/response.ts), but for its hours of ten seconds: there is news in every run. */
function forecast(url: URL, nowMs: number): string {
  const places = (url.searchParams.get('latitude') ?? '').split(',').length;
  const newest = Math.floor(nowMs / OBSERVED_EVERY_MS);
  const times = Array.from({ length: OBSERVATIONS }, (_, index) => newest - OBSERVATIONS + 2 + index);
  const locations = Array.from({ length: places }, (_, place) => ({
    utc_offset_seconds: 0,
    hourly_units: { time: 'unixtime', ...Object.fromEntries(WEATHER_VARIABLES.map(({ name, unit }) => [name, unit])) },
    hourly: {
      time: times.map((time) => (time * OBSERVED_EVERY_MS) / 1000),
      ...Object.fromEntries(WEATHER_VARIABLES.map(({ name }) => [name, times.map((time) => (time + place) % 40)])),
    },
  }));
  return JSON.stringify(locations.length === 1 ? locations[0] : locations);
}
