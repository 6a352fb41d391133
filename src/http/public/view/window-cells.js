/** Cells of results: the span of a window, its key, its aggregates. */
import { clock, exact, minute, money, parsed, stamp } from '../core/format.js';
import { html } from '../core/html.js';
import { Muted, Short } from './marks.js';

const DAY_MS = 86_400_000;
const isDay = (at) => at % DAY_MS === 0;

/** With the day where windows are of days, and the second where they are not of whole minutes. */
export function spanOf({ start_at: start, end_at: end }) {
  const day = (at) => stamp(at).slice(0, 10);
  if (isDay(start) && isDay(end)) return `${day(start)}${end - start === DAY_MS ? '' : ` – ${day(end)}`}`;
  const part = start % 60_000 === 0 && end % 60_000 === 0 ? minute : clock;
  return `${part(start)} – ${part(end)}`;
}

export const spanTitle = (row) => `${new Date(row.start_at).toISOString()} – ${new Date(row.end_at).toISOString()}`;

export function KeyCell({ value, field }) {
  if (value !== null) return html`<${Short} value=${value} />`;
  return html`<${Muted}>${field === null ? '(all)' : 'null'}<//>`;
}

export function revisionOf({ revision }) {
  if (revision === 0) return 'on time';
  return revision > 0 ? `↻ ${revision}, corrected` : 'early';
}

/** `text` is the JSON of a row's aggregates. */
export function Aggregates({ text }) {
  return Object.entries(parsed(text) ?? {}).map(
    ([name, value]) =>
      html`<span class="pair"><span class="muted">${name}</span> <${Aggregate} name=${name} value=${value} /></span>`,
  );
}

function Aggregate({ name, value }) {
  if (typeof value === 'number') return /cents/i.test(name) ? money(value) : exact(value);
  return html`<${Short} value=${value} />`;
}
