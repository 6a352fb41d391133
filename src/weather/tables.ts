/** The table of weather observations; a later fetch of the same hour takes the place of an earlier one when it is read. */

import { type Table, tableOf } from '../projections/table.ts';
import { weatherObservationType } from './observation.ts';

const MEASURES = ['temperature_celsius', 'humidity_percent', 'precipitation_mm', 'wind_speed_kmh', 'pressure_hpa'];

const weather = tableOf(weatherObservationType, {
  name: 'weather',
  label: 'Weather',
  store: 'duckdb',
  key: null,
  columns: [
    { name: 'provider', kind: 'text', from: 'provider' },
    { name: 'place', kind: 'text', from: 'place' },
    { name: 'observed_at', kind: 'instant', from: 'observedAt' },
    { name: 'fetched_at', kind: 'instant', from: 'fetchedAt', isState: false },
    { name: 'temperature_celsius', kind: 'double', from: 'temperatureCelsius', nullable: true },
    { name: 'humidity_percent', kind: 'double', from: 'humidityPercent', nullable: true },
    { name: 'precipitation_mm', kind: 'double', from: 'precipitationMm', nullable: true },
    { name: 'wind_speed_kmh', kind: 'double', from: 'windSpeedKmh', nullable: true },
    { name: 'pressure_hpa', kind: 'double', from: 'pressureHpa', nullable: true },
  ],
  counts: { as: 'events' },
  read: {
    path: 'weather',
    columns: ['provider', 'place', 'observed_at', ...MEASURES],
    newest: 'observed_at',
    thenBy: 'place',
    only: { of: ['provider', 'place', 'observed_at'], by: 'fetched_at' },
  },
});

export const WEATHER_TABLES: readonly Table[] = [weather];
