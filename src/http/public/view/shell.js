/** What stands around every page: the header, the way to the other pages, and the page that the address names. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { useRoute } from '../core/router.js';
import { setPaused } from '../core/store.js';
import { Banner, Pill } from './connection.js';
import { Bounded } from './frame.js';
import { lazily } from './lazy.js';
import { Shortcuts } from './shortcuts.js';
import { toggleTheme, useTheme } from './theme.js';

const Who = lazily(() => import('./who.js'));
const GROUPS = [
  ['flow', 'Data'],
  ['domain', null],
  ['service', 'Service'],
];

export function Shell({ pipeline, pages, panels }) {
  const route = useRoute();
  const [paused, pause] = useState(false);
  const togglePause = useCallback(
    () =>
      pause((was) => {
        setPaused(!was);
        return !was;
      }),
    [],
  );
  return html`<a class="skip" href="#main">Skip to the page</a>
    <header class="top">
      <a class="brand" href=${served('/')}>
        <img src=${served('/assets/http/public/icon.svg')} alt="" width="22" height="22" />
        <strong>Millrace</strong><span class="muted instance" title=${pipeline.name}>${pipeline.name}</span>
      </a>
      <div class="controls">
        ${pipeline.hasTokens && html`<${Who} />`}
        <${Pill} />
        <button type="button" id="pause" aria-pressed=${String(paused)} title="Hold the page still (p)" onClick=${togglePause}>
          ${paused ? 'Go on' : 'Pause'}
        </button>
        <${ThemeButton} />
        <${Shortcuts} togglePause=${togglePause} />
      </div>
    </header>
    <${Banner} />
    <div class="columns">
      <${Navigation} pages=${pages} here=${route.page} />
      <main id="main"><${Page} key=${location.pathname} route=${route} pipeline=${pipeline} panels=${panels} /></main>
    </div>
    <footer class="muted">
      ${'All times are UTC. '}<a href=${served('/metrics')}>Metrics</a>${' · '}<a href=${served('/openapi.json')}>OpenAPI</a>${' · '}<a
        href=${served('/readyz')}>Readiness</a>
    </footer>`;
}

function ThemeButton() {
  const theme = useTheme();
  return html`<button type="button" title="Switch between dark and light (t)" onClick=${toggleTheme}>
    ${theme === 'dark' ? '☀ Light' : '☾ Dark'}
  </button>`;
}

function Navigation({ pages, here }) {
  const list = useRef(null);
  // On a narrow page they stand in a row that is longer than the page is wide.
  useEffect(() => {
    const current = list.current.querySelector('[aria-current]');
    if (current !== null) list.current.scrollLeft = current.offsetLeft - list.current.clientWidth / 3;
  }, [here]);
  const listed = pages.filter(({ nav }) => nav !== undefined);
  const isHere = (page) => here === page || (here !== undefined && here.under === page.address);
  return html`<nav ref=${list} aria-label="Pages">
    ${GROUPS.map(([group, word]) => {
      const own = listed.filter(({ nav }) => nav.group === group).sort((a, b) => a.nav.order - b.nav.order);
      if (own.length === 0) return null;
      return html`${word !== null && html`<p class="group">${word}</p>`}<ul key=${group}>
        ${own.map(
          (page) => html`<li key=${page.address}>
            <a href=${served(page.address)} aria-current=${isHere(page) ? 'page' : null}>${page.title}</a>
          </li>`,
        )}
      </ul>`;
    })}
  </nav>`;
}

/** The panels that stand on a page, in their order. The heading has the focus after one has gone to the page. */
function Page({ route, pipeline, panels }) {
  const { page, params } = route;
  const heading = useRef(null);
  const name = page === undefined ? 'Nothing here' : (page.titleOf?.(params) ?? page.title);
  useEffect(() => {
    document.title = `${name} · ${pipeline.name} · Millrace`;
    if (isFirst || route.hash !== '') isFirst = false;
    else {
      scrollTo({ top: 0, behavior: 'instant' });
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  if (page === undefined) {
    return html`<div class="page-head"><h1 ref=${heading} tabindex="-1">Nothing here</h1></div>
      <p class="panel wide" role="alert">
        There is no page at this address. <a href=${served('/')}>Go to the overview</a>
      </p>`;
  }
  const here = (panel) => ({ ...panel, ...panel.on[page.address] });
  const own = panels
    .filter(({ on }) => page.address in on)
    .map(here)
    .sort((a, b) => a.order - b.order);
  const besides = own.some(({ width }) => width === 'side');
  const isIn = (column) => (panel) => (besides ? (panel.width ?? 'wide') : 'wide') === column;
  const drawn = (column) =>
    own
      .filter(isIn(column))
      .map((panel) => html`<${Bounded} key=${panel.id} panel=${panel} params=${params} pipeline=${pipeline} />`);
  return html`<div class="page-head">
      ${page.under !== undefined && html`<a class="up" href=${served(page.under)}>‹ ${page.underTitle}</a>`}
      <h1 ref=${heading} tabindex="-1" class=${page.isTitleHidden ? 'hidden' : null}>${name}</h1>
    </div>
    <div class="stack">
      ${drawn('wide')}
      ${besides && html`<div class="beside"><div class="stack">${drawn('main')}</div><div class="stack">${drawn('side')}</div></div>`}
    </div>`;
}

let isFirst = true;
