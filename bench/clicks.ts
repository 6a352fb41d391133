/**
 * How soon a page answers a click while the service takes events: Chromium clicks through the pages, with no traffic and with the rate of
 * `--rate`, in turns. A click is over once the page that it leads to is drawn: its heading, and its first panel or figures.
 *
 *   node --import tsx bench/clicks.ts [--rate 100000] [--rounds 3]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { createClient } from './soak/client.ts';
import { startWatched } from './soak/process.ts';
import { quantile } from './soak/trend.ts';

const REQUESTS_A_SECOND = 20;
const WARM_MS = 3_000;
const SETTLE_MS = 400;
const CLICKS_MAX_MS = 120_000;

/** In the browser: clicks the link, and gives the time until its page stands there and a frame with it was drawn. */
const CLICK = `(path) => new Promise((resolve, reject) => {
  const link = [...document.querySelectorAll('nav a')].find((each) => each.pathname === path);
  const before = document.querySelector('main > *');
  const startMs = performance.now();
  const look = () => {
    const isThere = !before.isConnected && document.querySelector('main .panel, main .tiles') !== null;
    if (isThere) return requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - startMs)));
    if (performance.now() - startMs > 30000) return reject(new Error(path + ' is not drawn'));
    requestAnimationFrame(look);
  };
  link.click();
  look();
})`;

/** In the browser, from then on: how long its main thread was held for more than 50 ms, in all. */
const WATCH = `(() => {
  window.heldMs = 0;
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.heldMs += duration; })
    .observe({ entryTypes: ['longtask'] });
})()`;

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } },
});
// First, since nothing is to be left running where there is none.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
});
const directory = mkdtempSync(join(tmpdir(), 'millrace-clicks-'));
const receiver = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const at = receiver.address();
const RECEIVER = `http://127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}/`;
const pipeline = fileURLToPath(new URL('soak/pipeline.yaml', import.meta.url));
const service = await startWatched(pipeline, join(directory, 'data'), 0, { RECEIVER });
// One for all rounds: it numbers its requests, and a number is taken once.
const client = createClient(() => service.url);
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
  await page.goto(service.url);
  await page.getByText('Live', { exact: true }).waitFor({ timeout: CLICKS_MAX_MS });
  const paths: string[] = await page.evaluate("[...document.querySelectorAll('nav a')].map((each) => each.pathname)");
  // The code of each page is loaded at its first visit.
  await clicks(page, paths);
  const idle: number[] = [];
  const busy: number[] = [];
  const held = { idle: 0, busy: 0 };
  let accepted = 0;
  let busySeconds = 0;
  await page.evaluate(WATCH);
  for (let round = 0; round < Number(values.rounds); round++) {
    await page.evaluate('window.heldMs = 0');
    idle.push(...(await clicks(page, paths)));
    held.idle += await page.evaluate<number>('window.heldMs');
    const traffic = offer(Number(values.rate));
    await page.waitForTimeout(WARM_MS);
    await page.evaluate('window.heldMs = 0');
    busy.push(...(await clicks(page, paths)));
    held.busy += await page.evaluate<number>('window.heldMs');
    const { events, seconds } = await traffic.stop();
    accepted += events;
    busySeconds += seconds;
  }
  const figures = (all: readonly number[], heldMs: number) => ({
    clicks: all.length,
    p50Ms: Math.round(quantile(all, 0.5)),
    p99Ms: Math.round(quantile(all, 0.99)),
    heldMs: Math.round(heldMs),
  });
  const result = {
    offered: Number(values.rate),
    accepted: Math.round(accepted / busySeconds),
    idle: figures(idle, held.idle),
    busy: figures(busy, held.busy),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  service.child.kill('SIGINT');
  await service.ended;
  receiver.closeAllConnections();
  receiver.close();
  rmSync(directory, { recursive: true, force: true });
}

async function clicks(page: Page, paths: readonly string[]): Promise<number[]> {
  const tookMs: number[] = [];
  for (const path of [...paths.slice(1), ...paths.slice(0, 1)]) {
    tookMs.push(await page.evaluate<number>(`(${CLICK})(${JSON.stringify(path)})`));
    await page.waitForTimeout(SETTLE_MS);
  }
  return tookMs;
}

/** Events at that rate until it is stopped, however slowly they are taken. */
function offer(rate: number): { stop(): Promise<{ readonly events: number; readonly seconds: number }> } {
  const before = client.acknowledged.count;
  const startMs = performance.now();
  const sent = new Set<Promise<void>>();
  const timer = setInterval(() => {
    // More requests than these at once would wait in the client, not in the service.
    if (sent.size >= REQUESTS_A_SECOND) return;
    const one: Promise<void> = client
      .send(Math.round(rate / REQUESTS_A_SECOND), Date.now())
      .finally(() => sent.delete(one));
    sent.add(one);
  }, 1_000 / REQUESTS_A_SECOND);
  return {
    async stop() {
      clearInterval(timer);
      const seconds = (performance.now() - startMs) / 1_000;
      const events = client.acknowledged.count - before;
      await Promise.all(sent);
      return { events, seconds };
    },
  };
}
