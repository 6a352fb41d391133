/** The harness itself: a page without complaints means something only if a bad page has them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, visit } from './browser.ts';

const BAD_PAGE = `<!doctype html><link rel="icon" href="data:,">
  <script>console.error('a bad word')</script><script>throw new Error('not caught')</script>
  <img src="/missing.png" alt=""><img src="http://localhost:9/elsewhere.png" alt="">`;

let browser: Browser;
let server: Server;
let url = '';

beforeAll(async () => {
  browser = await launchBrowser();
  server = createServer((request, response) => {
    response.writeHead(request.url === '/missing.png' ? 404 : 200, { 'content-type': 'text/html' });
    response.end(request.url === '/bad' ? BAD_PAGE : '<!doctype html><link rel="icon" href="data:,">');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await browser.close();
  server.close();
});

it('hears what a page complains of, what is missing, and what would leave the machine', async () => {
  const { complaints } = await visit(browser, `${url}/bad`);
  expect(complaints).toEqual(
    expect.arrayContaining([
      'a bad word',
      'not caught',
      `404 for ${url}/missing.png`,
      'request to http://localhost:9/elsewhere.png',
    ]),
  );
});

it('hears nothing from a page that is in order', async () => {
  expect((await visit(browser, url)).complaints).toEqual([]);
});
