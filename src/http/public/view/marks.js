/** Small marks: times, states, bars, sparklines. What a colour says, a glyph or a word says too. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { now, onTick } from '../core/clock.js';
import { relative, shortened } from '../core/format.js';
import { isHeld } from '../core/hold.js';
import { html } from '../core/html.js';

export function Time({ at }) {
  if (typeof at !== 'number') return html`<span class="muted">–</span>`;
  return html`<${Since} key=${at} at=${at} />`;
}

function Since({ at }) {
  const element = useRef(null);
  const [, setText] = useState('');
  useEffect(
    () =>
      onTick(() => {
        // A word that grows moves what stands beside it.
        if (!isHeld(element.current)) setText(relative(at, now()));
      }),
    [at],
  );
  const iso = new Date(at).toISOString();
  return html`<time ref=${element} datetime=${iso} title=${iso}>${relative(at, now())}</time>`;
}

export const Muted = ({ children }) => html`<span class="muted">${children}</span>`;

/** A value of any length in a cell: cut off, and whole in its title. */
export function Short({ value }) {
  if (value === null || value === undefined) return html`<${Muted}>–<//>`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const cut = shortened(text);
  return cut === null ? text : html`<span title=${text}>${cut}</span>`;
}

/** A bar from 0 to 1, for eyes; the number beside it is for everybody. */
export function Bar({ ratio, level = '' }) {
  const width = `${Math.round(Math.max(0, Math.min(1, ratio)) * 100)}%`;
  return html`<span class="bar" data-level=${level} aria-hidden="true"><i style=${{ width }} /></span>`;
}

const STATES = [
  [/fail|escalat|dead|error/i, 'bad', '✕'],
  [/retry|restart|backoff|degrad|block|behind|paus|stall/i, 'warn', '▲'],
  [/recover|replay|load|start|connect|drain|opening|queued|waiting/i, 'busy', '◐'],
  [/stop|cancel|skip|done|closed|expired/i, 'off', '■'],
  [/success/i, 'good', '✓'],
];

/** How a state looks: a level for colour, and a glyph that says the same without it. */
export function stateLook(state) {
  const found = STATES.find(([pattern]) => pattern.test(state));
  return found === undefined ? { level: 'good', glyph: '●' } : { level: found[1], glyph: found[2] };
}

export function State({ state }) {
  const { level, glyph } = stateLook(state);
  return html`<span class="state" data-level=${level}><span aria-hidden="true">${glyph}</span> ${state}</span>`;
}

export function Sparkline({ values, width = 96, height = 22, label = '' }) {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length < 2) return html`<svg class="spark" viewBox="0 0 ${width} ${height}" aria-hidden="true" />`;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const points = values.flatMap((value, i) => {
    if (typeof value !== 'number') return [];
    const x = (i / (values.length - 1)) * (width - 2) + 1;
    return [`${x.toFixed(1)},${(height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)}`];
  });
  const [[firstX], [lastX]] = [points[0].split(','), points.at(-1).split(',')];
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" role="img" aria-label=${label} preserveAspectRatio="none">
    <polygon points="${firstX},${height} ${points.join(' ')} ${lastX},${height}" />
    <polyline points=${points.join(' ')} />
  </svg>`;
}
