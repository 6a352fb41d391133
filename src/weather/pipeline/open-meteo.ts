/**
 * `fetch: { openMeteo: … }` of a job: observations of places, by Open-Meteo's forecast API. It is a short form of a fetch by
 * declaration: GMT and epoch seconds are asked for, and the units by name although they are the defaults. Parameters and
 * limits as documented at open-meteo.com/en/docs.
 */
import { z } from 'zod';
import type { Hole } from '../../jobs/template.ts';
import type { Report } from '../../keys/names.ts';
import { REDACTED, url } from '../../keys/value-schema.ts';
import { declarationOf, type Plan, planOf, type Target } from '../../sources/declared-fetch/declaration.ts';
import { type DeclaredFetchRaw, declaredFetchSchema } from '../../sources/declared-fetch/settings.ts';
import { declaredStep } from '../../sources/declared-fetch/step.ts';
import { fetchAdapter } from '../../sources/fetch-adapter.ts';
import { weatherObservationType } from '../observation.ts';
import { WEATHER_VARIABLES } from '../variables.ts';
import { startWeatherServer } from './weather-server.ts';

/** `url` that means the server on loopback, whose port is known once it runs. */
const DEMO_URL = 'demo';
const DEMO_HOST = 'http://127.0.0.1';
const DEMO_ADDRESS = `${DEMO_HOST}/v1/forecast`;
const PORT = 'port';
const PROVIDER = 'open-meteo';

/** Calls weigh by places, variables and days; 600 a minute are free. A place with ten variables and two weeks weighs one. */
const WEIGHT_A_MINUTE = 600;
const VARIABLES_OF_ONE = 10;
const DAYS_OF_ONE = 14;
/** Of one call, so that an answer of its longest time stays below the bound of bytes. */
const PLACES_OF_CALL = 300;

const place = z.strictObject({
  name: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

export interface OpenMeteoSettings {
  readonly url: string;
  readonly pastDays: number;
  readonly places: string | readonly z.output<typeof place>[];
}

export const openMeteoFetch = fetchAdapter({
  kind: 'openMeteo',
  schema: z.strictObject({
    url: z
      .union([z.literal(DEMO_URL), url])
      .describe('`demo` is the server on loopback that plays recorded observations.'),
    pastDays: z.int().min(0).max(92).default(1),
    places: z
      .union([z.string().min(1), z.array(place).min(1).max(1000)])
      .describe('Rows, or a CSV file with the columns name, latitude and longitude.'),
  }),
  derive: (raw): OpenMeteoSettings => raw,
  locate: (own, resolve) => (typeof own.places === 'string' ? { ...own, places: resolve(own.places) } : own),
  print: ({ url, pastDays, places }) => ({ url, pastDays, places }),
  redact: (settings) => ({ ...settings, url: withoutQuery(settings.url) }),
  check(settings, { into }, report) {
    const { places } = settings;
    if (typeof places === 'string') {
      const ofPlaces: Report = (path, message) =>
        report(['places'], path[0] === 'places' ? message : `${places}: ${message}`);
      if (into?.schema === weatherObservationType.schema) declarationOf(declared(settings), into, [], ofPlaces);
      return;
    }
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
  open: (settings, host) =>
    declaredStep(planFor(settings, host.into), host, (name) =>
      name === PORT ? new URL(host.serverUrl()).port : undefined,
    ),
});

/** A declaration has its host written out; only the demo's has a port that is not known yet. */
function planFor(settings: OpenMeteoSettings, into: Target & { readonly name: string }): Plan {
  const plan = planOf(declared(settings), into);
  if (settings.url !== DEMO_URL) return plan;
  const [address, ...rest] = plan.declaration.url;
  const behind = typeof address === 'string' ? address.slice(DEMO_HOST.length) : '';
  const port: Hole = { name: PORT, format: null, text: `{${PORT}}`, character: DEMO_HOST.length + 2 };
  return { ...plan, declaration: { ...plan.declaration, url: [`${DEMO_HOST}:`, port, behind, ...rest] } };
}

function declared({ url: address, pastDays, places }: OpenMeteoSettings): DeclaredFetchRaw {
  const days = pastDays + 1;
  const weight = Math.max(1, (WEATHER_VARIABLES.length / VARIABLES_OF_ONE) * (days / DAYS_OF_ONE));
  const parameters = {
    hourly: WEATHER_VARIABLES.map(({ name }) => name).join(','),
    past_days: String(pastDays),
    forecast_days: '1',
    timezone: 'GMT',
    timeformat: 'unixtime',
    temperature_unit: 'celsius',
    wind_speed_unit: 'kmh',
    precipitation_unit: 'mm',
  };
  // Parameters of the endpoint itself, such as an API key, stay.
  const url = new URL(address === DEMO_URL ? DEMO_ADDRESS : address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  for (const name of ['latitude', 'longitude']) url.searchParams.delete(name);
  return declaredFetchSchema.parse({
    // A URL has no braces of its own: they are percent-encoded.
    url: `${url.href}&latitude={place.latitude|join}&longitude={place.longitude|join}`,
    places,
    batch: Math.max(1, Math.min(PLACES_OF_CALL, Math.floor(WEIGHT_A_MINUTE / weight))),
    rows: 'hourly',
    units: {
      'hourly_units.time': 'unixtime',
      ...Object.fromEntries(WEATHER_VARIABLES.map(({ name, unit }) => [`hourly_units.${name}`, unit])),
    },
    map: {
      provider: { value: PROVIDER },
      place: '{place.name}',
      observedAt: { path: 'time', time: 'seconds' },
      fetchedAt: '{fetchedAt}',
      ...Object.fromEntries(WEATHER_VARIABLES.map(({ name, field }) => [field, name])),
    },
    key: ['provider', 'place', 'observedAt'],
    past: true,
    rate: { limit: WEIGHT_A_MINUTE, per: '1m', weight },
    waits: { minutely: '1m', hourly: '1h', daily: '1d' },
  });
}

function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname, search, username, password } = new URL(address);
  return search === '' && username === '' && password === '' ? address : `${origin}${pathname}?${REDACTED}`;
}
