/**
 * A table that keeps its rows by key: a row that is still there keeps its element, and a cell that says the same keeps its
 * own, so focus, selection and an opened detail survive an update, and only new rows light up. Rows hold still while they
 * are pointed at or focused.
 */
import { h, patchChildren } from './dom.js';
import { holdStill } from './hold.js';

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

  const cellsOf = (row) => columns.map(({ cell, number }) => h('td', { class: number ? 'number' : null }, cell(row)));

  const draw = (rows) => {
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
      if (entry === undefined) {
        const element = h('tr', { id: idOf ? idOf(row) : null, 'data-key': key }, cellsOf(row));
        if (drawn) element.classList.add('new');
        entry = { element, version };
        shown.set(key, entry);
      } else if (entry.version !== version) {
        entry.version = version;
        patchChildren(entry.element, cellsOf(row));
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

  return holdStill(container, draw, (rows) => new Set(rows.map(keyOf).filter((key) => !shown.has(key))).size);
}
