/**
 * Addresses of pages, by the History API. A page's address is a pattern such as `/cases/:id`; a hash names a row on it. Every
 * link to a page stays in the document, any other one is the browser's.
 */
import { createChanges } from './changes.js';
import { addressOf, served } from './place.js';

const { changed, useChanges } = createChanges();
let pages = [];

/** Starts to answer links and the browser's buttons. */
export function startRouter(allPages) {
  pages = allPages;
  followOldAddress();
  addEventListener('popstate', changed);
  addEventListener('hashchange', () => {
    followOldAddress();
    changed();
  });
  document.addEventListener('click', followLink);
}

/** `{ page, params, hash, query }`; the page is undefined when the address is of none. */
export function useRoute() {
  useChanges();
  return { ...match(location.pathname), hash: decoded(location.hash.slice(1)), query: location.search };
}

/** The address of a page for a link: `to('/cases', id)`. */
export const to = (address, ...parts) => served([address, ...parts.map(encodeURIComponent)].join('/'));

/** Says in the address what is asked for, without a new step in the browser's history. */
export function setQuery(values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''));
  const text = query.size === 0 ? '' : `?${query}`;
  history.replaceState(null, '', location.pathname + text + location.hash);
}

function go(href) {
  history.pushState(null, '', href);
  changed();
}

function match(pathname) {
  const address = addressOf(pathname);
  if (address === null) return { page: undefined, params: {} };
  const parts = address.split('/');
  for (const page of pages) {
    const params = matchParts(page.address.split('/'), parts);
    if (params !== null) return { page, params };
  }
  return { page: undefined, params: {} };
}

function matchParts(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  const params = {};
  for (const [i, part] of pattern.entries()) {
    if (part.startsWith(':') && parts[i] !== '') params[part.slice(1)] = decoded(parts[i]);
    else if (part !== parts[i]) return null;
  }
  return params;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function followLink(event) {
  const link = event.target.closest?.('a[href]');
  if (!link || event.defaultPrevented || event.button !== 0 || link.target !== '' || link.hasAttribute('download'))
    return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || match(url.pathname).page === undefined) return;
  event.preventDefault();
  // A row's link to itself moves nothing: the browser would scroll to what is in front of one's eyes.
  if (link.href !== location.href) go(link.href);
}

/** Addresses from when everything was one page: `#/cases/ID`, `#cases/ID`, `#alerts/ID`, `#windows`. */
function followOldAddress() {
  if (addressOf(location.pathname) !== '/' || location.hash === '') return;
  const [, section, rest] = /^#\/?([\w-]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  const page = pages.find(({ was }) => was?.includes(section));
  if (page === undefined) return;
  const inDetail = rest !== undefined && page.wasDetail === section;
  const address = inDetail ? `/${section}/${rest}` : page.address;
  history.replaceState(
    null,
    '',
    served(address) + (rest === undefined || inDetail ? '' : location.hash.replace('#/', '#')),
  );
}
