/**
 * The demo's weather provider: a loopback server that answers as Open-Meteo's forecast API does, from real recorded
 * hours (config/demo-weather.LICENCE.md). The recording repeats, from its first hour to the present and on: an hour has
 * the recorded values of the hour that lies a whole number of recordings before it, so it has them whenever it is
 * asked for, and at its own time of day. Recorded gaps stay null.
 *
 * It plays the part of the API that forecastUrl() uses, and refuses the rest as the API refuses a wrong parameter.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

export interface WeatherServer {
  /** Such as http://127.0.0.1:40123/v1/forecast */
  readonly endpoint: string;
  /** Requests answered so far, failures included. */
  requests(): number;
  close(): Promise<void>;
}

export interface WeatherServerOptions {
  readonly nowMs: () => number;
  /** Every n-th request is answered 503, as an overloaded Open-Meteo does; never by default. */
  readonly failEvery?: number;
}

interface Recording {
  readonly firstHour: string;
  /** Its length, in whole days. */
  readonly hours: number;
  readonly places: readonly {
    readonly name: string;
    readonly title: string;
    readonly latitude: number;
    readonly longitude: number;
    readonly elevation: number;
    readonly hourly: Readonly<Record<string, readonly (number | null)[]>>;
  }[];
}

type RecordedPlace = Recording['places'][number];

const UNITS: Readonly<Record<string, string>> = {
  temperature_2m: '°C',
  relative_humidity_2m: '%',
  precipitation: 'mm',
  wind_speed_10m: 'km/h',
  pressure_msl: 'hPa',
};

/** Parameters that are taken with one value only. */
const FIXED: Readonly<Record<string, string>> = {
  timezone: 'GMT',
  timeformat: 'unixtime',
  temperature_unit: 'celsius',
  wind_speed_unit: 'kmh',
  precipitation_unit: 'mm',
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PATH = '/v1/forecast';

/** The places of the recording, to ask for. */
export async function recordedPlaces(): Promise<
  readonly { readonly name: string; readonly title: string; readonly latitude: number; readonly longitude: number }[]
> {
  const { places } = await readRecording();
  return places.map(({ name, title, latitude, longitude }) => ({ name, title, latitude, longitude }));
}

/** Listens on 127.0.0.1, at a port that the system chooses. */
export async function startWeatherServer(options: WeatherServerOptions): Promise<WeatherServer> {
  const recording = await readRecording();
  const failEvery = options.failEvery ?? Number.POSITIVE_INFINITY;
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const { status, body } =
      requests % failEvery === 0
        ? refusal(503, 'Service overloaded')
        : url.pathname === PATH
          ? forecast(recording, url.searchParams, options.nowMs())
          : refusal(404, 'Not Found');
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The weather server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}${PATH}`,
    requests: () => requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

async function readRecording(): Promise<Recording> {
  // The folder is as deep below src as it is below dist.
  return JSON.parse(await readFile(new URL('../../../config/demo-weather.json', import.meta.url), 'utf8'));
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function forecast(recording: Recording, query: URLSearchParams, nowMs: number): Answer {
  const latitudes = numbers(query.get('latitude'));
  const longitudes = numbers(query.get('longitude'));
  const names = (query.get('hourly') ?? '').split(',').filter((name) => name !== '');
  const pastDays = Number(query.get('past_days') ?? 0);
  const forecastDays = Number(query.get('forecast_days') ?? 7);
  if (latitudes === null || longitudes === null || latitudes.length !== longitudes.length) {
    return refusal(400, 'Parameters latitude and longitude must be lists of numbers with the same number of elements');
  }
  const unknown = names.find((name) => !Object.hasOwn(UNITS, name));
  if (unknown !== undefined) return refusal(400, `Cannot initialize hourly variable from invalid value ${unknown}`);
  if (!isWithin(pastDays, 92)) return refusal(400, 'Past days is invalid. Allowed range 0 to 92.');
  if (!isWithin(forecastDays, 16)) return refusal(400, 'Forecast days is invalid. Allowed range 0 to 16.');
  for (const [name, only] of Object.entries(FIXED)) {
    const value = query.get(name);
    if (value !== only) return refusal(400, `The demo's weather server knows only ${name}=${only}, not ${value}`);
  }

  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const hours = Array.from({ length: (pastDays + forecastDays) * 24 }, (_, hour) => {
    return (today - pastDays * DAY_MS) / HOUR_MS + hour;
  });
  const locations = latitudes.flatMap((latitude, index) => {
    const place = nearest(recording.places, latitude, longitudes[index] ?? 0);
    return place === undefined ? [] : [locationOf(place, names, hours, recording)];
  });
  return { status: 200, body: locations.length === 1 ? locations[0] : locations };
}

function locationOf(place: RecordedPlace, names: readonly string[], hours: readonly number[], recording: Recording) {
  const firstHour = Date.parse(recording.firstHour) / HOUR_MS;
  const { latitude, longitude, elevation } = place;
  const units: Record<string, string> = { time: 'unixtime' };
  const columns: Record<string, readonly (number | null)[]> = { time: hours.map((hour) => (hour * HOUR_MS) / 1000) };
  for (const name of names) {
    units[name] = UNITS[name] ?? '';
    columns[name] = hours.map((hour) => place.hourly[name]?.[(hour - firstHour) % recording.hours] ?? null);
  }
  return {
    latitude,
    longitude,
    generationtime_ms: 0,
    utc_offset_seconds: 0,
    timezone: 'GMT',
    timezone_abbreviation: 'GMT',
    elevation,
    hourly_units: units,
    hourly: columns,
  };
}

/** Good enough for three airports of one city: degrees as if they were a plane. */
function nearest(places: readonly RecordedPlace[], latitude: number, longitude: number): RecordedPlace | undefined {
  const distance = (place: RecordedPlace) => Math.hypot(place.latitude - latitude, place.longitude - longitude);
  return [...places].sort((a, b) => distance(a) - distance(b))[0];
}

function refusal(status: number, reason: string): Answer {
  return { status, body: { error: true, reason } };
}

function numbers(list: string | null): number[] | null {
  const values = (list ?? '').split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return values.every((value) => Number.isFinite(value)) ? values : null;
}

function isWithin(days: number, max: number): boolean {
  return Number.isInteger(days) && days >= 0 && days <= max;
}
