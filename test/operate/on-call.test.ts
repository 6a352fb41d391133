/** The way of whoever is on call: an alert arrives, its runbook leads to the page, the page to the cause, and from there it is mended. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ROOT, startService, temporaryDirectory } from '../integration/millrace.ts';
import { complaintsOf, openBrowser, picture, violations } from './browser.ts';
import { receiver, startAlertmanager, startPrometheus } from './servers.ts';

interface Told {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const ORDER = { type: 'record', name: 'Order', fields: [] as object[] };
ORDER.fields.push(
  { name: 'id', type: 'string' },
  { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
);

it('alert, page, cause, fix, all clear', { timeout: 240_000 }, async () => {
  // The one at fault: something elsewhere that a job asks, and that is broken at first.
  let status = 404;
  const upstream = createServer((_, response) => response.writeHead(status).end('no such feed: orders-v1 is retired'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const at = upstream.address();
  if (at === null || typeof at === 'string') throw new Error('the upstream has no port');
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'order.avsc'), JSON.stringify(ORDER));
  writeFileSync(join(directory, 'pipeline.yaml'), readFileSync(join(ROOT, 'test/operate/on-call.yaml')));
  const words = ['--config', join(directory, 'pipeline.yaml'), '--data', join(directory, 'data')];
  const service = await startService(words, { UPSTREAM: `http://127.0.0.1:${at.port}/feed` });
  const onCall = await receiver(200);
  const prometheus = await startPrometheus(new URL(service.url).host, await startAlertmanager(onCall.url));
  const told = (status: Told['status']): Told | undefined =>
    onCall.bodies
      .flatMap((body): Told[] => JSON.parse(body).alerts)
      .find((alert) => alert.labels.alertname === 'MillraceJobFailed' && alert.status === status);
  const soon = { timeout: 90_000, interval: 300 };
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = complaintsOf(page);

  // A run is started by hand; it fails, and the alert arrives with what it is about and where to look.
  await page.goto(`${service.url}/jobs`);
  await page.getByRole('button', { name: 'Run now' }).click();
  await vi.waitFor(() => expect(told('firing')).toBeDefined(), soon);
  const alert = told('firing');
  expect(alert?.annotations.summary).toContain('upstream');
  const runbook = readFileSync(join(ROOT, alert?.annotations.runbook_url ?? ''), 'utf8');
  expect(runbook).toContain('The page `/jobs`');

  // The runbook's page; the failed run; its log says why.
  await page.goto(`${service.url}/jobs`);
  const cell = page.locator('a.cell[data-state="failed"]').first();
  await cell.waitFor();
  await picture(page, 'on-call-1-job');
  await cell.click();
  await page.getByText('404').first().waitFor();
  await page.getByText('orders-v1 is retired').first().waitFor();
  expect(await violations(page)).toEqual([]);
  await picture(page, 'on-call-2-cause');

  // Elsewhere it is mended; what did not succeed runs again, from the same page.
  status = 200;
  await page.getByRole('button', { name: 'Run again what did not succeed' }).click();
  await page.locator('.state', { hasText: 'success' }).first().waitFor({ timeout: 30_000 });
  await picture(page, 'on-call-3-fixed');
  await vi.waitFor(() => expect(told('resolved')).toBeDefined(), soon);
  expect((await prometheus.query('millrace_job_last_run_failed'))[0]?.value[1]).toBe('0');

  // Who did what stands in the log of commands.
  await vi.waitFor(async () => {
    const commands: { path: string; status: number }[] = JSON.parse(
      await (await fetch(`${service.url}/api/v1/command-history`)).text(),
    );
    expect(commands.filter(({ status: answered }) => answered === 200).length).toBeGreaterThanOrEqual(2);
  }, soon);
  expect(complaints).toEqual([]);
  await browser.close();
  service.child.kill('SIGINT');
  await service.ended;
  upstream.close();
});
