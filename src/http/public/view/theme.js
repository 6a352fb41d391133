/** Dark or light: the system's choice until somebody makes one, which lasts. */
import { createChanges } from '../core/changes.js';

const system = matchMedia('(prefers-color-scheme: dark)');
const { changed, useChanges } = createChanges();

export function useTheme() {
  useChanges();
  return isDark() ? 'dark' : 'light';
}

export function toggleTheme() {
  const next = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem('millrace-theme', next);
  } catch {
    // Storage is off: the choice holds until the page closes.
  }
  changed();
}

system.addEventListener('change', changed);

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? system.matches : theme === 'dark';
}
