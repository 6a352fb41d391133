import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remember, unknownOf as unseen } from '../../src/fetching/known-values.ts';
import type { WeatherObservation } from '../../src/weather/observation.ts';
import { nothingSeen } from '../../src/weather/seen.ts';

function observation(place: string, hour: number, change: Partial<WeatherObservation> = {}): WeatherObservation {
  return {
    provider: 'open-meteo',
    place,
    observedAt: hour * 3_600_000,
    fetchedAt: 0,
    temperatureCelsius: 20,
    humidityPercent: null,
    precipitationMm: 0,
    windSpeedKmh: 3,
    pressureHpa: 1013,
    ...change,
  };
}

describe('observations that were seen', () => {
  test('are not new when fetched again later with the same values', () => {
    const seen = nothingSeen(10);
    remember(seen, [observation('EWR', 1)]);
    expect(unseen(seen, [observation('EWR', 1, { fetchedAt: 999 })])).toEqual([]);
  });

  test('are one a place and hour when an answer repeats the hour, and not new the next time', () => {
    const seen = nothingSeen(10);
    const answer = [observation('EWR', 1, { temperatureCelsius: 1 }), observation('EWR', 1, { temperatureCelsius: 2 })];
    expect(unseen(seen, answer)).toEqual(answer.slice(1));
    remember(seen, unseen(seen, answer));
    expect(unseen(seen, answer)).toEqual([]);
  });

  test('are new for another place, hour or provider, and when a value was revised or became known', () => {
    const seen = nothingSeen(10);
    remember(seen, [observation('EWR', 1)]);
    const fresh = [
      observation('JFK', 1),
      observation('EWR', 2),
      observation('EWR', 1, { provider: 'other' }),
      observation('EWR', 1, { temperatureCelsius: 20.1 }),
      observation('EWR', 1, { humidityPercent: 50 }),
      observation('EWR', 1, { precipitationMm: null }),
    ];
    for (const one of fresh) expect(unseen(seen, [one])).toEqual([one]);
  });

  test('are not remembered by asking: only what was delivered is', () => {
    const seen = nothingSeen(10);
    unseen(seen, [observation('EWR', 1)]);
    expect(unseen(seen, [observation('EWR', 1)])).toHaveLength(1);
  });

  test('never take more than the bound, and those touched longest ago are forgotten first', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
        (bound, hours) => {
          const seen = nothingSeen(bound);
          for (const hour of hours) remember(seen, [observation('EWR', hour)]);
          const kept = [...new Set(hours.toReversed())].slice(0, bound);
          expect(seen.known.size).toBe(kept.length);
          expect(
            unseen(
              seen,
              kept.map((hour) => observation('EWR', hour)),
            ),
          ).toEqual([]);
        },
      ),
    );
  });
});
