/** The site of the documentation, built by its command and read in a browser. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, visit } from './browser.ts';
import { temporaryDirectory } from './millrace.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
};

const folder = temporaryDirectory();
let built: ReturnType<typeof spawnSync>;
let server: Server;
let browser: Browser;
let url = '';

beforeAll(async () => {
  built = spawnSync('node', ['--import', 'tsx', 'scripts/docs/build.ts', folder], { encoding: 'utf8' });
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://site').pathname;
    response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain');
    try {
      response.end(readFileSync(join(folder, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = JSON.parse(JSON.stringify(server.address()));
  url = `http://127.0.0.1:${port}`;
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
});

test('is written without a broken link, and is found by its search', async () => {
  expect(built.stderr).toBe('');
  expect(built.status).toBe(0);
  const { page, complaints } = await visit(browser, `${url}/index.html`);
  await page.getByRole('navigation').getByRole('link', { name: 'Jobs', exact: true }).click();
  expect(await page.locator('h1').first().textContent()).toContain('Jobs');
  // From a page below a folder, a heading of another.
  await page.goto(`${url}/from/flink.html`);
  await page.getByLabel('Search').fill('watermark');
  await page.locator('#found a').first().waitFor();
  await page.getByLabel('Search').press('Enter');
  await page.waitForURL(/#/);
  expect(await page.locator('main').textContent()).toMatch(/watermark/i);
  expect(complaints).toEqual([]);
});

test('has a reference of the running code: a key, a path, a metric', async () => {
  const { page } = await visit(browser, `${url}/reference/config.html`);
  expect(await page.getByRole('cell', { name: 'http.port', exact: true }).count()).toBe(1);
  await page.goto(`${url}/reference/api.html`);
  expect(await page.getByRole('cell', { name: 'GET /api/v1/overview', exact: true }).count()).toBe(1);
  await page.goto(`${url}/reference/metrics.html`);
  expect(await page.getByRole('cell', { name: 'millrace_commits_total', exact: true }).count()).toBe(1);
  // Nothing is wider than a telephone, but for what scrolls by itself.
  await page.setViewportSize({ width: 390, height: 800 });
  for (const address of ['index', 'reference/config', 'event-time', 'from/airflow']) {
    await page.goto(`${url}/${address}.html`);
    expect(await page.evaluate('document.documentElement.scrollWidth'), address).toBeLessThanOrEqual(390);
  }
});
