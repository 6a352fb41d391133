/** `npm run docs [-- FOLDER]`: writes the documentation as a site, dist/site by default. Exit code 1 for a link that is broken. */
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { brokenLinks } from './broken-links.ts';
import { chapters, ROOT, readPage } from './pages.ts';
import { referenceChapter, referencePages } from './reference-pages.ts';
import { addressOf, renderPage } from './render.ts';
import { searchIndex } from './search-index.ts';

const target = resolve(process.argv[2] ?? join(ROOT, 'dist/site'));
const generated = await referencePages();
const contents = [...chapters(), referenceChapter(generated)];
const written = contents
  .flatMap(({ entries }) => entries.map(({ path }) => path))
  .filter((path) => !generated.some((page) => page.path === path));
const pages = [...['README.md', ...new Set(written)].map((path) => readPage(path)), ...generated];
const broken = brokenLinks(pages);
for (const link of broken) process.stderr.write(`broken link: ${link}\n`);

rmSync(target, { recursive: true, force: true });
const paths = new Set(pages.map(({ path }) => path));
for (const page of pages) put(addressOf(page.path), renderPage(page, contents, paths));
put('search.json', searchIndex(pages));
for (const name of ['site.css', 'search.js']) copyFileSync(join(ROOT, 'scripts/docs/site', name), join(target, name));
copyFileSync(join(ROOT, 'node_modules/minisearch/dist/es/index.js'), join(target, 'minisearch.js'));
cpSync(join(ROOT, 'docs'), target, { recursive: true, filter: (path) => !path.endsWith('.md') });
process.stdout.write(`wrote ${pages.length} pages to ${target}\n`);
process.exitCode = broken.length === 0 ? 0 : 1;

function put(address: string, text: string): void {
  const path = join(target, address);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
