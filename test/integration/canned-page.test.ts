/** The page in a real Chromium, where there is one: what a person would notice. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import type { Row, ServiceView } from '../../src/http/view.ts';
import { cannedRoutes, cannedService, derived, overview, silentLogger } from '../http/canned-view.ts';

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

/** Texts with too little contrast to what is behind them, as the browser draws them. */
const FAINT = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
    .filter((element) => element.checkVisibility() && element.tagName !== 'OPTION')
    .flatMap((element) => {
      const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      return contrast >= 4.5 ? [] : [element.textContent.trim().slice(0, 30) + ' ' + contrast.toFixed(2)];
    });
})()`;

describe.skipIf(!existsSync(CHROMIUM))('the page', () => {
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
  const startOn = (port: number) =>
    startHttp({ view, domainRoutes: cannedRoutes, host: '127.0.0.1', port, logger: silentLogger });

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
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });
  const open = async (address = '') => {
    await page.goto(`${server.url}${address}`);
    await page.getByText('Live', { exact: true }).waitFor();
  };
  const inNavigation = () => page.locator('nav a').allInnerTexts();

  test('every page loads without an error or a violation of its content policy, wide and narrow', async () => {
    await open();
    const addresses = await page
      .locator('nav a')
      .evaluateAll((links) => links.map((link) => (link.getAttribute('href') ?? '').slice(1)));
    expect(addresses).toHaveLength(19);
    const details = [
      'windows/per_minute',
      'tables/alerts',
      'joins/paid',
      'streams/payments.transactions',
      'cases/c-1',
      'no/such/page',
    ];
    for (const width of [1440, 400]) {
      await page.setViewportSize({ width, height: 900 });
      for (const address of [...addresses, ...details]) {
        await open(address);
        await page.locator('main .panel, main .tiles').first().waitFor();
        expect([address, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([
          address,
          true,
        ]);
        expect([address, await page.getByText('could not be drawn').count()]).toEqual([address, 0]);
      }
    }
    expect(complaints).toEqual([]);
  });

  test('links, the browser\u2019s buttons and reloading lead to pages of their own, without loading the document anew', async () => {
    await open();
    await page.evaluate("window.stays = 'yes'");
    await page.locator('nav').getByText('Windows and joins').click();
    await page.locator('#windows').getByRole('link', { name: 'per_minute' }).click();
    expect(new URL(page.url()).pathname).toBe('/windows/per_minute');
    await expect.poll(() => page.title()).toBe('per_minute \u00b7 canned \u00b7 Millrace');
    expect(await page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.textContent")).toBe(
      'H1 per_minute',
    );
    await page.locator('.chart canvas').waitFor();
    await page.goBack();
    await page.locator('#windows').waitFor();
    expect(await page.evaluate('window.stays')).toBe('yes');
    await page.goForward();
    await page.reload();
    await page.locator('.chart canvas').waitFor();
    expect(await page.evaluate('window.stays')).toBeUndefined();
    expect(await page.locator('nav [aria-current]').textContent()).toBe('Windows and joins');
    await open('no/such/page');
    await page.getByText('There is no page at this address').waitFor();
    expect(complaints).toEqual([]);
  });

  test('addresses of when everything was one page lead to where it is now', async () => {
    const places: readonly (readonly [string, string])[] = [
      ['#/cases/c-1', '/cases/c-1'],
      ['#cases/c%2F2%20%C3%BC', '/cases/c%2F2%20%C3%BC'],
      ['#alerts/a-2', '/alerts#alerts/a-2'],
      ['#dead-letters', '/quality'],
      ['#topology', '/topology'],
    ];
    for (const [old, now] of places) {
      await page.goto('about:blank');
      await open(old);
      await expect.poll(() => page.evaluate('location.pathname + location.hash')).toBe(now);
    }
  });

  test('dead letters say which topic has them too', async () => {
    await open('quality');
    await page.getByText('millrace dlq list --topic payments.transactions.v1.dlq').waitFor();
  });

  test('a pipeline without a domain shows nothing of it; one that has it shows all', async () => {
    await open();
    expect(await inNavigation()).toEqual(
      expect.arrayContaining(['Alerts', 'Cases', 'Sessions', 'Weather', 'Jobs', 'Windows and joins']),
    );
    await page.locator('#alerts').waitFor();
    expect(await page.locator('.tile', { hasText: 'Open cases' }).count()).toBe(1);
    const pipeline = () => ({
      name: 'plant',
      jobs: [],
      checks: [],
      sinks: [],
      deadLetterTopics: [],
      operators: [],
      pageModules: [],
    });
    const plant = await startHttp({
      view: { ...view, pipeline, windowsAndJoins: () => [] },
      ...{ host: '127.0.0.1', port: 0, logger: silentLogger },
    });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(plant.url);
    await page.locator('#streams').waitFor();
    expect(await inNavigation()).toEqual([
      ...['Overview', 'Streams', 'Topology', 'Explain', 'Quality', 'Tables', 'SQL', 'Journal', 'Actors', 'Settings'],
    ]);
    expect(await page.locator('main section').evaluateAll((all) => all.map(({ id }) => id))).toEqual([
      ...['headline', 'topology', 'streams'],
    ]);
    expect(await page.locator('.tile .name').allInnerTexts()).not.toContain('Alerts');
    expect(asked.filter((path) => /fraud|weather|alerts|cases|sessions/.test(path))).toEqual([]);
    await page.goto('about:blank');
    await plant.close();
  });

  test('a stream of a schema of its own has a table of its columns, as text', async () => {
    await open('streams/payments.transactions');
    const table = page.locator('#stream-rows');
    await table.locator('tbody tr').first().waitFor();
    expect(await table.locator('th').allInnerTexts()).toEqual(['id', 'at']);
    expect(await table.locator('tbody tr td:first-child').allInnerTexts()).toEqual(['<i>b/2</i>', 'a']);
    await open('streams/builtin');
    await page.getByText('has no table of its events').waitFor();
  });

  test('every table that the pipeline fills is listed and shows its rows, with the columns of its entry first', async () => {
    const unfilled = new Set(['weather', 'sessions']);
    const tables = view.tables().map((table) => ({ ...table, isFilled: !unfilled.has(table.name) }));
    const some = await startHttp({
      view: { ...view, tables: () => tables },
      ...{ host: '127.0.0.1', port: 0, logger: silentLogger },
    });
    await page.goto(`${some.url}tables`);
    const list = page.locator('#tables tbody tr');
    await list.first().waitFor();
    const named = tables.filter(({ isFilled }) => isFilled).map(({ name }) => name);
    expect(await list.locator('td:first-child').allInnerTexts()).toEqual(named);
    await list.getByRole('link', { name: 'alerts', exact: true }).click();
    const table = page.locator('#table');
    await table.locator('tbody tr').first().waitFor();
    const entry = tables.find(({ name }) => name === 'alerts');
    expect(await table.locator('th').allInnerTexts()).toEqual(entry?.shown);
    await table.getByLabel('all columns').check();
    expect(await table.locator('th').allInnerTexts()).toEqual(entry?.columns.map(({ name }) => name));
    await page.goto(`${some.url}tables/none`);
    await page.getByText('There is no table none here').waitFor();
    expect(complaints).toEqual([]);
    await page.goto('about:blank');
    await some.close();
  });

  test('markup in reasons, keys, names and addresses is shown as text', async () => {
    await open('alerts');
    await page.locator('.alert').first().waitFor();
    expect(await page.locator('.alert .reasons').first().textContent()).toContain('Spends <b>far</b> more');
    await open('windows/by_country');
    await page.locator('#window .scroll tbody tr').first().waitFor();
    const bad = '<img src=x onerror="document.title=1">';
    service.publish({
      kind: 'window',
      data: [
        {
          ...windowRow(NOON + MINUTE, 0, 1),
          window: 'by_country',
          key: bad,
          aggregates: `{"top":${JSON.stringify(bad)}}`,
        },
      ],
    });
    await page.locator('#window .scroll tbody tr').getByText(bad).first().waitFor();
    await open(`streams/${encodeURIComponent(bad)}`);
    await page.locator('h1').getByText(bad).waitFor();
    await page.getByText('The pipeline has no stream').waitFor();
    await open(`alerts#alerts/${encodeURIComponent(bad)}`);
    await page.getByText(`alerts/${bad} is not among the newest rows`).waitFor();
    expect(await page.locator('main img, main b, main i:not(.bar i):not(.track i)').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('the higher revision of a window replaces the lower', async () => {
    await open('windows/per_minute');
    const rowsShown = page.locator('#window .scroll tbody tr');
    await rowsShown.first().waitFor();
    service.publish({ kind: 'window', data: [windowRow(NOON, 0, 40), windowRow(NOON - MINUTE, 1, 38)] });
    await rowsShown.getByText('38', { exact: true }).waitFor();
    const cells = await rowsShown.allInnerTexts();
    expect(cells.map((text) => text.split('\t')[2])).toEqual(['42', '38']);
    expect(cells[0]).toContain('corrected');
  });

  test('a search by key stands in the address, and asks again from there', async () => {
    await open('windows/by_country');
    await page.locator('#window input[placeholder="Key begins with"]').fill('a,');
    await page.getByText('results of this search').waitFor();
    expect(new URL(page.url()).search).toBe('?key=a%2C');
    expect(service.asked.some(({ name, key }) => name === 'by_country' && key?.kind === 'beginsWith')).toBe(true);
    await page.reload();
    await page.getByText('results of this search').waitFor();
    expect(await page.locator('#window input').first().inputValue()).toBe('a,');
    await page.locator('#window input[placeholder^="From"]').fill('yesterday');
    await page.locator('#window .failed').waitFor();
    expect(await page.locator('#window .failed').textContent()).toContain('from=yesterday');
  });

  test('an alert that is raised now appears on top, and the filter holds', async () => {
    await open('alerts');
    await page.locator('.alert').first().waitFor();
    service.publish({ kind: 'rows', as: 'alert', data: [alertRow('a-3', 'A new terminal')] });
    await page.locator('[id="alerts/a-3"]').waitFor();
    expect(await page.locator('.alert').first().getAttribute('id')).toBe('alerts/a-3');
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.id')).toBe('alerts/a-3');
    await page.keyboard.press('/');
    await page.keyboard.type('ten minutes');
    await page.locator('[id="alerts/a-3"]').waitFor({ state: 'detached' });
    expect(await page.locator('.alert').count()).toBe(1);
  });

  test('a link to a row lights it, and a link to one that is gone says so', async () => {
    await open('alerts#alerts/a-2');
    await page.locator('.lit').waitFor();
    expect(await page.locator('.lit').getAttribute('id')).toBe('alerts/a-2');
    await page.evaluate("location.hash = '#alerts/a-99'");
    await page.getByText('alerts/a-99 is not among the newest rows').waitFor();
  });

  test('held still, the page shows nothing new until it goes on', async () => {
    await open();
    const openCases = page.locator('.tile', { hasText: 'Open cases' }).locator('.value');
    await openCases.waitFor();
    await page.keyboard.press('p');
    service.publish({ kind: 'overview', data: { ...overview, openCases: 77 } });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await openCases.textContent()).toBe('1');
    await page.keyboard.press('p');
    await expect.poll(() => openCases.textContent()).toBe('77');
  });

  test('a table that can\u2019t be read says why, and is read again', async () => {
    let broken = true;
    const failing: ServiceView = {
      ...view,
      rows: (table, query) => (broken ? Promise.reject(new Error('no store')) : view.rows(table, query)),
    };
    const other = await startHttp({ view: failing, host: '127.0.0.1', port: 0, logger: silentLogger });
    await page.goto(`${other.url}alerts`);
    await page.getByRole('alert').getByText('The server failed to answer this request.').waitFor();
    broken = false;
    await page.locator('.alert').first().waitFor({ timeout: 10_000 });
    await page.goto('about:blank');
    await other.close();
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

  test('a hundred streams of long names are listed, found by name, and drawn by what is connected', async () => {
    const [template] = view.streams();
    if (template === undefined) throw new Error('The canned service has a stream');
    const streams = Array.from({ length: 100 }, (_, i) => ({ ...template, name: `${'plant.'.repeat(20)}line-${i}` }));
    const [window] = derived;
    if (window === undefined) throw new Error('The canned service has a window');
    const busy: ServiceView = {
      ...view,
      streams: () => streams,
      operators: () => [],
      windowsAndJoins: () => [{ ...window, of: [streams[7]?.name ?? ''] }],
    };
    const large = await startHttp({ view: busy, host: '127.0.0.1', port: 0, logger: silentLogger });
    await page.setViewportSize({ width: 400, height: 900 });
    await page.goto(`${large.url}streams`);
    await expect.poll(() => page.locator('#streams tbody tr').count()).toBe(100);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.keyboard.press('/');
    await page.keyboard.type('line-77');
    await expect.poll(() => page.locator('#streams tbody tr').count()).toBe(1);
    await page.goto(`${large.url}topology`);
    await page.getByText('Type a part of a name').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('line-7');
    await page.locator('.box.window').waitFor();
    expect(await page.locator('.box.stream').count()).toBe(11);
    expect(complaints).toEqual([]);
    await page.goto('about:blank');
    await large.close();
  });

  test('it can be used without a mouse, and moves nothing for those who do not want that', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open();
    await page.locator('.box').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    const animations = await page.evaluate('document.getAnimations().length');
    expect(animations).toBe(0);
    await page.keyboard.press('2');
    await page.locator('h1').getByText('Streams').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('its text can be read in both themes: at least 4.5 to 1', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const address of ['', 'alerts', 'quality', 'jobs', 'weather']) {
        await open(address);
        await page.locator('main .panel').first().waitFor();
        expect([colorScheme, address, await page.evaluate(FAINT)]).toEqual([colorScheme, address, []]);
      }
    }
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

  test('a browser whose clock is a day ahead shows times as the service has them', async () => {
    const own = await browser.newContext();
    const ahead = await own.newPage();
    await ahead.clock.install({ time: overview.now + 86_400_000 });
    await ahead.goto(`${server.url}actors`);
    await ahead.getByText('Live', { exact: true }).waitFor();
    const ago = 'new Date(Date.now() - (await import("/assets/http/public/core/clock.js")).now()).getTime()';
    const skewMs = await ahead.evaluate<number>(`(async () => ${ago})()`);
    expect(Math.abs(skewMs - 86_400_000)).toBeLessThan(60_000);
    await own.close();
  });

  test('a banner says that the stream dropped, and that it is back, with what was missed', async () => {
    await open('alerts');
    await page.locator('.alert').first().waitFor();
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
