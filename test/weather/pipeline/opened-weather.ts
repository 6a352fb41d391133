/** Attempts of Open-Meteo's fetch, alone: what a log gets of them. */
import type { FetchHost } from '../../../src/sources/fetch-adapter.ts';
import type { StepOutcome } from '../../../src/steps/step.ts';
import type { WeatherObservation } from '../../../src/weather/observation.ts';
import { openMeteoFetch } from '../../../src/weather/pipeline/open-meteo.ts';
import { attemptContext } from '../../steps/attempt-context.ts';
import { weatherHost } from '../../steps/fetch-host.ts';

const EWR = { name: 'EWR', latitude: 40.7, longitude: -74.2 };

interface Attempted {
  readonly outcome: StepOutcome;
  readonly delivered: readonly WeatherObservation[];
}

/** Each call is an attempt, whose rows are published at once. */
export function openedWeather(
  settings: { readonly url?: string; readonly places?: readonly object[] | string; readonly pastDays?: number },
  host: Partial<FetchHost>,
): () => Promise<StepOutcome & Pick<Attempted, 'delivered'>> {
  const delivered: unknown[] = [];
  const own = weatherHost({ deliver: async (_, events) => void delivered.push(...events), ...host });
  const given = { kind: 'openMeteo', url: 'demo', places: [EWR], pastDays: 0, ...settings };
  const step = openMeteoFetch.open(given, own);
  return async () => {
    delivered.length = 0;
    const outcome = await step?.attempt(attemptContext(), new AbortController().signal);
    if (outcome === undefined) throw new Error('It fetches nothing');
    if (outcome.kind === 'done') await outcome.publish?.();
    return { ...outcome, delivered: delivered.filter(isObservation) };
  };
}

function isObservation(value: unknown): value is WeatherObservation {
  return typeof value === 'object' && value !== null && 'observedAt' in value;
}

/** Throws when the attempt did not bring them. */
export function observationsOf(attempted: StepOutcome & Pick<Attempted, 'delivered'>): readonly WeatherObservation[] {
  if (attempted.kind !== 'done') throw new Error(attempted.reason);
  return attempted.delivered;
}
