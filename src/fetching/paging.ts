/** Where the next page of an answer is. Each way ends with the page that names no next one. */
import { type JsonPath, valueAt } from './json-path.ts';

export type Paging =
  /** `Link: <…>; rel="next"` (RFC 8288). */
  | { readonly kind: 'link' }
  /** A URL in the answer. */
  | { readonly kind: 'next'; readonly path: JsonPath }
  /** A value in the answer, which a parameter of the next request repeats. */
  | { readonly kind: 'cursor'; readonly path: JsonPath; readonly parameter: string }
  /** Numbers in a parameter, up to a page without rows. */
  | { readonly kind: 'page'; readonly parameter: string; readonly first: number };

export interface Page {
  readonly url: URL;
  readonly parsed: unknown;
  readonly link: string | null;
  readonly rows: number;
}

/** The address of the first page. */
export function firstPage(paging: Paging | null, url: URL): URL {
  if (paging?.kind !== 'page') return url;
  const first = new URL(url);
  first.searchParams.set(paging.parameter, String(paging.first));
  return first;
}

/** The address of the page after this one; null behind the last. A reason when the answer names what is no address. */
export function nextPage(paging: Paging | null, { url, parsed, link, rows }: Page): URL | null | { reason: string } {
  switch (paging?.kind) {
    case undefined:
      return null;
    case 'link':
      return addressed(linkOf(link), url);
    case 'next': {
      const next = valueAt(parsed, paging.path);
      if (next !== undefined && next !== null && typeof next !== 'string') {
        return { reason: `${paging.path.join('.')} is no address of a next page` };
      }
      return addressed(next ?? null, url);
    }
    case 'cursor': {
      const cursor = valueAt(parsed, paging.path);
      if (cursor === undefined || cursor === null || cursor === '' || cursor === false) return null;
      if (typeof cursor !== 'string' && typeof cursor !== 'number') {
        return { reason: `${paging.path.join('.')} is no cursor: neither a text nor a number` };
      }
      return withParameter(url, paging.parameter, String(cursor));
    }
    case 'page': {
      if (rows === 0) return null;
      const current = Number(url.searchParams.get(paging.parameter));
      return withParameter(url, paging.parameter, String(current + 1));
    }
  }
}

function withParameter(url: URL, parameter: string, value: string): URL {
  const next = new URL(url);
  next.searchParams.set(parameter, value);
  return next;
}

function addressed(next: string | null, base: URL): URL | null | { reason: string } {
  if (next === null || next === '') return null;
  return URL.canParse(next, base.href) ? new URL(next, base) : { reason: 'The address of the next page is no URL' };
}

/** The target of the first link that is `rel=next`. */
function linkOf(header: string | null): string | null {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(parameters)) return target;
  }
  return null;
}
