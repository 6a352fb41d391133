/** The page of a real process in a real browser: what is pointed at stays, addresses last, and numbers are those of the journal. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Overview } from '../../src/http/view.ts';
import { launchBrowser, visit } from './browser.ts';
import { startService, temporaryDirectory } from './millrace.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const jsonOf = async (url: string) => JSON.parse(await (await fetch(url)).text());

async function visitWide(url: string): Promise<{ page: Page; complaints: readonly string[] }> {
  const visited = await visit(browser, url);
  await visited.page.setViewportSize({ width: 1440, height: 900 });
  return visited;
}

/** The link under a point, as a person sees it there. */
const linkAt = (page: Page, x: number, y: number) =>
  page.evaluate<string | null>(`document.elementFromPoint(${x}, ${y})?.closest('a')?.getAttribute('href') ?? null`);

describe('the page under a live stream', () => {
  it('clicks hit what was pointed at, focus stays, and what waits is said and then shown', async () => {
    const service = await startService(['--data', temporaryDirectory()]);
    const { page, complaints } = await visitWide(service.url);
    for (const panel of ['cases', 'sessions']) {
      const address = `${service.url}/${panel}`;
      await page.goto(address);
      const table = page.locator(`#${panel} .scroll`);
      await table.locator('tbody tr').nth(20).waitFor({ state: 'attached', timeout: 40_000 });
      for (let i = 0; i < 10; i++) {
        const box = await table.boundingBox();
        if (box === null) throw new Error(`${panel} is not on the page`);
        const [x, y] = [box.x + 30, box.y + 40 + ((i * 53) % (Math.min(box.height, 300) - 60))];
        await page.mouse.move(x, y);
        const pointed = await linkAt(page, x, y);
        // As long as a person takes, and longer than rows stood before.
        await pause(700);
        expect(await linkAt(page, x, y)).toBe(pointed);
        if (pointed === null) continue;
        const scrolled = await page.evaluate('scrollY');
        await page.mouse.down();
        await page.mouse.up();
        expect(await page.evaluate(panel === 'cases' ? 'location.pathname' : 'location.hash')).toBe(pointed);
        // A row's link to itself moves nothing: the next row is where it was.
        if (panel === 'sessions') expect(await page.evaluate('scrollY')).toBe(scrolled);
        else {
          await page.goBack();
          await table.locator('tbody tr').nth(20).waitFor({ state: 'attached' });
        }
        await page.mouse.move(5, 5);
      }
    }
    await page.mouse.move(5, 5);
    const rows = page.locator('#sessions tbody tr');
    // Focus by the keyboard holds the rows as well.
    const link = rows.locator('a').nth(3);
    await link.focus();
    const focused = await page.evaluate('document.activeElement.getAttribute("href")');
    const first = await rows.first().getAttribute('id');
    await pause(3_000);
    expect(await page.evaluate('document.activeElement.getAttribute("href")')).toBe(focused);
    expect(await rows.first().getAttribute('id')).toBe(first);
    expect(await page.locator('#sessions .held').textContent()).toMatch(/^\d+ new, shown when you leave$/);
    await page.evaluate('document.activeElement.blur()');
    await expect.poll(() => rows.first().getAttribute('id')).not.toBe(first);
    expect(await page.locator('#sessions .held').isVisible()).toBe(false);
    // So does that of the headline, whose numbers go on.
    await page.goto(service.url);
    await page.locator('#headline a').first().waitFor();
    await page.locator('#headline a').first().focus();
    await pause(2_500);
    expect(await page.evaluate('document.activeElement.closest("#headline") !== null')).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
    service.child.kill('SIGINT');
    await service.ended;
  });

  it('a case has an address that holds when it is old, after a reload and after a restart', async () => {
    const data = temporaryDirectory();
    const service = await startService(['--data', data]);
    const { page, complaints } = await visitWide(service.url);
    const link = page.locator('#alerts .alert .foot a').first();
    await link.waitFor({ timeout: 30_000 });
    // The oldest of all is among the newest of nothing.
    await expect
      .poll(async () => (await jsonOf(`${service.url}/api/v1/cases?limit=1000`)).length, { timeout: 40_000 })
      .toBeGreaterThan(70);
    const cases = await jsonOf(`${service.url}/api/v1/cases?limit=1000`);
    const oldest: string = cases.at(-1).case_id;
    await link.hover();
    const href = (await link.getAttribute('href')) ?? '';
    await link.click();
    expect(href).toMatch(/^\/cases\/./);
    await page.locator('#case .facts').waitFor();
    expect(await page.locator('h1').textContent()).toBe(`Case ${decodeURIComponent(href.slice('/cases/'.length))}`);
    // The address that it has, and those that it had when everything was one page.
    for (const address of [`cases/${oldest}`, `#/cases/${oldest}`, `#cases/${oldest}`]) {
      await page.goto('about:blank');
      await page.goto(`${service.url}/${address}`);
      await expect.poll(() => page.locator('h1').textContent()).toBe(`Case ${oldest}`);
      await page.locator('#case-alerts tbody tr').first().waitFor();
      await page.locator('#case-transactions tbody tr').first().waitFor();
    }
    service.child.kill('SIGINT');
    await service.ended;
    const again = await startService(['--data', data]);
    await page.goto(`${again.url}/cases/${oldest}`);
    await page.reload();
    await page.locator('#case-alerts tbody tr').first().waitFor({ timeout: 20_000 });
    await page.goto(`${again.url}/cases/nothing`);
    await page.getByText('There is no case "nothing".').waitFor();
    expect(complaints.filter((text) => !/404|ERR_|^request to/.test(text))).toEqual([]);
    await page.close();
    again.child.kill('SIGINT');
    await again.ended;
  });

  it('after a restart, numbers are those of the journal from the first one that is shown', async () => {
    const data = temporaryDirectory();
    const service = await startService(['--data', data]);
    const overviewOf = async (url: string): Promise<Overview> => jsonOf(`${url}/api/v1/overview`);
    await expect.poll(async () => (await overviewOf(service.url)).openCases, { timeout: 40_000 }).toBeGreaterThan(5);
    const before = await overviewOf(service.url);
    service.child.kill('SIGKILL');
    await service.ended;
    const again = await startService(['--data', data]);
    const known: Overview[] = [];
    for (const untilMs = performance.now() + 60_000; known.length < 20 && performance.now() < untilMs; ) {
      const seen = await overviewOf(again.url);
      if (seen.eventsIn !== null) known.push(seen);
      await pause(50);
    }
    expect(known).toHaveLength(20);
    for (const { eventsIn, openCases, alerts, sinceStart, stages } of known) {
      expect(eventsIn).toBeGreaterThanOrEqual(before.eventsIn ?? 0);
      expect(alerts).toBeGreaterThanOrEqual(Number(before.alerts));
      expect(openCases).toBeGreaterThan(0);
      expect(sinceStart.eventsIn).toBeLessThan(eventsIn ?? 0);
      // Far below the journal's end, of which nothing is projected only when the stores are gone.
      for (const { lag } of stages) expect(lag ?? 0).toBeLessThan((before.eventsIn ?? 0) / 2);
    }
    const { page } = await visitWide(again.url);
    const tile = page.locator('.tile', { hasText: 'Events in' });
    await expect.poll(() => tile.textContent()).toMatch(/[\d.]+k? in all, [\d,.]+k? since the start/);
    await page.close();
    again.child.kill('SIGINT');
    await again.ended;
  });

  it('orders, of a domain that Millrace does not know, show their windows, and are found by key', async () => {
    const service = await startService(['--config', 'config/orders.yaml', '--data', temporaryDirectory()]);
    const { page, complaints } = await visitWide(`${service.url}/windows/sales_per_country`);
    const part = page.locator('#window');
    await part.waitFor();
    const body = readFileSync('config/orders.jsonl');
    const later = { orderId: 'end', changedAt: Date.UTC(2030, 0, 1), status: 'placed', amount: 1, paid: 0 };
    const [sample = '{}'] = body.toString('utf8').split('\n');
    const ends = Array.from({ length: 8 }, (_, i) =>
      JSON.stringify({ ...JSON.parse(sample), ...later, orderId: `end-${i}` }),
    );
    for (const text of [body, ends.join('\n')]) {
      const taken = await fetch(`${service.url}/api/v1/streams/orders/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: text,
      });
      expect(taken.status).toBe(200);
    }
    const results = part.locator('.scroll tbody tr');
    await results.first().waitFor({ timeout: 20_000 });
    const stored = await jsonOf(`${service.url}/api/v1/windows?window=sales_per_country&limit=120`);
    await expect.poll(() => results.count()).toBe(stored.length);
    const key: string = stored[0].key;
    const search = part.getByPlaceholder('Key begins with');
    await search.fill(key);
    await part.getByText('results of this search').waitFor();
    const keys = await results.locator('td:nth-child(2)').allInnerTexts();
    expect(new Set(keys)).toEqual(new Set([key]));
    await search.fill('no such key');
    await part.getByText('no result of this search').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
    service.child.kill('SIGINT');
    await service.ended;
  });
});
