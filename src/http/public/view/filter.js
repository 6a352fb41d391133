/** A field that filters rows by words, each of which a row must have somewhere. */
import { html } from '../core/html.js';

export const Filter = ({ label, value, onText, placeholder = 'Filter ( / )', size = 14 }) =>
  html`<label>
    <span class="hidden">${label}</span>
    <input type="search" size=${size} placeholder=${placeholder} value=${value} onInput=${(event) => onText(event.target.value)} />
  </label>`;

export function matching(rows, text) {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const all = Object.values(row).join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
