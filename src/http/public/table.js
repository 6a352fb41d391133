/**
 * A table that keeps its rows by key: a row that is still there keeps its element, so focus, selection and an opened
 * detail survive an update, and only new rows light up.
 */
import { h } from './dom.js';

/** columns: [{ head, cell(row) → node or text, number? }] */
export function createTable(container, { caption, columns, keyOf, idOf, versionOf = JSON.stringify, empty }) {
  const body = h('tbody');
  const heads = columns.map(({ head, number }) => h('th', { scope: 'col', class: number ? 'number' : null }, head));
  const table = h('table', {}, h('caption', { class: 'hidden' }, caption), h('thead', {}, h('tr', {}, heads)), body);
  const nothing = h('p', { class: 'empty' }, empty);
  container.replaceChildren(nothing, table);
  container.tabIndex = 0;
  container.setAttribute('role', 'region');
  container.setAttribute('aria-label', caption);
  const shown = new Map();
  let drawn = false;

  const build = (row, key) => {
    const cells = columns.map(({ cell, number }) => h('td', { class: number ? 'number' : null }, cell(row)));
    return h('tr', { id: idOf ? idOf(row) : null, 'data-key': key }, cells);
  };

  return (rows) => {
    nothing.hidden = rows.length > 0;
    table.hidden = rows.length === 0;
    const seen = new Set();
    let place = body.firstChild;
    for (const row of rows) {
      const key = keyOf(row);
      if (seen.has(key)) continue;
      seen.add(key);
      const version = versionOf(row);
      let entry = shown.get(key);
      if (entry === undefined || entry.version !== version) {
        const element = build(row, key);
        if (entry === undefined && drawn) element.classList.add('new');
        if (entry !== undefined) {
          if (place === entry.element) place = element;
          entry.element.replaceWith(element);
        }
        entry = { element, version };
        shown.set(key, entry);
      }
      if (place === entry.element) place = place.nextSibling;
      else body.insertBefore(entry.element, place);
    }
    for (const [key, { element }] of shown) {
      if (seen.has(key)) continue;
      element.remove();
      shown.delete(key);
    }
    drawn = true;
  };
}
