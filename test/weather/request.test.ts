import { expect, test } from 'vitest';
import { forecastUrl } from '../../src/weather/request.ts';

const newark = { name: 'EWR', latitude: 40.6925, longitude: -74.1687 };
const kennedy = { name: 'JFK', latitude: 40.6398, longitude: -73.7789 };
const request = {
  endpoint: 'https://api.open-meteo.com/v1/forecast',
  places: [newark, kennedy],
  pastDays: 2,
  forecastDays: 1,
};

// Parameter names and values as documented at https://open-meteo.com/en/docs.
test('one request asks for every place in order, in GMT, epoch seconds and named units', () => {
  const url = forecastUrl(request);
  expect(url.origin + url.pathname).toBe('https://api.open-meteo.com/v1/forecast');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    latitude: '40.6925,40.6398',
    longitude: '-74.1687,-73.7789',
    hourly: 'temperature_2m,relative_humidity_2m,precipitation,wind_speed_10m,pressure_msl',
    past_days: '2',
    forecast_days: '1',
    timezone: 'GMT',
    timeformat: 'unixtime',
    temperature_unit: 'celsius',
    wind_speed_unit: 'kmh',
    precipitation_unit: 'mm',
  });
});

test('what the endpoint has of its own stays in the request', () => {
  const url = forecastUrl({ ...request, endpoint: 'https://customer-api.open-meteo.com/v1/forecast?apikey=k1' });
  expect(url.searchParams.get('apikey')).toBe('k1');
  expect(url.searchParams.get('timezone')).toBe('GMT');
});

test.each([
  ['no place', { places: [] }, /1 to 1000 places, not 0/],
  [
    'more places than a call may name',
    { places: Array.from({ length: 1001 }, (_, i) => ({ ...newark, name: `p${i}` })) },
    /not 1001/,
  ],
  ['two places of one name', { places: [newark, newark] }, /same name/],
  ['a latitude off the globe', { places: [{ ...newark, latitude: 91 }] }, /EWR lies at latitude 91/],
  ['too many past days', { pastDays: 93 }, /0 to 92 past days, not 93/],
  ['too many forecast days', { forecastDays: 17 }, /0 to 16 forecast days, not 17/],
])('a request with %s is refused before it is sent', (_, change, message) => {
  expect(() => forecastUrl({ ...request, ...change })).toThrow(message);
});
