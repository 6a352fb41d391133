/**
 * The hourly variables that are fetched: Open-Meteo's name, the unit that is asked for and expected back, and the
 * field of WeatherObservation that takes the value. Precipitation is the sum of the preceding hour; the others are
 * of the instant.
 */
import type { WeatherObservation } from './observation.ts';

export type WeatherField = Exclude<keyof WeatherObservation, 'provider' | 'place' | 'observedAt' | 'fetchedAt'>;

export interface WeatherVariable {
  readonly name: string;
  readonly unit: string;
  readonly field: WeatherField;
}

export const WEATHER_VARIABLES: readonly WeatherVariable[] = [
  { name: 'temperature_2m', unit: '°C', field: 'temperatureCelsius' },
  { name: 'relative_humidity_2m', unit: '%', field: 'humidityPercent' },
  { name: 'precipitation', unit: 'mm', field: 'precipitationMm' },
  { name: 'wind_speed_10m', unit: 'km/h', field: 'windSpeedKmh' },
  { name: 'pressure_msl', unit: 'hPa', field: 'pressureHpa' },
];
