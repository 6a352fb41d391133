/** Every page over a real service with fraud detection, jobs and windows: rules of accessibility, widths, both themes, the keyboard. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startService, temporaryDirectory } from '../integration/millrace.ts';
import { complaintsOf, expectNoSidewaysScroll, openBrowser, picture, violations } from './browser.ts';

const SETTLE_MS = 700;

describe('every page', { timeout: 400_000 }, () => {
  let service: Awaited<ReturnType<typeof startService>>;
  let browser: Browser;
  let addresses: string[];
  beforeAll(async () => {
    service = await startService(['--config', 'config/demo.yaml', '--data', temporaryDirectory()]);
    browser = await openBrowser();
    const rows = async (path: string) => JSON.parse(await (await fetch(`${service.url}/api/v1/${path}`)).text());
    const [alert] = await vi.waitFor(
      async () => {
        const alerts: { case_id: string; alert_id: string; customer_id: number }[] = await rows('alerts?limit=1');
        expect(alerts).toHaveLength(1);
        return alerts;
      },
      { timeout: 90_000, interval: 500 },
    );
    const [run] = await vi.waitFor(
      async () => {
        const runs: { job: string; run_id: string }[] = await rows('runs?limit=1');
        expect(runs).toHaveLength(1);
        return runs;
      },
      { timeout: 90_000, interval: 500 },
    );
    addresses = [
      ...['', 'streams', 'streams/payments.transactions', 'windows', 'windows/payments_per_minute'],
      ...[
        'windows/spend_per_customer_day',
        'topology',
        'alerts',
        'cases',
        `cases/${alert?.case_id}`,
        'rules',
        'models',
        'customers',
        `customers/${alert?.customer_id}`,
      ],
      ...['sessions', 'weather', 'jobs', `jobs/${run?.job}/runs/${encodeURIComponent(run?.run_id ?? '')}`, 'quality'],
      ...['tables', 'tables/alerts', 'sql', 'journal', 'actors', 'settings', `explain?of=alert:${alert?.alert_id}`],
    ];
  });
  afterAll(async () => {
    await browser.close();
    service.child.kill('SIGINT');
    await service.ended;
  });

  const open = async (page: Page, address: string): Promise<void> => {
    await page.goto(`${service.url}/${address}`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('main .panel, main .tiles').first().waitFor();
    await page.waitForTimeout(SETTLE_MS);
  };

  it('is without a violation, wide and light as narrow and dark', async () => {
    for (const [width, colorScheme] of [
      [1200, 'light'],
      [390, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 760 }, colorScheme });
      const complaints = complaintsOf(page);
      const wrong: string[] = [];
      for (const address of addresses) {
        await open(page, address);
        wrong.push(...(await violations(page)).map((each) => `${address}: ${each}`));
        await expectNoSidewaysScroll(page, `${address} at ${width}`);
        const name =
          address.replace(/[?].*|\/case-.*|\/runs.*|(?<=customer)s\/.*/, '').replaceAll('/', '-') || 'overview';
        if (width > 1000) await picture(page, name);
      }
      expect(wrong).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  it('fills a screen of 2560 px without a sideways scroll', async () => {
    const page = await browser.newPage({ viewport: { width: 2560, height: 1300 } });
    for (const address of ['', 'topology', 'alerts', 'sql']) {
      await open(page, address);
      await expectNoSidewaysScroll(page, address);
    }
    await page.close();
  });

  it('is reached and worked by the keyboard alone: a statement is run, and its rows are shown', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await open(page, 'sql');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    await page.locator('#sql-text').focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('SELECT count(*) AS cases FROM windows');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.locator('#sql tbody tr').first().waitFor();
    expect(await page.locator('#sql th').first().textContent()).toBe('cases');
    expect(new URL(page.url()).searchParams.get('sql')).toContain('count(*)');
    await page.getByRole('button', { name: 'Chart' }).click();
    await page.getByText('A chart takes two rows or more').waitFor();
    await page.locator('#sql-text').fill('SELECT start_at, count FROM windows ORDER BY 1 LIMIT 50');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByRole('img', { name: 'count over start_at' }).locator('canvas').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  it('rows of the live tail hold still while they are pointed at', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await open(page, 'streams/payments.transactions');
    const first = page.locator('#live-tail tbody td').first();
    await first.waitFor();
    await first.hover();
    const before = await first.textContent();
    await page.waitForTimeout(2_500);
    expect(await first.textContent()).toBe(before);
    await page.mouse.move(5, 5);
    await expect.poll(() => first.textContent(), { timeout: 10_000 }).not.toBe(before);
    await page.close();
  });
});
