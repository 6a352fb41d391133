/** `fetch: { openMeteo: … }` of a job: observations of places, by Open-Meteo's forecast API. */
import { z } from 'zod';
import { remember, unknownOf } from '../../fetching/known-values.ts';
import { REDACTED, url } from '../../keys/value-schema.ts';
import { fetchAdapter } from '../../sources/fetch-adapter.ts';
import { DEFAULT_LIMITS, httpGet } from '../../sources/http-client.ts';
import { fetchWeather } from '../fetch-weather.ts';
import { weatherObservationType } from '../observation.ts';
import { nothingSeen } from '../seen.ts';
import { startWeatherServer } from './weather-server.ts';

/** `url` that means the server on loopback. */
const DEMO_URL = 'demo';
const PROVIDER = 'open-meteo';
/** Hours of all places that a job remembers, so that it does not repeat them. */
const SEEN_BOUND = 200_000;

const place = z.strictObject({
  name: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

export const openMeteoFetch = fetchAdapter({
  kind: 'openMeteo',
  schema: z.strictObject({
    url: z
      .union([z.literal(DEMO_URL), url])
      .describe('`demo` is the server on loopback that plays recorded observations.'),
    pastDays: z.int().min(0).max(92).default(1),
    places: z.array(place).min(1).max(1000),
  }),
  derive: (raw) => raw,
  print: ({ url, pastDays, places }) => ({ url, pastDays, places }),
  redact: (settings) => ({ ...settings, url: withoutQuery(settings.url) }),
  check({ places }, _, report) {
    const names = places.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      report(['places', String(index)], `${name} is the name of another place already`);
    }
  },
  refuses: ({ schema }) =>
    schema === weatherObservationType.schema ? null : 'must be a stream of `builtin: WeatherObservation`',
  server: {
    id: 'weather-server',
    isNeeded: ({ url }) => url === DEMO_URL,
    start: startWeatherServer,
  },
  open({ url, places, pastDays }, { nowMs, http, timeoutMs, serverUrl, replay, deliver }) {
    const seen = nothingSeen(SEEN_BOUND);
    const limits = { ...DEFAULT_LIMITS, deadlineMs: timeoutMs };
    const get = (address: URL, signal: AbortSignal) => httpGet(address, limits, nowMs, signal, http);
    return {
      recover: () => replay(weatherObservationType, (observation) => remember(seen, [observation])),
      async attempt(_, signal) {
        const request = { endpoint: url === DEMO_URL ? serverUrl() : url, places, pastDays, forecastDays: 1 };
        const outcome = await fetchWeather(request, PROVIDER, { get, nowMs }, signal);
        if (outcome.kind !== 'fetched') return outcome;
        const news = unknownOf(seen, outcome.observations);
        return {
          kind: 'done',
          records: news.length,
          output: null,
          async publish() {
            if (news.length > 0) await deliver(weatherObservationType, news);
            // Only what is durable: whatever failed meanwhile, the next attempt must bring the rest.
            remember(seen, news);
          },
        };
      },
    };
  },
});

function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname, search, username, password } = new URL(address);
  return search === '' && username === '' && password === '' ? address : `${origin}${pathname}?${REDACTED}`;
}
