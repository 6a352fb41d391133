/** Links of the documentation that lead nowhere: a file that is not there, or a heading that its page does not have. */
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { marked } from 'marked';
import { type DocumentPage, headingsOf, linksOf, ROOT } from './pages.ts';

/** Each as "PAGE: LINK". Addresses of other sites are not asked. */
export function brokenLinks(pages: readonly DocumentPage[]): string[] {
  const anchors = new Map(
    pages.map(({ path, markdown }) => [path, new Set(headingsOf(markdown).map(({ slug }) => slug))]),
  );
  return pages.flatMap(({ path, markdown }) =>
    linksOf(marked.lexer(markdown))
      .map(({ href }) => href)
      .filter((href) => !/^[a-z]+:/.test(href) && !leadsSomewhere(path, href, anchors))
      .map((href) => `${path}: ${href}`),
  );
}

function leadsSomewhere(from: string, href: string, anchors: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const [file = '', anchor] = href.split('#');
  const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), file));
  const headings = anchors.get(path);
  if (headings === undefined) return anchor === undefined && existsSync(`${ROOT}${path}`);
  return anchor === undefined || headings.has(anchor);
}
