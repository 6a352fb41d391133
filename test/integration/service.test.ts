/** The service as a real process, and a real browser on its page. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, visit } from './browser.ts';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

/** What the demo shows within seconds, and on which page. */
const SHOWN = [
  ['/', 'generator'],
  ['/windows', 'payments_per_minute'],
  ['/actors', 'fraud-session'],
  ['/jobs', 'success'],
  ['/alerts', 'above the limit'],
  ['/weather', 'JFK'],
] as const;

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe('millrace start', () => {
  it('shows topology, windows, sessions, alerts, actors and runs within seconds, and goes on after a restart', async () => {
    const data = temporaryDirectory();
    const startedAt = performance.now();
    const service = await startService(['--data', data]);
    const { page, complaints } = await visit(browser, service.url);
    const body = page.locator('body');
    for (const [path, text] of SHOWN) {
      await page.goto(`${service.url}${path}`);
      await body.getByText(text).first().waitFor({ state: 'attached', timeout: 20_000 });
    }
    // Within 8 s on a quiet machine, with the start of the process and of each page; CI's may be busy.
    expect(performance.now() - startedAt).toBeLessThan(40_000);
    expect(complaints).toEqual([]);
    await page.close();
    service.child.kill('SIGINT');
    expect(await service.ended).toMatchObject({ code: 0, signal: null });

    const count = async (): Promise<{ n: number; ids: number }> => {
      const sql = 'SELECT count(*) AS n, count(DISTINCT transaction_id) AS ids FROM transactions';
      return JSON.parse((await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json'])).stdout)[0];
    };
    const before = await count();
    expect(before.n).toBeGreaterThan(1000);
    expect(before.ids).toBe(before.n);
    const again = await startService(['--data', data]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    again.child.kill('SIGINT');
    expect((await again.ended).code).toBe(0);
    const after = await count();
    expect(after.n).toBeGreaterThan(before.n);
    expect(after.ids).toBe(after.n);
  });

  it('takes events over HTTP once they are durable, and refuses what it must', async () => {
    const data = temporaryDirectory();
    const service = await startService(['--config', 'test/integration/http.yaml', '--data', data]);
    const url = `${service.url}/api/v1/streams/payments.transactions/events`;
    const good = { transactionId: 1, customerId: 2, terminalId: 3, amountCents: 400, occurredAt: 1_522_540_800_000 };
    const headers = { 'content-type': 'application/x-ndjson' };
    const body = `${JSON.stringify(good)}\n{"broken\n${JSON.stringify({ ...good, transactionId: 2 })}\n`;
    const taken = await fetch(url, { method: 'POST', headers, body });
    expect([taken.status, await taken.json()]).toMatchObject([
      200,
      { accepted: 2, deadLetters: 1, reasons: { 'not-json': 1 } },
    ]);
    expect((await fetch(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body })).status).toBe(415);
    expect((await fetch(url.replace('payments', 'payment'), { method: 'POST', headers, body })).status).toBe(404);
    // What was acknowledged survives the worst end.
    service.child.kill('SIGKILL');
    await service.ended;
    const sql = 'SELECT count(*) AS n FROM transactions';
    const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    expect(JSON.parse(stdout)).toEqual([{ n: 2 }]);
  });

  it('pushes back with 429 when it gets more than it can take, and has exactly what it acknowledged', async () => {
    const data = temporaryDirectory();
    const words = ['--config', 'test/integration/http.yaml', '--data', data];
    const service = await startService(words, { MILLRACE__RUNTIME__QUEUEBATCHES: '2' });
    const url = `${service.url}/api/v1/streams/payments.transactions/events`;
    const headers = { 'content-type': 'application/x-ndjson' };
    const post = async (transactionId: number): Promise<Response> => {
      const event = { transactionId, customerId: 1, terminalId: 3, amountCents: 400, occurredAt: 1_522_540_800_000 };
      return fetch(url, { method: 'POST', headers, body: JSON.stringify(event) });
    };
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => post(i)));
    const taken = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 429);
    expect(taken).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    expect(taken + refused.length).toBe(answers.length);
    for (const answer of refused) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    service.child.kill('SIGINT');
    expect((await service.ended).code).toBe(0);
    const sql = 'SELECT count(*) AS n FROM transactions';
    const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    expect(JSON.parse(stdout)).toEqual([{ n: taken }]);
  });

  it('says what to do about a busy port', async () => {
    const service = await startService(['--data', temporaryDirectory()]);
    const port = new URL(service.url).port;
    const second = await millrace(['start', '--port', port, '--data', temporaryDirectory()]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(port);
    service.child.kill('SIGINT');
    await service.ended;
  });
});
