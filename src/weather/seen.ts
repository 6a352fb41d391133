/**
 * Remembers a provider's observations, so that fetching them again brings no event. An observation is new when its place
 * and hour are new, or when a value was revised. The memory is bounded: the place and hour touched longest ago is forgotten
 * first, and forgetting costs a repeated event, never a lost one.
 *
 * It is rebuilt from the log by remembering each WeatherObservation in order.
 */
import type { WeatherObservation } from './observation.ts';
import { WEATHER_VARIABLES } from './variables.ts';

export interface Seen {
  readonly bound: number;
  /** Values by provider, place and hour, in the order in which they were last touched. */
  readonly values: Map<string, string>;
}

export function nothingSeen(bound: number): Seen {
  return { bound, values: new Map() };
}

/**
 * The observations that say something new. When several have the same place and hour, the last one counts; otherwise a
 * provider that repeats an hour would contradict itself anew in each answer. Changes nothing: remember() follows once they
 * are durable.
 */
export function unseen(seen: Seen, observations: readonly WeatherObservation[]): WeatherObservation[] {
  const lastOf = new Map(observations.map((observation) => [keyOf(observation), observation]));
  return [...lastOf].flatMap(([key, last]) => (seen.values.get(key) === valuesOf(last) ? [] : [last]));
}

export function remember(seen: Seen, observations: readonly WeatherObservation[]): void {
  for (const observation of observations) {
    const key = keyOf(observation);
    seen.values.delete(key);
    seen.values.set(key, valuesOf(observation));
  }
  for (const key of seen.values.keys()) {
    if (seen.values.size <= seen.bound) return;
    seen.values.delete(key);
  }
}

function keyOf({ provider, place, observedAt }: WeatherObservation): string {
  return JSON.stringify([provider, place, observedAt]);
}

function valuesOf(observation: WeatherObservation): string {
  return JSON.stringify(WEATHER_VARIABLES.map(({ field }) => observation[field]));
}
