/** The page in a real Chromium, where there is one: what a person would notice. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import type { Row, ServiceView } from '../../src/http/view.ts';
import { cannedService, overview, silentLogger } from './canned-view.ts';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 23, 12);

const alertRow = (id: string, reason: string): Row => ({
  alert_id: id,
  case_id: 'c-1',
  customer_id: 17,
  transaction_id: 1,
  terminal_id: 4,
  amount_cents: 123_456,
  occurred_at: NOON,
  score: 0.97,
  model: 'rules',
  severity: 'high',
  reasons: JSON.stringify([{ code: 'amount', text: reason, value: 9, norm: 2 }]),
  stream: 'payments',
  partition: 0,
  offset: 7,
});
const windowRow = (start: number, revision: number, count: number): Row => ({
  window: 'per_minute',
  key: null,
  start_at: start,
  end_at: start + MINUTE,
  revision,
  count,
  aggregates: '{"total":50}',
});

describe.skipIf(!existsSync(CHROMIUM))('the dashboard', () => {
  let browser: Browser;
  let server: HttpServer;
  let page: Page;
  let complaints: string[];
  const service = cannedService();
  const rows: Partial<Record<Parameters<ServiceView['rows']>[0], readonly Row[]>> = {
    alerts: [alertRow('a-1', 'Spends <b>far</b> more than usual'), alertRow('a-2', 'Many payments in ten minutes')],
  };
  const windows = [windowRow(NOON, 1, 42), windowRow(NOON - MINUTE, 0, 39)];
  const view: ServiceView = {
    ...service.view,
    rows: async (table) => rows[table] ?? [],
    results: async (query) =>
      query.of === 'windows' && query.name === 'per_minute'
        ? { rows: windows, next: null }
        : service.view.results({ ...query, limit: 1000 }),
  };
  const startOn = (port: number) => startHttp({ view, host: '127.0.0.1', port, logger: silentLogger });

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startOn(0);
    page = await browser.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });
  const open = async (hash = '') => {
    await page.goto(`${server.url}${hash}`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('.alert').first().waitFor();
  };

  test('it loads without an error or a violation of its content policy, wide and narrow', async () => {
    for (const width of [1440, 400]) {
      await page.setViewportSize({ width, height: 900 });
      await open();
      await page.locator('[id="windows/per_minute"] .chart canvas').waitFor();
      await page.locator('#topology-drawing svg').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    // Panels fill their rows: the first two stand side by side.
    const [windows, alerts] = [
      await page.locator('#windows').boundingBox(),
      await page.locator('#alerts').boundingBox(),
    ];
    expect(windows?.y).toBe(alerts?.y);
    expect(complaints).toEqual([]);
  });

  test('a stream of a schema of its own has a table of its columns, as text', async () => {
    await open();
    const table = page.locator('[id="streams/payments.transactions"]');
    expect(await table.locator('th').allInnerTexts()).toEqual(['id', 'at']);
    expect(await table.locator('tbody tr td:first-child').allInnerTexts()).toEqual(['<i>b/2</i>', 'a']);
    expect(await page.locator('#streams article').count()).toBe(1);
  });

  test('reasons of an alert are shown as text, never as markup', async () => {
    await open();
    expect(await page.locator('#alerts-feed .reasons').first().textContent()).toContain('Spends <b>far</b> more');
    expect(await page.locator('#alerts-feed b').count()).toBe(0);
  });

  test('the higher revision of a window replaces the lower', async () => {
    await open();
    service.publish({ kind: 'window', data: [windowRow(NOON, 0, 40), windowRow(NOON - MINUTE, 1, 38)] });
    const rowsShown = page.locator('[id="windows/per_minute"] .scroll tbody tr');
    await rowsShown.getByText('38', { exact: true }).waitFor();
    const cells = await rowsShown.allInnerTexts();
    expect(cells.map((text) => text.split('\t')[2])).toEqual(['42', '38']);
    expect(cells[0]).toContain('corrected');
  });

  test('an alert that is raised now appears on top, and the filter holds', async () => {
    await open();
    service.publish({ kind: 'alert', data: [alertRow('a-3', 'A new terminal')] });
    await page.locator('[id="alerts/a-3"]').waitFor();
    expect(await page.locator('.alert').first().getAttribute('id')).toBe('alerts/a-3');
    await page.keyboard.press('/');
    await page.keyboard.type('ten minutes');
    await page.locator('[id="alerts/a-3"]').waitFor({ state: 'detached' });
    expect(await page.locator('.alert').count()).toBe(1);
  });

  test('a link to a row lights it, and a link to one that is gone says so', async () => {
    await open('#alerts/a-2');
    expect(await page.locator('.lit').getAttribute('id')).toBe('alerts/a-2');
    await page.evaluate("location.hash = '#alerts/a-99'");
    await page.getByText('alerts/a-99 is not among the newest rows').waitFor();
  });

  test('held still, the page shows nothing new until it goes on', async () => {
    await open();
    await page.keyboard.press('p');
    service.publish({ kind: 'overview', data: { ...overview, openCases: 77 } });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const openCases = page.locator('.tile', { hasText: 'Open cases' }).locator('.value');
    expect(await openCases.textContent()).toBe('1');
    await page.keyboard.press('p');
    await expect.poll(() => openCases.textContent()).toBe('77');
  });

  test('shares are of all that came in, and numbers say of which time they are', async () => {
    await open();
    const since = { eventsIn: 3, deadLetters: 1, lateEvents: 0, alerts: 0 };
    service.publish({ kind: 'overview', data: { ...overview, eventsIn: 6, deadLetters: 2, sinceStart: since } });
    const tile = (name: string) => page.locator('.tile', { hasText: name }).locator('.extra');
    await expect.poll(() => tile('Dead letters').textContent()).toBe('2 of 8 (25 %), 1 since the start');
    expect(await tile('Events in').textContent()).toBe('6 in all, 3 since the start');
    const [stage] = overview.stages;
    const unknown = { eventsIn: null, deadLetters: null, lateEvents: null, alerts: null, openCases: null };
    const stages = stage === undefined ? [] : [{ ...stage, lag: null }];
    service.publish({ kind: 'overview', data: { ...overview, ...unknown, stages } });
    await expect.poll(() => tile('Events in').textContent()).toBe('– in all, 40 since the start');
    expect(await page.locator('.tile', { hasText: 'Open cases' }).locator('.value').textContent()).toBe('–');
    expect(await page.locator('.tile', { hasText: 'Largest lag' }).locator('.value').textContent()).toBe('–');
  });

  test('the theme follows the system until it is chosen, and the choice lasts', async () => {
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'dark' });
    await open();
    const dark = await background();
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await background();
    expect(light).not.toBe(dark);
    await page.keyboard.press('t');
    expect(await background()).toBe(dark);
    await page.reload();
    expect(await background()).toBe(dark);
  });

  test('a banner says that the stream dropped, and that it is back, with what was missed', async () => {
    await open();
    const { port } = server;
    await server.close();
    await page.getByText('Live updates stopped').waitFor();
    expect(await page.locator('#connection').textContent()).toContain('Reconnecting');
    const before = rows.alerts ?? [];
    rows.alerts = [alertRow('a-while-away', 'While the page was away'), ...before];
    server = await startOn(port);
    await page.getByText('Live updates are back').waitFor();
    await page.locator('[id="alerts/a-while-away"]').waitFor();
    rows.alerts = before;
  });
});
