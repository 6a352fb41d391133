/** Elements, times and sparklines. Text goes in as text nodes only, so nothing that a stream carries becomes markup. */
import { relative } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const clockState = { skewMs: 0 };

export const byId = (id) => document.getElementById(id);

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Changes the text only if it differs: no needless layout, and a screen reader is not told the same again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element's children those given, and leaves alone what is the same already: focus in it stays. */
export function patchChildren(element, children) {
  const wanted = children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
  wanted.forEach((child, i) => {
    const known = element.childNodes[i];
    if (known === undefined) element.append(child);
    else if (!known.isEqualNode(child)) known.replaceWith(child);
  });
  while (element.childNodes.length > wanted.length) element.lastChild.remove();
}

/** The service's clock, as its last overview told it. */
export const now = () => Date.now() + clockState.skewMs;

export function setNow(serverNow) {
  const skew = serverNow - Date.now();
  if (Math.abs(skew - clockState.skewMs) > 500) clockState.skewMs = skew;
}

export function time(at) {
  if (typeof at !== 'number') return h('span', { class: 'muted' }, '–');
  const iso = new Date(at).toISOString();
  return h('time', { datetime: iso, title: iso, 'data-at': at }, relative(at, now()));
}

/** `isStill` says which elements are to stay as they are. */
export function refreshTimes(isStill) {
  for (const element of document.querySelectorAll('time[data-at]')) {
    // A word that grows moves what stands beside it.
    if (!isStill(element)) setText(element, relative(Number(element.dataset.at), now()));
  }
}

export function sparkline(values, { width = 96, height = 22, label = '' } = {}) {
  const known = values.filter((value) => typeof value === 'number');
  const svg = s('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  if (known.length < 2) return svg;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const points = values.flatMap((value, index) => {
    if (typeof value !== 'number') return [];
    const x = (index / (values.length - 1)) * (width - 2) + 1;
    return [`${x.toFixed(1)},${(height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)}`];
  });
  const [firstX] = points[0].split(',');
  const [lastX] = points.at(-1).split(',');
  svg.append(
    s('polygon', { points: `${firstX},${height} ${points.join(' ')} ${lastX},${height}` }),
    s('polyline', { points: points.join(' ') }),
  );
  return svg;
}

/** A bar from 0 to 1, for eyes; the number beside it is for everybody. */
export function bar(ratio, level = '') {
  const inner = h('i');
  inner.style.width = `${Math.round(Math.max(0, Math.min(1, ratio)) * 100)}%`;
  return h('span', { class: 'bar', 'data-level': level, 'aria-hidden': 'true' }, inner);
}

const STATES = [
  [/fail|escalat|dead|error/i, 'bad', '✕'],
  [/retry|restart|backoff|degrad|block|behind|paus/i, 'warn', '▲'],
  [/recover|replay|load|start|connect|drain|opening|queued|waiting/i, 'busy', '◐'],
  [/stop|cancel|skip|done|closed|expired/i, 'off', '■'],
  [/success/i, 'good', '✓'],
];

/** How a state looks: a level for colour, and a glyph that says the same without it. */
export function stateLook(state) {
  const found = STATES.find(([pattern]) => pattern.test(state));
  return found ? { level: found[1], glyph: found[2] } : { level: 'good', glyph: '●' };
}

export function stateMark(state) {
  const { level, glyph } = stateLook(state);
  return h('span', { class: 'state', 'data-level': level }, h('span', { 'aria-hidden': 'true' }, glyph), ` ${state}`);
}
