/**
 * What of a provider's observations was seen before: one is news when its place and hour are new, or when a value was
 * revised. The memory is bounded.
 */
import { type KnownValues, nothingKnown } from '../fetching/known-values.ts';
import { WEATHER_VARIABLES } from './variables.ts';

/** Rebuilt from the log by remembering each WeatherObservation in order. */
export function nothingSeen(bound: number): KnownValues {
  const values = WEATHER_VARIABLES.map(({ field }) => field);
  return nothingKnown(['provider', 'place', 'observedAt'], values, bound);
}
