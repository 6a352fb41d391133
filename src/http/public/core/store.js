/**
 * What the page knows, a value for each source of data. A source says how its value is read, what live events change of it,
 * and when it is read again; it is read while something shows it.
 *
 *   source: { id, read() → value, live?: { kind: (value, data) → value }, again?: { when(kind, data, before), everyMs }, drawMs? }
 *
 * Invariants: an event that comes while a read is on its way is not lost, and what is shown changes at most four times a
 * second, and not at all while the page is held still.
 */
import { useLayoutEffect } from 'preact/hooks';
import { useDraw } from './changes.js';
import { drawAround } from './hold.js';

const DRAW_MS = 250;
const RETRY_MS = 5_000;
const entries = new Map();
const changed = new Set();
let isPaused = false;
let drawTimer = 0;

/** What a source shows now: `status` is loading, ready or failed; a value that was there stays through a failure. */
export function useSource(source) {
  const draw = useDraw();
  const entry = entryOf(source);
  useLayoutEffect(() => watch(entry, draw), [entry]);
  return entry.shown;
}

/** Follows a source without showing it. */
export const follow = (source) => watch(entryOf(source), () => {});

export const known = (source) => entryOf(source).value;

/** Puts in what somebody else has read. */
export function put(source, value) {
  const entry = entryOf(source);
  Object.assign(entry, { value, status: 'ready', isOld: false });
  show(entry, performance.now());
}

/** A live event goes to every source that is shown. */
export function takeEvent(kind, data) {
  for (const entry of entries.values()) {
    if (entry.watchers.size === 0) continue;
    const before = entry.value;
    const { live, again } = entry.source;
    if (live?.[kind] !== undefined) {
      for (const arrived of entry.reading) arrived.push([kind, data]);
      if (before !== undefined) {
        entry.value = live[kind](before, data);
        touch(entry);
      }
    }
    if (again?.when(kind, data, lastOf[kind])) readLater(entry, again.everyMs ?? 3_000);
  }
  lastOf[kind] = data;
}

/** The last event of each kind, so that a source can tell what changed. */
const lastOf = {};

/** What is shown is read anew: the server no longer has what was missed. */
export function readAll() {
  for (const entry of entries.values()) if (entry.watchers.size > 0) read(entry);
}

export function setPaused(paused) {
  isPaused = paused;
  if (!paused) draw();
}

function entryOf(source) {
  const found = entries.get(source.id);
  if (found !== undefined) return found;
  const entry = {
    source,
    value: undefined,
    status: 'loading',
    error: null,
    drawnAt: 0,
    isOld: true,
    reading: new Set(),
  };
  Object.assign(entry, { watchers: new Set(), shown: shownOf(entry), timer: 0 });
  entries.set(source.id, entry);
  return entry;
}

const shownOf = ({ status, value, error }) => ({ status, value, error });

function watch(entry, draw) {
  entry.watchers.add(draw);
  // What was shown before it was left is old, but better than nothing meanwhile.
  if (entry.isOld) read(entry);
  entry.isOld = false;
  return () => {
    entry.watchers.delete(draw);
    if (entry.watchers.size === 0) entry.isOld = true;
  };
}

async function read(entry) {
  clearTimeout(entry.timer);
  entry.timer = 0;
  const arrived = [];
  entry.reading.add(arrived);
  try {
    let value = await entry.source.read();
    for (const [kind, data] of arrived) value = entry.source.live[kind](value, data);
    Object.assign(entry, { value, status: 'ready', error: null });
  } catch (error) {
    Object.assign(entry, { status: 'failed', error });
    // What is not there does not come by asking again and again.
    if (error.status !== 404) readLater(entry, RETRY_MS);
  } finally {
    entry.reading.delete(arrived);
  }
  // The first answer is shown even when the page is held still: one has just gone there.
  if (entry.shown.status === 'loading') show(entry, performance.now());
  else touch(entry);
}

function readLater(entry, afterMs) {
  if (entry.timer !== 0) return;
  entry.timer = setTimeout(() => {
    entry.timer = 0;
    if (entry.watchers.size > 0) read(entry);
  }, afterMs);
}

function touch(entry) {
  changed.add(entry);
  if (isPaused || drawTimer !== 0) return;
  drawTimer = setTimeout(draw, DRAW_MS);
}

function draw() {
  clearTimeout(drawTimer);
  drawTimer = 0;
  if (isPaused) return;
  const at = performance.now();
  const due = [...changed].filter(({ source, drawnAt }) => at - drawnAt >= (source.drawMs ?? 0));
  drawAround(() => {
    for (const entry of due) show(entry, at);
  });
  if (changed.size > 0) drawTimer = setTimeout(draw, DRAW_MS);
}

function show(entry, at) {
  changed.delete(entry);
  entry.drawnAt = at;
  entry.shown = shownOf(entry);
  for (const watcher of entry.watchers) watcher();
}
