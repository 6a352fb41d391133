/** How the live events go, as the header and the banner say it. */
import { createChanges } from '../core/changes.js';
import { now } from '../core/clock.js';
import { clock } from '../core/format.js';
import { html } from '../core/html.js';

const BACK_MS = 6_000;
const LOOKS = { connecting: ['◌', 'Connecting'], live: ['●', 'Live'], lost: ['▲', 'Reconnecting'] };
const { changed, useChanges } = createChanges();
let state = 'connecting';
let lostAt = 0;
let words = null;
let timer = 0;

export function setConnection(next) {
  if (next === state) return;
  const wasLost = state === 'lost';
  state = next;
  clearTimeout(timer);
  if (next === 'lost') {
    // By the clock that every other time of the page is by.
    lostAt = now();
    words = `Live updates stopped at ${clock(lostAt)}. Reconnecting; what you see is as of then.`;
  } else if (next === 'live' && wasLost) {
    const seconds = Math.max(1, Math.round((now() - lostAt) / 1_000));
    words = `Live updates are back after ${seconds} s; what was missed has been filled in.`;
    timer = setTimeout(() => {
      words = null;
      changed();
    }, BACK_MS);
  }
  document.body.classList.toggle('stale', next === 'lost');
  changed();
}

export function Pill() {
  useChanges();
  const [glyph, word] = LOOKS[state];
  return html`<span id="connection" class="pill" data-state=${state}>
    <span aria-hidden="true">${glyph}</span><span>${word}</span>
  </span>`;
}

export function Banner() {
  useChanges();
  const kind = state === 'lost' ? 'lost' : 'back';
  return html`<div id="banner" role="status" aria-live="polite" data-kind=${kind} hidden=${words === null}>
    ${words !== null && `${kind === 'lost' ? '▲' : '✓'} ${words}`}
  </div>`;
}
