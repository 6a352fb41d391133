/** What the site's search finds: each heading of each page with the words below it. */
import { marked, type Token } from 'marked';
import MiniSearch from 'minisearch';
import type { DocumentPage } from './pages.ts';
import { headingsOf } from './pages.ts';
import { addressOf } from './render.ts';

/** scripts/docs/site/search.js reads the index with the same fields. */
const SEARCH_FIELDS = { fields: ['heading', 'text'], storeFields: ['page', 'heading', 'address'] };

export function searchIndex(pages: readonly DocumentPage[]): string {
  const index = new MiniSearch(SEARCH_FIELDS);
  index.addAll(pages.flatMap(sectionsOf));
  return JSON.stringify(index);
}

function sectionsOf({ path, title, markdown }: DocumentPage) {
  const slugs = headingsOf(markdown);
  const sections: { id: string; page: string; heading: string; address: string; text: string }[] = [];
  for (const token of marked.lexer(markdown)) {
    if (token.type === 'heading') {
      const { slug = '', text = '' } = slugs.shift() ?? {};
      const address = `${addressOf(path)}#${slug}`;
      sections.push({ id: address, page: title, heading: text.replaceAll('`', ''), address, text: '' });
    }
    const section = sections.at(-1);
    if (section !== undefined) section.text += ` ${wordsOf(token)}`;
  }
  return sections;
}

function wordsOf(token: Token): string {
  return token.raw.replaceAll(/[`|*#]|\]\([^)]*\)/g, ' ');
}
