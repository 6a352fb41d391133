/** Theme, pause, keyboard, and links that lead to a row. */
import { caseInAddress } from './case.js';
import { byId, h } from './dom.js';
import { caseHref } from './format.js';

let announced = null;

export function bindControls({ onPause, onTheme, onFilter }) {
  const pause = byId('pause');
  const setPaused = (paused) => {
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    onPause(paused);
  };
  const togglePause = () => setPaused(pause.getAttribute('aria-pressed') !== 'true');
  pause.addEventListener('click', togglePause);

  const toggleTheme = () => {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem('millrace-theme', next);
    } catch {
      // Storage is off: the choice holds until the page closes.
    }
    labelTheme();
    onTheme();
  };
  byId('theme').addEventListener('click', toggleTheme);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    labelTheme();
    onTheme();
  });
  labelTheme();

  for (const id of ['alerts-severity', 'alerts-filter', 'dead-letters-filter']) {
    byId(id).addEventListener('input', onFilter);
  }
  const help = byId('shortcuts');
  byId('help').addEventListener('click', () => help.showModal());
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.closest?.('input, select, textarea')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const action = shortcut(event.key, { togglePause, toggleTheme, help });
    if (action === null) return;
    event.preventDefault();
    action();
  });
}

function shortcut(key, { togglePause, toggleTheme, help }) {
  if (key === '/') return () => byId('alerts-filter').focus();
  if (key === 'p') return togglePause;
  if (key === 't') return toggleTheme;
  if (key === '?') return () => help.showModal();
  if (key === 'j') return () => moveAlert(1);
  if (key === 'k') return () => moveAlert(-1);
  if (/^[1-9]$/.test(key)) return () => document.querySelectorAll('nav a')[Number(key) - 1]?.click();
  return null;
}

function moveAlert(by) {
  const alerts = [...document.querySelectorAll('#alerts-feed > .alert')];
  const at = alerts.indexOf(document.activeElement?.closest('.alert'));
  const next = alerts[at === -1 ? 0 : Math.max(0, Math.min(alerts.length - 1, at + by))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
}

function labelTheme() {
  byId('theme').textContent = isDark() ? '☀ Light' : '☾ Dark';
}

/**
 * A row's link to itself takes its address without a jump: the browser would scroll to what is in front of one's eyes, and
 * move every other row with it.
 */
export function keepRowsInPlace(onAddress) {
  addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const row = link?.closest('[id]:not(a)');
    if (!row || nameIn(link.hash) !== row.id || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    onAddress();
  });
}

function nameIn(hash) {
  const name = hash.slice(1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A row that the link names is shown and lit; one that is no longer among the newest is said to be gone. */
export function revealHash() {
  announced?.remove();
  announced = null;
  for (const lit of document.querySelectorAll('.lit')) lit.classList.remove('lit');
  const id = nameIn(location.hash);
  if (!id.includes('/') || caseInAddress() !== null) return;
  const row = byId(id);
  if (row !== null) {
    row.classList.add('lit');
    row.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    if (row.tabIndex === -1) row.focus({ preventScroll: true });
    return;
  }
  // An address of before cases had one of their own, and a case that is not among the newest.
  if (id.startsWith('cases/')) {
    location.replace(caseHref(id.slice('cases/'.length)));
    return;
  }
  const section = byId(id.slice(0, id.indexOf('/')));
  if (section === null) return;
  announced = h('p', { class: 'gone', role: 'status' }, `▲ ${id} is not among the newest rows; the export has more.`);
  section.querySelector('header').after(announced);
  section.scrollIntoView();
}
