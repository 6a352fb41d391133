/**
 * The request to Open-Meteo's forecast API: all places in one call, hourly columns, GMT and epoch seconds, and the
 * units named although they are the defaults. Limits as documented at open-meteo.com/en/docs.
 */
import type { Place } from './place.ts';
import { WEATHER_VARIABLES } from './variables.ts';

export interface ForecastRequest {
  /** Such as https://api.open-meteo.com/v1/forecast */
  readonly endpoint: string;
  readonly places: readonly Place[];
  /** Whole days before today that the answer covers: what a run can still catch after downtime. */
  readonly pastDays: number;
  readonly forecastDays: number;
}

const MAX_PLACES = 1000;
const MAX_PAST_DAYS = 92;
const MAX_FORECAST_DAYS = 16;

/** Throws when the request is one that the API refuses. */
export function forecastUrl(request: ForecastRequest): URL {
  const { places, pastDays, forecastDays } = request;
  const refusal = refusalOf(request);
  if (refusal !== null) throw new Error(`This is no request for weather: ${refusal}`);
  const url = new URL(request.endpoint);
  // Parameters of the endpoint itself, such as an API key, stay.
  for (const [name, value] of Object.entries({
    latitude: places.map((place) => place.latitude).join(','),
    longitude: places.map((place) => place.longitude).join(','),
    hourly: WEATHER_VARIABLES.map((variable) => variable.name).join(','),
    past_days: String(pastDays),
    forecast_days: String(forecastDays),
    timezone: 'GMT',
    timeformat: 'unixtime',
    temperature_unit: 'celsius',
    wind_speed_unit: 'kmh',
    precipitation_unit: 'mm',
  })) {
    url.searchParams.set(name, value);
  }
  return url;
}

function refusalOf({ places, pastDays, forecastDays }: ForecastRequest): string | null {
  if (places.length === 0 || places.length > MAX_PLACES) return `1 to ${MAX_PLACES} places, not ${places.length}`;
  const names = new Set(places.map((place) => place.name));
  if (names.size < places.length) return 'two places have the same name';
  for (const { name, latitude, longitude } of places) {
    if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) {
      return `${name} lies at latitude ${latitude}, longitude ${longitude}`;
    }
  }
  if (!isWithin(pastDays, MAX_PAST_DAYS)) return `0 to ${MAX_PAST_DAYS} past days, not ${pastDays}`;
  if (!isWithin(forecastDays, MAX_FORECAST_DAYS)) return `0 to ${MAX_FORECAST_DAYS} forecast days, not ${forecastDays}`;
  return null;
}

function isWithin(days: number, max: number): boolean {
  return Number.isInteger(days) && days >= 0 && days <= max;
}
