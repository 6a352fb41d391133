/** The demo's job of four steps as somebody reads it on the page: its grid, its run, its log, its checks, its file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, visit } from './browser.ts';
import { startService, temporaryDirectory } from './millrace.ts';

describe('the job of the demo on the page', () => {
  const data = temporaryDirectory();
  let service: Awaited<ReturnType<typeof startService>>;
  let browser: Browser;

  beforeAll(async () => {
    service = await startService(['--data', data]);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    service?.child.kill('SIGTERM');
    await service?.ended;
  });

  it('runs with a parameter, and its run has steps by time, a log an attempt, its checks and its file', async () => {
    const { page, complaints } = await visit(browser, `${service.url}/jobs`);
    const job = page.getByRole('region', { name: 'weather_report', exact: true });
    await job.getByText('every 10m').waitFor({ timeout: 20_000 });
    await job.getByLabel('wettest').fill('2');
    await job.getByRole('button', { name: 'Run now' }).click();
    for (const step of ['run', 'load', 'days', 'audit', 'out'])
      await job.getByRole('link', { name: new RegExp(`, ${step} of .*: success`) }).waitFor({ timeout: 30_000 });
    expect(
      readFileSync(join(data, 'reports', 'wettest.csv'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(3);

    // By keys alone: from the run down to its first step, and in.
    await job.getByRole('link', { name: /, run of/ }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\/weather_report\/runs\/weather_report%40.*step=load/);
    const log = page.getByRole('region', { name: 'Log of load, attempt 1' }).first();
    await log.getByText('attempt 1 begins').waitFor({ timeout: 10_000 });
    await log.getByText(/done: \d+ records/).waitFor();
    await page.getByText('{"wettest":2}').waitFor();
    await page
      .getByRole('row', { name: /^audit/ })
      .getByText('"outcome":"passed"')
      .waitFor();
    await page.getByRole('button', { name: /^days, attempt 1: from/ }).click();
    await page.getByRole('region', { name: 'Log of days, attempt 1' }).first().waitFor();
    expect(page.url()).toContain('step=days&attempt=1');
    await page.reload();
    await page.getByRole('region', { name: 'Log of days, attempt 1' }).first().waitFor({ timeout: 10_000 });

    await page.getByRole('button', { name: 'Run again from out' }).click();
    await page.getByText('queued again, from out').waitFor({ timeout: 10_000 });
    await page.getByText('success').first().waitFor({ timeout: 20_000 });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is paused and resumed, and a backfill is counted before it begins', async () => {
    const { page, complaints } = await visit(browser, `${service.url}/jobs`);
    const job = page.getByRole('region', { name: 'weather_report', exact: true });
    await job.getByRole('button', { name: 'Pause' }).click({ timeout: 20_000 });
    await job.getByText('⏸ paused').waitFor({ timeout: 10_000 });
    await job.getByRole('button', { name: 'Resume' }).click();
    await job.getByText('next run').waitFor({ timeout: 10_000 });
    await job.getByText('Backfill', { exact: true }).click();
    await job.getByLabel('from', { exact: true }).fill('2026-01-01');
    await job.getByLabel('to, exclusive').fill('2026-01-02');
    await job.getByRole('button', { name: 'Count' }).click();
    await job.getByText('144 intervals from 2026-01-01T00:00:00.000Z; nothing was begun').waitFor({ timeout: 10_000 });
    expect(complaints).toEqual([]);
    await page.close();
  });
});
