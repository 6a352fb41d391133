/** Cells of rows whose columns are known by name and kind only. */
import { html } from '../core/html.js';
import { Short, Time } from './marks.js';

const NUMBERS = ['int', 'long', 'double'];

export function columnOf({ name, kind }) {
  if (kind === 'instant') return { head: name, cell: (row) => html`<${Instant} at=${row[name]} />` };
  return { head: name, number: NUMBERS.includes(kind), cell: (row) => html`<${Short} value=${textOf(row[name])} />` };
}

const Instant = ({ at }) => (typeof at === 'number' ? html`<${Time} at=${at} />` : html`<${Short} value=${at} />`);

const textOf = (value) => (value === null || value === undefined ? null : String(value));
