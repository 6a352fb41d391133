/** The pages of the documentation: the README, docs/ in the order of docs/README.md, and those that the code gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { marked, type Token } from 'marked';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const INDEX = 'docs/README.md';
const RUNBOOKS = 'docs/runbooks/';

export interface DocumentPage {
  /** From the top of the repository. */
  readonly path: string;
  readonly title: string;
  readonly markdown: string;
}

export interface Chapter {
  readonly title: string;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly path: string;
  /** Its name in the index, shorter than its own title. */
  readonly name: string;
}

export interface Heading {
  readonly text: string;
  readonly depth: number;
  /** The anchor, as GitHub makes it. */
  readonly slug: string;
}

/** The chapters that the index has: its headings, with the pages that are linked below each. Runbooks are one of their own. */
export function chapters(): Chapter[] {
  return [...listedChapters(), { title: 'Runbooks', entries: runbooks() }];
}

function runbooks(): Entry[] {
  return readdirSync(`${ROOT}${RUNBOOKS}`).map((name) => ({
    path: `${RUNBOOKS}${name}`,
    name: name.replace(/^Millrace|\.md$/g, ''),
  }));
}

function listedChapters(): Chapter[] {
  const found: { title: string; entries: Entry[] }[] = [];
  for (const token of marked.lexer(readFileSync(`${ROOT}${INDEX}`, 'utf8'))) {
    if (token.type === 'heading' && token.depth === 2) found.push({ title: token.text, entries: [] });
    const linked = linksOf([token]).filter(({ href }) => /^[^:]+\.md$/.test(href));
    found
      .at(-1)
      ?.entries.push(
        ...linked.map(({ href, text }) => ({ path: posix.normalize(posix.join('docs', href)), name: text })),
      );
  }
  return found;
}

export function readPage(path: string, markdown = readFileSync(`${ROOT}${path}`, 'utf8')): DocumentPage {
  return { path, title: headingsOf(markdown)[0]?.text ?? path, markdown };
}

export function linksOf(tokens: readonly Token[]): { readonly href: string; readonly text: string }[] {
  const links: { href: string; text: string }[] = [];
  marked.walkTokens([...tokens], (token) => {
    if (token.type === 'link' || token.type === 'image') links.push({ href: token.href, text: token.text });
  });
  return links;
}

/** A heading that stands twice has a number behind its second anchor. */
export function headingsOf(markdown: string): Heading[] {
  const seen = new Map<string, number>();
  return marked.lexer(markdown).flatMap((token): Heading[] => {
    if (token.type !== 'heading') return [];
    const slug = slugOf(token.text);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return [{ text: token.text, depth: token.depth, slug: times === 0 ? slug : `${slug}-${times}` }];
  });
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
