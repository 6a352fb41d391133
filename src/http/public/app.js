/**
 * Wires the page: data by GET first, then by the stream; a panel is drawn when its data changed, at most four times a
 * second, and not while the page is held still.
 */
import { renderActors } from './actors.js';
import { renderAlerts } from './alerts.js';
import { isCaseShown, showCase } from './case.js';
import { bindControls, keepRowsInPlace, revealHash } from './controls.js';
import { byId, refreshTimes, setNow, setText } from './dom.js';
import { clock } from './format.js';
import { renderHeadline } from './headline.js';
import { drawAround, isHeld } from './hold.js';
import { openLive } from './live.js';
import { renderRuns } from './runs.js';
import { createStore } from './store.js';
import { renderStreams } from './streams.js';
import { renderCases, renderDeadLetters, renderHistory, renderSessions } from './tables.js';
import { renderTopology } from './topology.js';
import { renderWeather } from './weather.js';
import { forgetCharts, renderWindows } from './windows.js';

const DRAW_EVERY_MS = 250;
/** `everyMs` is for rows that come faster than anybody reads: they would move while one looks where to click. */
const PANELS = [
  { render: renderHeadline, uses: ['overview'] },
  { render: renderTopology, uses: ['overview'] },
  { render: renderWindows, uses: ['results', 'resultCounts'] },
  { render: renderAlerts, uses: ['alerts'] },
  { render: renderCases, uses: ['cases', 'overview'] },
  { render: renderSessions, uses: ['sessions'], everyMs: 1_000 },
  { render: renderActors, uses: ['actors'] },
  { render: renderHistory, uses: ['actorHistory'] },
  { render: renderRuns, uses: ['runs'] },
  { render: renderStreams, uses: ['streams'] },
  { render: renderWeather, uses: ['weather'] },
  { render: renderDeadLetters, uses: ['deadLetters', 'overview'] },
];

const changed = new Set();
/** Panels that have something to draw. */
const waiting = new Set();
let drawTimer = 0;
let paused = false;
let overviewAt = 0;
let loadFailed = false;

const store = createStore((name) => {
  changed.add(name);
  drawSoon();
});

function drawSoon() {
  if (paused || drawTimer !== 0) return;
  drawTimer = setTimeout(() => {
    drawTimer = 0;
    requestAnimationFrame(draw);
  }, DRAW_EVERY_MS);
}

function draw() {
  if (paused) return;
  const at = performance.now();
  for (const panel of PANELS) if (panel.uses.some((name) => changed.has(name))) waiting.add(panel);
  changed.clear();
  const due = [...waiting].filter(({ everyMs = 0, drawnAt = Number.NEGATIVE_INFINITY }) => at - drawnAt >= everyMs);
  for (const panel of due) waiting.delete(panel);
  if (waiting.size > 0) drawSoon();
  drawAround(() => {
    for (const panel of due) {
      panel.drawnAt = at;
      try {
        panel.render(store.state);
      } catch (error) {
        // One row that is not as expected must not stop the other panels.
        console.error(error);
      }
    }
  });
}

function drawAll() {
  for (const name of Object.keys(store.state)) changed.add(name);
  for (const panel of PANELS) panel.drawnAt = undefined;
  draw();
}

/** Tables that the stream does not carry are read again when something says that they changed, but not too often. */
const lastAsked = new Map();
function askAgain(name, everyMs = 3_000) {
  if (lastAsked.has(name)) return;
  lastAsked.set(
    name,
    setTimeout(() => {
      lastAsked.delete(name);
      store.load(name).catch(() => {});
    }, everyMs),
  );
}

function takeOverview(overview) {
  const before = store.state.overview;
  overviewAt = performance.now();
  setNow(overview.now);
  store.set('overview', overview);
  setText(byId('instance'), overview.name);
  if (before !== null && before.deadLetters !== overview.deadLetters) askAgain('deadLetters');
  if (before !== null && before.eventsIn !== overview.eventsIn && store.state.streams.length > 0) askAgain('streams');
  if (before !== null && before.openCases !== overview.openCases) askAgain('cases');
  if (before !== null && before.eventsIn !== overview.eventsIn && hasJoins()) askAgain('results', 10_000);
  if (isCaseShown()) askCaseAgain();
}

