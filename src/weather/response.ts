/**
 * Reads Open-Meteo's answer as observations. Columns become rows. A place is recognised by its index in the request, never
 * by the echoed coordinates, which are the grid cell's. A null stays null; an unexpected unit or shape is an error.
 *
 * Only hours up to `fetchedAt` become observations. Later hours are a forecast, and are left out.
 */
import { parseJson } from '../fetching/answer.ts';
import { isRecord } from '../fetching/json-path.ts';
import type { WeatherObservation } from './observation.ts';
import type { Place } from './place.ts';
import type { WeatherVariable } from './variables.ts';

export type WeatherAnswer =
  | { readonly kind: 'observations'; readonly observations: WeatherObservation[] }
  /** Worth asking again: the stream broke off, or the provider said to wait. */
  | { readonly kind: 'retryable'; readonly reason: string }
  /** Asking again gives the same: a wrong request, or the API changed. */
  | { readonly kind: 'permanent'; readonly reason: string };

export interface WeatherQuestion {
  readonly provider: string;
  readonly places: readonly Place[];
  readonly variables: readonly WeatherVariable[];
  readonly fetchedAt: number;
}

/** Reads the body of a 200. */
export function readForecast(body: string, question: WeatherQuestion): WeatherAnswer {
  const parsed = parseJson(body);
  // A failure after the headers left is written as text into the body of a 200.
  if (parsed === undefined) return { kind: 'retryable', reason: `The answer is not JSON: ${excerpt(body)}` };
  const reason = errorReason(parsed);
  if (reason !== null) return { kind: 'permanent', reason: `The provider answered: ${reason}` };

  const locations: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const { places } = question;
  if (locations.length !== places.length) {
    return { kind: 'permanent', reason: `Asked for ${places.length} places, got ${locations.length}` };
  }
  const observations: WeatherObservation[] = [];
  for (const [index, place] of places.entries()) {
    const problem = readLocation(locations[index], place.name, question, observations);
    if (problem !== null) return { kind: 'permanent', reason: `${place.name} (index ${index}): ${problem}` };
  }
  return { kind: 'observations', observations };
}

/** The `reason` of an error body, `{"error": true, "reason": …}`; null when it is none. */
export function errorReason(parsed: unknown): string | null {
  if (!isRecord(parsed) || parsed.error !== true) return null;
  return typeof parsed.reason === 'string' ? parsed.reason : 'an error without a reason';
}

function excerpt(text: string): string {
  return text.length <= 80 ? `"${text}"` : `"…${text.slice(-80)}" (the last 80 of ${text.length} characters)`;
}

/** Adds a location's rows to `into`. Returns what is wrong with it, or null. */
function readLocation(
  location: unknown,
  place: string,
  { provider, variables, fetchedAt }: WeatherQuestion,
  into: WeatherObservation[],
): string | null {
  if (!isRecord(location) || !isRecord(location.hourly) || !isRecord(location.hourly_units)) {
    return 'it has no hourly and hourly_units';
  }
  const times = readTimes(location.hourly.time, location.hourly_units.time, location.utc_offset_seconds);
  if (typeof times === 'string') return times;
  const columns: { field: WeatherVariable['field']; values: readonly (number | null)[] }[] = [];
  for (const { name, unit, field } of variables) {
    if (location.hourly_units[name] !== unit) {
      return `${name} is in ${JSON.stringify(location.hourly_units[name])}, expected "${unit}"`;
    }
    const values = location.hourly[name];
    if (!isColumn(values)) return `${name} is not a list of numbers and nulls`;
    if (values.length !== times.length) return `${name} has ${values.length} values for ${times.length} hours`;
    columns.push({ field, values });
  }
  for (const [hour, observedAt] of times.entries()) {
    if (observedAt > fetchedAt) continue;
    const observation = emptyObservation(provider, place, observedAt, fetchedAt);
    for (const { field, values } of columns) observation[field] = finite(values[hour]);
    into.push(observation);
  }
  return null;
}

/** Epoch milliseconds of the hours, or what is wrong with them. */
function readTimes(times: unknown, unit: unknown, offsetSeconds: unknown): number[] | string {
  if (!Array.isArray(times)) return 'hourly.time is not a list';
  const instants: number[] = [];
  for (const time of times) {
    const instant = unit === 'unixtime' ? seconds(time) : unit === 'iso8601' ? local(time, offsetSeconds) : Number.NaN;
    if (!Number.isSafeInteger(instant)) return `hourly.time holds ${JSON.stringify(time)} in ${JSON.stringify(unit)}`;
    instants.push(instant);
  }
  return instants;
}

function seconds(time: unknown): number {
  return typeof time === 'number' ? time * 1000 : Number.NaN;
}

/** Reads a local time with the response's one offset, which holds for the whole series. */
function local(time: unknown, offsetSeconds: unknown): number {
  if (typeof time !== 'string' || typeof offsetSeconds !== 'number') return Number.NaN;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(time) ? Date.parse(`${time}Z`) - offsetSeconds * 1000 : Number.NaN;
}

function emptyObservation(provider: string, place: string, observedAt: number, fetchedAt: number): WeatherObservation {
  return {
    provider,
    place,
    observedAt,
    fetchedAt,
    temperatureCelsius: null,
    humidityPercent: null,
    precipitationMm: null,
    windSpeedKmh: null,
    pressureHpa: null,
  };
}

function isColumn(values: unknown): values is readonly (number | null)[] {
  return Array.isArray(values) && values.every((value) => value === null || typeof value === 'number');
}

/** A number that is not finite, such as 1e999, is null, as everywhere. */
function finite(value: number | null | undefined): number | null {
  return Number.isFinite(value) ? (value ?? null) : null;
}
