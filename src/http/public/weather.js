/** The latest weather of each place, with the day's temperatures. A gap is shown as one: nothing is imputed. */
import { byId, h, now, setText, sparkline, time } from './dom.js';

const STALE_MS = 3 * 3_600_000;
let shown = '';

export function renderWeather({ weather }) {
  const text = JSON.stringify(weather.slice(0, 50)) + weather.length;
  if (text === shown) return;
  shown = text;
  const places = new Map();
  for (const row of weather) {
    const key = `${row.place}|${row.provider}`;
    places.set(key, [...(places.get(key) ?? []), row]);
  }
  const cards = [...places.values()]
    .map((rows) => rows.sort((a, b) => b.observed_at - a.observed_at))
    .sort(([a], [b]) => a.place.localeCompare(b.place) || a.provider.localeCompare(b.provider));
  byId('weather-places').replaceChildren(
    ...(cards.length === 0 ? [h('p', { class: 'empty' }, 'No observation so far.')] : cards.map(card)),
  );
  setText(byId('weather-note'), cards.length === 0 ? '' : `${cards.length} ${cards.length === 1 ? 'place' : 'places'}`);
}

function card(rows) {
  // A forecast's hours lie ahead: the latest is the last hour that has come.
  const latest = rows.find((row) => row.observed_at <= now()) ?? rows.at(-1);
  const past = rows
    .filter((row) => row.observed_at <= latest.observed_at)
    .slice(0, 25)
    .reverse();
  const stale = now() - latest.observed_at > STALE_MS;
  const fact = (word, value, unit) =>
    h(
      'div',
      {},
      h('dt', {}, word),
      h('dd', {}, value === null || value === undefined ? 'no value' : `${value} ${unit}`),
    );
  return h(
    'article',
    { class: 'place', id: `weather/${latest.place}` },
    h('header', {}, h('h3', {}, latest.place), h('span', { class: 'muted' }, latest.provider)),
    h(
      'div',
      { class: 'temperature' },
      h(
        'strong',
        {},
        typeof latest.temperature_celsius !== 'number' ? '–' : `${latest.temperature_celsius.toFixed(1)} °C`,
      ),
      sparkline(
        past.map((row) => row.temperature_celsius),
        { width: 110, height: 30, label: `Temperature over the last ${past.length} hours` },
      ),
    ),
    h(
      'dl',
      {},
      fact('humidity', latest.humidity_percent, '%'),
      fact('rain', latest.precipitation_mm, 'mm'),
      fact('wind', latest.wind_speed_kmh, 'km/h'),
      fact('pressure', latest.pressure_hpa, 'hPa'),
    ),
    h(
      'p',
      { class: stale ? 'observed stale' : 'observed muted' },
      stale ? '▲ old: ' : '',
      'observed ',
      time(latest.observed_at),
    ),
  );
}
