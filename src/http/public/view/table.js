/**
 * A table of rows by key. Rows hold still while they are pointed at or focused, only new ones light up, and the one that the
 * address names is marked, or said to be gone.
 */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useHold } from '../core/hold.js';
import { html } from '../core/html.js';
import { useRoute } from '../core/router.js';

/**
 * `columns`: [{ head, cell(row) → markup, number? }]. `idOf(row)` is the row's name in addresses, `section/…`; `filter` is
 * what somebody has typed: when it changes, rows change at once.
 */
export function Table({ shown, rows = shown.value ?? [], columns, keyOf, idOf, ...list }) {
  const draw = (drawn, isNew, lit) => html`<table>
    <caption class="hidden">${list.caption}</caption>
    <thead>
      <tr>
        ${columns.map(({ head, number }) => html`<th scope="col" class=${number ? 'number' : null}>${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${drawn.map((row) => {
        const key = keyOf(row);
        const id = idOf?.(row);
        return html`<tr key=${key} id=${id} class=${rowClass(isNew(key), lit !== '' && id === lit)}>
          ${columns.map(({ cell, number }) => html`<td class=${number ? 'number' : null}>${cell(row)}</td>`)}
        </tr>`;
      })}
    </tbody>
  </table>`;
  return html`<${Rows} ...${list} shown=${shown} rows=${rows} keyOf=${keyOf} idOf=${idOf} draw=${draw} />`;
}

const LIT_MAX = 8;

export const rowClass = (isNew, isLit) => [isNew && 'new', isLit && 'lit'].filter(Boolean).join(' ') || null;

/** Rows of any look that hold still; `draw(rows, isNew(key), lit)` makes the list. */
export function Rows({ shown, rows, keyOf, idOf, draw, caption, empty, filter = '', section, class: more = '' }) {
  const container = useRef(null);
  const held = useHold(container);
  const last = useRef({ rows, filter });
  // By key, whether a row came after the first draw.
  const seen = useRef(null);
  const { hash } = useRoute();
  if (!held || last.current.filter !== filter) last.current = { rows, filter };
  const drawn = unique(last.current.rows, keyOf);
  const before = seen.current;
  useEffect(() => {
    if (shown.status !== 'loading') seen.current = new Map(drawn.map((row) => [keyOf(row), isNew(keyOf(row))]));
  });
  const arrived = before === null ? [] : drawn.map(keyOf).filter((key) => before.get(key) ?? true);
  // When most of it is new nothing stands out, and all of it would flash.
  const lights = new Set(arrived.length <= LIT_MAX ? arrived : []);
  const isNew = (key) => lights.has(key);
  const waiting = held ? newIn(rows, last.current.rows, keyOf) : 0;
  const lit = section !== undefined && hash.startsWith(`${section}/`) ? hash : '';
  const isGone = lit !== '' && shown.status === 'ready' && !drawn.some((row) => idOf(row) === lit);
  useLayoutEffect(() => reveal(lit), [lit, shown.status]);
  return html`${isGone && html`<p class="gone" role="status">▲ ${lit} is not among the newest rows; the export has more.</p>`}
    <div class="held-place">
      <span class="held" aria-hidden="true" hidden=${waiting === 0}>${waiting} new, shown when you leave</span>
      <span class="hidden" role="status">
        ${waiting > 0 && 'There are new rows; they are shown when you leave this list.'}
      </span>
    </div>
    <div ref=${container} class="scroll ${more}" tabindex="0" role="region" aria-label=${caption}>
      ${drawn.length > 0 ? draw(drawn, isNew, lit) : html`<${Nothing} shown=${shown} empty=${empty} />`}
    </div>
    ${drawn.length > 0 && shown.status === 'failed' && html`<${Failure} error=${shown.error} />`}`;
}

function Nothing({ shown: { status, error }, empty }) {
  if (status === 'loading') return html`<p class="empty loading" role="status">Reading …</p>`;
  if (status === 'failed') return html`<${Failure} error=${error} />`;
  return html`<p class="empty">${empty}</p>`;
}

export function Failure({ error }) {
  const more = error.status === 404 ? '' : ' It is asked for again every 5 s.';
  return html`<p class="failed" role="alert">▲ ${error.message}${more}</p>`;
}

function unique(rows, keyOf) {
  const seen = new Set();
  return rows.filter((row) => {
    const key = keyOf(row);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function newIn(rows, shown, keyOf) {
  const old = new Set(shown.map(keyOf));
  return new Set(rows.map(keyOf).filter((key) => !old.has(key))).size;
}

/** Once for an address: a row that is named is brought into view, and a list's item gets the focus. */
function reveal(lit) {
  const row = lit === '' ? null : document.getElementById(lit);
  if (row === null) return;
  row.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  if (row.tabIndex === -1 && !row.contains(document.activeElement)) row.focus({ preventScroll: true });
}