/** Live events have no results of joins. */
const hasJoins = () => store.state.results.some(({ kind }) => kind === 'join');

let caseTimer = 0;
function askCaseAgain() {
  if (caseTimer !== 0) return;
  caseTimer = setTimeout(async () => {
    caseTimer = 0;
    if (!paused) await showCase({ isNew: false });
  }, 5_000);
}

function takeEvent(kind, data) {
  if (kind === 'overview') takeOverview(data);
  else if (kind === 'actors') {
    const before = totalRestarts(store.state.actors);
    store.set('actors', data);
    if (before !== totalRestarts(data)) askAgain('actorHistory');
  } else if (kind === 'windows') {
    store.set('resultCounts', { ...store.state.resultCounts, ...data });
  } else {
    const table = { window: 'results', session: 'sessions', alert: 'alerts', run: 'runs' }[kind];
    store.add(table, [...data].reverse());
    if (kind === 'alert') askAgain('cases');
    if (kind === 'run' && data.some((row) => row.state === 'success')) askAgain('weather');
  }
}

function totalRestarts(actor) {
  if (actor === null) return 0;
  return actor.children.reduce((sum, child) => sum + totalRestarts(child), actor.restarts);
}

async function loadAll() {
  try {
    const position = await store.loadAll();
    if (store.state.overview !== null) takeOverview(store.state.overview);
    drawAll();
    if (loadFailed) byId('banner').hidden = true;
    loadFailed = false;
    return position;
  } catch (error) {
    loadFailed = true;
    showBanner('lost', `Some of the data could not be read: ${error.message}. Trying again in 5 s.`);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return loadAll();
  }
}

const CONNECTION = { connecting: ['◌', 'Connecting'], live: ['●', 'Live'], lost: ['▲', 'Reconnecting'] };
let connection = 'connecting';
let lostAt = 0;
let bannerTimer = 0;

function showConnection(next) {
  if (next === connection) return;
  const wasLost = connection === 'lost';
  connection = next;
  const pill = byId('connection');
  pill.dataset.state = next;
  pill.querySelector('.glyph').textContent = CONNECTION[next][0];
  pill.querySelector('.word').textContent = CONNECTION[next][1];
  document.body.classList.toggle('stale', next === 'lost');
  if (next === 'lost') {
    lostAt = Date.now();
    showBanner('lost', `Live updates stopped at ${clock(lostAt)}. Reconnecting; what you see is as of then.`);
  } else if (next === 'live' && wasLost) {
    const seconds = Math.max(1, Math.round((Date.now() - lostAt) / 1_000));
    showBanner('back', `Live updates are back after ${seconds} s; what was missed has been filled in.`, 6_000);
  }
}

function showBanner(kind, text, forMs = 0) {
  clearTimeout(bannerTimer);
  const banner = byId('banner');
  banner.dataset.kind = kind;
  setText(banner, `${kind === 'lost' ? '▲' : '✓'} ${text}`);
  banner.hidden = false;
  if (forMs > 0) bannerTimer = setTimeout(() => (banner.hidden = true), forMs);
}

bindControls({
  onPause: (next) => {
    paused = next;
    if (!paused) drawAll();
  },
  onTheme: () => {
    forgetCharts();
    renderWindows(store.state);
  },
  onFilter: () => {
    renderAlerts(store.state, { force: true });
    renderDeadLetters(store.state, { force: true });
  },
});
function followAddress() {
  const showing = showCase();
  revealHash();
  return showing;
}

const from = await loadAll();
followAddress();
addEventListener('hashchange', followAddress);
keepRowsInPlace(followAddress);
new ResizeObserver(() => {
  if (paused) return;
  renderTopology(store.state);
  renderWindows(store.state);
}).observe(byId('topology-drawing'));
openLive({ from, onEvent: takeEvent, onReset: loadAll, onState: showConnection });
setInterval(() => {
  if (!paused) drawAround(() => refreshTimes(isHeld));
}, 1_000);
// Should the service publish no overview, the page asks for one.
setInterval(async () => {
  if (performance.now() - overviewAt < 5_000 || connection === 'lost') return;
  const answer = await fetch('api/v1/overview').catch(() => null);
  if (answer?.ok) takeOverview(await answer.json());
}, 5_000);
