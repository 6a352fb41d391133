/** The documentation holds together: its links lead somewhere, its index has every page, its reference what the code has. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { brokenLinks } from '../../scripts/docs/broken-links.ts';
import { chapters, headingsOf, readPage } from '../../scripts/docs/pages.ts';
import { commandsText } from '../../scripts/docs/reference/commands.ts';
import { configText } from '../../scripts/docs/reference/config.ts';
import { metricsText } from '../../scripts/docs/reference/metrics.ts';
import { tablesText } from '../../scripts/docs/reference/tables.ts';
import { searchIndex } from '../../scripts/docs/search-index.ts';
import { COMMANDS } from '../../src/command-list.ts';
import { SECTIONS } from '../../src/config/sections.ts';
import { METRICS } from '../../src/http/metric-table.ts';
import { TABLES } from '../../src/tables.ts';

const written = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', ...written].map((path) => readPage(path));

test('every link of the documentation leads to a file and a heading that are there', () => {
  expect(brokenLinks(pages)).toEqual([]);
  const planted = readPage(
    'docs/x.md',
    '# X\n\n[a](jobs.md#no-such) [b](none.md) [c](#y) [d](#x) ![e](../src/none.png)\n',
  );
  expect(brokenLinks([...pages, planted])).toEqual([
    'docs/x.md: jobs.md#no-such',
    'docs/x.md: none.md',
    'docs/x.md: #y',
    'docs/x.md: ../src/none.png',
  ]);
});

test('the index of the documentation has each page once', () => {
  const listed = chapters().flatMap(({ entries }) => entries.map(({ path }) => path));
  expect([...listed].sort()).toEqual(written.filter((path) => path !== 'docs/README.md').sort());
});

test('the reference has every command, section, metric and table', async () => {
  const commands = headingsOf(await commandsText()).map(({ text }) => text);
  expect(commands).toEqual(Object.keys(COMMANDS));
  expect(
    headingsOf(configText())
      .map(({ text }) => text)
      .sort(),
  ).toEqual(SECTIONS.map(({ key }) => key).sort());
  const metrics = metricsText();
  expect(Object.keys(METRICS).filter((name) => !metrics.includes(`\`millrace_${name}\``))).toEqual([]);
  const tables = headingsOf(tablesText()).map(({ text }) => text);
  expect(tables).toEqual(TABLES.map(({ name }) => name).sort());
});

test('a heading that stands twice has two anchors, as GitHub makes them', () => {
  const slugs = headingsOf('# A `b.c`\n\n## For people from X\n\n## For people from X\n').map(({ slug }) => slug);
  expect(slugs).toEqual(['a-bc', 'for-people-from-x', 'for-people-from-x-1']);
});

test('the index of the search has every section of every page', () => {
  const index: { documentCount: number } = JSON.parse(searchIndex(pages));
  const headings = pages.flatMap(({ markdown }) => headingsOf(markdown));
  expect(index.documentCount).toBe(headings.length);
  expect(readFileSync('scripts/docs/site/search.js', 'utf8')).toContain("fields: ['heading', 'text']");
});
