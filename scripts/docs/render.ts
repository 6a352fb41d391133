/** A page of the site as HTML: the Markdown, the chapters beside it, and a field that searches all pages. */
import { posix } from 'node:path';
import { Marked } from 'marked';
import { type Chapter, type DocumentPage, headingsOf } from './pages.ts';

/** Where a page stands in the site: the README is its start. */
export function addressOf(path: string): string {
  return path === 'README.md' ? 'index.html' : path.replace(/^docs\//, '').replace(/\.md$/, '.html');
}

export function renderPage(page: DocumentPage, contents: readonly Chapter[], paths: ReadonlySet<string>): string {
  const here = addressOf(page.path);
  const up = posix.relative(posix.dirname(here), '.') || '.';
  const nav = contents
    .map(({ title, entries }) => `<h2>${escaped(title)}</h2><ul>${entries.map(item).join('')}</ul>`)
    .join('\n');
  function item({ path, name }: Chapter['entries'][number]): string {
    const current = path === page.path ? ' aria-current="page"' : '';
    return `<li><a href="${relative(here, addressOf(path))}"${current}>${escaped(name)}</a></li>`;
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)} · Millrace</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}/site.css">
<script type="module" src="${up}/search.js"></script>
</head>
<body data-up="${up}">
<a class="skip" href="#content">To the text</a>
<header><a href="${relative(here, 'index.html')}">Millrace</a>
<search><label for="search">Search</label> <input id="search" type="search" autocomplete="off">
<ol id="found" aria-live="polite"></ol></search></header>
<nav aria-label="Pages">
${nav}
</nav>
<main id="content">
${body(page, paths)}
</main>
</body>
</html>
`;
}

/** Links to pages lead to their places in the site, links to other files of the repository to their names alone. */
function body({ path, markdown }: DocumentPage, paths: ReadonlySet<string>): string {
  const slugs = headingsOf(markdown).map(({ slug }) => slug);
  const here = addressOf(path);
  const writer = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const slug = slugs.shift() ?? '';
        return `<h${depth} id="${slug}">${this.parser.parseInline(tokens)} <a class="anchor" href="#${slug}" aria-label="Link to this heading">#</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const [file = '', anchor] = href.split('#');
        if (/^[a-z]+:/.test(href) || file === '') return `<a href="${escaped(href)}">${text}</a>`;
        const target = posix.normalize(posix.join(posix.dirname(path), file));
        if (!paths.has(target)) return `<code>${escaped(target)}</code>`;
        return `<a href="${relative(here, addressOf(target))}${anchor === undefined ? '' : `#${anchor}`}">${text}</a>`;
      },
      image({ href, text }) {
        const target = posix.normalize(posix.join(posix.dirname(path), href));
        return `<img src="${relative(here, target.replace(/^docs\//, ''))}" alt="${escaped(text)}" loading="lazy">`;
      },
      table(token) {
        const cells = (row: typeof token.header, tag: string) =>
          row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('');
        const rows = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
        return `<div class="wide" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${cells(token.header, 'th')}</tr></thead><tbody>\n${rows}\n</tbody></table></div>\n`;
      },
    },
  });
  return writer.parse(markdown, { async: false });
}

function relative(from: string, to: string): string {
  return posix.relative(posix.dirname(from), to);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
