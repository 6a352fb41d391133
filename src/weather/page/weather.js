/** The latest weather of each place, with the day's temperatures. A gap is shown as one: nothing is imputed. */
import { now } from '../../http/public/core/clock.js';
import { amount } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { useSource } from '../../http/public/core/store.js';
import { tableSource } from '../../http/public/core/tables.js';
import { Exports, Frame } from '../../http/public/view/frame.js';
import { Sparkline, Time } from '../../http/public/view/marks.js';
import { Rows } from '../../http/public/view/table.js';

export const weatherPanel = { id: 'weather', title: 'Observations', on: { '/weather': { order: 10 } }, view: Weather };

const STALE_MS = 3 * 3_600_000;
const HOURS = 25;

const source = tableSource({
  id: 'weather',
  keep: 1_000,
  ask: 500,
  key: (row) => `${row.provider}|${row.place}|${row.observed_at}`,
  again: { when: (kind, data) => kind === 'run' && data.some(({ state }) => state === 'success') },
});

function Weather({ panel }) {
  const shown = useSource(source);
  const places = [...Map.groupBy(shown.value ?? [], (row) => `${row.place}|${row.provider}`).entries()]
    .map(([key, rows]) => ({ key, rows: [...rows].sort((a, b) => b.observed_at - a.observed_at) }))
    .sort((a, b) => a.key.localeCompare(b.key));
  const note = places.length === 0 ? '' : amount(places.length, 'place');
  const cards = (drawn) =>
    html`<div class="places">${drawn.map(({ key, rows }) => html`<${Place} key=${key} rows=${rows} />`)}</div>`;
  return html`<${Frame} panel=${panel} note=${note} tools=${html`<${Exports} path="/api/v1/weather" name="weather" />`}>
    <${Rows} caption="The latest weather of each place" empty="No observation so far." shown=${shown} rows=${places} keyOf=${({ key }) => key} draw=${cards} class="page-long" />
  <//>`;
}

function Place({ rows }) {
  // A forecast's hours lie ahead: the latest is the last hour that has come.
  const latest = rows.find((row) => row.observed_at <= now()) ?? rows.at(-1);
  const past = rows
    .filter((row) => row.observed_at <= latest.observed_at)
    .slice(0, HOURS)
    .reverse();
  const isStale = now() - latest.observed_at > STALE_MS;
  const celsius = latest.temperature_celsius;
  return html`<article class="place" id="weather/${latest.place}">
    <header><h3>${latest.place}</h3><span class="muted">${latest.provider}</span></header>
    <div class="temperature">
      <strong>${typeof celsius === 'number' ? `${celsius.toFixed(1)} °C` : '–'}</strong>
      <${Sparkline} values=${past.map((row) => row.temperature_celsius)} width=${110} height=${30} label="Temperature over the last ${past.length} hours" />
    </div>
    <dl>
      <${Fact} word="humidity" value=${latest.humidity_percent} unit="%" />
      <${Fact} word="rain" value=${latest.precipitation_mm} unit="mm" />
      <${Fact} word="wind" value=${latest.wind_speed_kmh} unit="km/h" />
      <${Fact} word="pressure" value=${latest.pressure_hpa} unit="hPa" />
    </dl>
    <p class=${isStale ? 'observed stale' : 'observed muted'}>${isStale && '▲ old: '}observed <${Time} at=${latest.observed_at} /></p>
  </article>`;
}

function Fact({ word, value, unit }) {
  return html`<div><dt>${word}</dt><dd>${value === null || value === undefined ? 'no value' : `${value} ${unit}`}</dd></div>`;
}
