/**
 * Starts the page: what the pipeline declares says which pages and panels there are; then come the overview, the page that
 * the address names, and the live events.
 */
import { h, render } from 'preact';
import { OWN } from './contribution.js';
import { setNow } from './core/clock.js';
import { contribute, contributed } from './core/contributions.js';
import { openLive } from './core/live.js';
import { ask, getJson } from './core/place.js';
import { startRouter } from './core/router.js';
import { overviewSource } from './core/sources.js';
import { follow, known, put, readAll, takeEvent } from './core/store.js';
import { setConnection } from './view/connection.js';
import { Shell } from './view/shell.js';

const KINDS = ['overview', 'actors', 'window', 'windows', 'run'];
const QUIET_MS = 5_000;
let overviewAt = 0;

function take(kind, data) {
  if (kind === 'overview') {
    overviewAt = performance.now();
    setNow(data.now);
  }
  takeEvent(kind, data);
}

/** Tries until the service answers: one opens the page while it starts. */
async function insisted(read) {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      document.getElementById('starting').textContent = `▲ ${error.message} Trying again …`;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
}

const pipeline = await insisted(() => getJson('/api/v1/pipeline'));
contribute(OWN);
const [pages, panels, figures] = ['pages', 'panels', 'figures'].map((sort) => contributed(sort, pipeline));
const answer = await insisted(() => ask('/api/v1/overview'));
const overview = await answer.json();
put(overviewSource, overview);
follow(overviewSource);
take('overview', overview);
// The browser resolves it again at each address.
const icon = document.querySelector('link[rel=icon]');
icon.setAttribute('href', icon.href);
startRouter(pages);
document.body.replaceChildren();
render(h(Shell, { pipeline: { ...pipeline, figures }, pages, panels }), document.body);

openLive({
  from: answer.headers.get('x-event-id'),
  kinds: [...KINDS, ...contributed('kinds', pipeline)],
  onEvent: take,
  onState: setConnection,
  async onReset() {
    // Another process may run another pipeline.
    const now = await getJson('/api/v1/pipeline').catch(() => pipeline);
    if (JSON.stringify(now) === JSON.stringify(pipeline)) readAll();
    else location.reload();
  },
});
// Should the service publish no overview, the page asks for one.
setInterval(async () => {
  if (performance.now() - overviewAt < QUIET_MS) return;
  const quiet = await getJson('/api/v1/overview').catch(() => null);
  if (quiet !== null && quiet.now !== known(overviewSource)?.now) take('overview', quiet);
}, QUIET_MS);
