/** The keyboard: a key for what one does often, and a list of them. */
import { useEffect, useRef } from 'preact/hooks';
import { html } from '../core/html.js';
import { toggleTheme } from './theme.js';

const KEYS = [
  [['/'], 'filter what the page shows'],
  [['j', 'k'], 'next, previous item of a list'],
  [['1', '…', '9'], 'go to a page'],
  [['p'], 'hold the page still, and go on'],
  [['t'], 'dark or light'],
  [['?'], 'this help'],
];

export function Shortcuts({ togglePause }) {
  const dialog = useRef(null);
  useEffect(() => {
    const help = dialog.current;
    const heard = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
      if (event.target.closest?.('input, select, textarea')) {
        if (event.key === 'Escape') event.target.blur();
        return;
      }
      const action = actionOf(event.key, togglePause, () => help.showModal());
      if (action === null) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, [togglePause]);
  return html`<button type="button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick=${() => dialog.current.showModal()}>?</button>
    <dialog ref=${dialog} aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Keyboard</h2>
      <dl>
        ${KEYS.map(([keys, what]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`)}
      </dl>
      <form method="dialog"><button type="submit">Close</button></form>
    </dialog>`;
}

function actionOf(key, togglePause, showHelp) {
  if (key === '/') return () => document.querySelector('main input[type=search]')?.focus();
  if (key === 'p') return togglePause;
  if (key === 't') return toggleTheme;
  if (key === '?') return showHelp;
  if (key === 'j') return () => moveItem(1);
  if (key === 'k') return () => moveItem(-1);
  if (/^[1-9]$/.test(key)) return () => document.querySelectorAll('nav a')[Number(key) - 1]?.click();
  return null;
}

function moveItem(by) {
  const items = [...document.querySelectorAll('main .feed > [tabindex]')];
  const at = items.indexOf(document.activeElement?.closest('.feed > [tabindex]'));
  const next = items[at === -1 ? 0 : Math.max(0, Math.min(items.length - 1, at + by))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}
