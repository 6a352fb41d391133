/** A case from its alert to its outcome, and a rule before it is switched on: over HTTP, on the page, on the command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, visit } from './browser.ts';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

const PIPELINE = `name: cases
http: { port: 0 }
streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: 2 }
fraud: { stream: payments.transactions }
rules:
  big: { stream: payments.transactions, where: amountCents > 22000, score: 0.9, reason: "Amount {amountCents / 100:.2f}" }
  huge: { stream: payments.transactions, where: amountCents > 45000, score: 0.9, reason: huge, enabled: false }
`;
const AT = Date.UTC(2018, 3, 1);
const EVENTS = [
  { transactionId: 1, customerId: 5, terminalId: 2, amountCents: 30_000, occurredAt: AT },
  { transactionId: 2, customerId: 5, terminalId: 2, amountCents: 40_000, occurredAt: AT + 1000 },
  { transactionId: 3, customerId: 6, terminalId: 3, amountCents: 50_000, occurredAt: AT + 2000 },
];

describe('cases', () => {
  const directory = temporaryDirectory();
  const config = join(directory, 'p.yaml');
  const data = join(directory, 'data');
  let service: Awaited<ReturnType<typeof startService>>;
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(config, PIPELINE);
    service = await startService(['--config', config, '--data', data]);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    service?.child.kill('SIGTERM');
    await service?.ended;
  });

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, said: await answer.json() };
  };

  it('are taken, and refused to others; a request that is repeated has the same answer', async () => {
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    await post('/api/v1/streams/payments.transactions/events', EVENTS);
    const count = async () =>
      (await (await fetch(`${service.url}/api/v1/cases?format=csv`)).text()).match(/case-/g)?.length;
    await expect.poll(count, { timeout: 10_000 }).toBe(2);
    const key = { 'idempotency-key': '"one"' };
    const ask = { action: 'acknowledge', by: 'anna' };
    const first = await post('/api/v1/cases/case-5-1/actions', ask, key);
    expect(first).toMatchObject({ status: 200, said: { outcome: 'done', state: 'acknowledged' } });
    expect(await post('/api/v1/cases/case-5-1/actions', ask, key)).toEqual(first);
    expect(await post('/api/v1/cases/case-5-1/actions', { ...ask, action: 'confirm' }, key)).toMatchObject({
      status: 422,
      said: { error: 'key-reused' },
    });
    expect(await post('/api/v1/cases/case-5-1/actions', { action: 'confirm', by: 'bob' })).toMatchObject({
      status: 409,
      said: { error: 'action-refused', state: 'acknowledged' },
    });
    expect(await post('/api/v1/cases/case-9-9/actions', ask)).toMatchObject({ status: 404 });
    expect(await post('/api/v1/cases/case-5-1/actions', { action: 'acknowledge' })).toMatchObject({ status: 400 });
  });

  it('are closed on the page, where a rule is tested before it is switched on', async () => {
    const { page, complaints } = await visit(browser, `${service.url}/cases/case-6-3`);
    await page.fill('#case-actions input', 'anna');
    await page.click('#case-actions button:has-text("It is fraud")');
    await page.waitForSelector('#case-actions [role=status]:has-text("confirmed")');
    await page.goto(`${service.url}/rules`);
    await page.uncheck('tr:has-text("big") input[type=checkbox]');
    await page.check('tr:has-text("huge") input[type=checkbox]');
    await page.click('#backtest');
    await page.waitForSelector('h3:has-text("lost: 1 alerts")');
    expect(await page.textContent('#rules')).toContain('3 transactions, 1 known frauds');
    expect(complaints).toEqual([]);
  });

  it('are on the command line as they stand, and their outcomes are labels', async () => {
    const listed = await millrace(['case', 'list', '--data', data, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { case_id: 'case-6-3', state: 'confirmed' },
      { case_id: 'case-5-1', state: 'acknowledged', holder: 'anna' },
    ]);
    const closed = await millrace([
      'case',
      'close',
      'case-5-1',
      '--as',
      'false-positive',
      '--by',
      'anna',
      '--data',
      data,
    ]);
    expect(closed.code, closed.stderr).toBe(0);
    const labels = 'SELECT transaction_id, fraud, origin FROM labels ORDER BY transaction_id';
    const known = await millrace(['query', '--store', 'duckdb', labels, '--data', data, '--json']);
    expect(JSON.parse(known.stdout)).toEqual([
      { transaction_id: 1, fraud: false, origin: 'analyst' },
      { transaction_id: 2, fraud: false, origin: 'analyst' },
      { transaction_id: 3, fraud: true, origin: 'analyst' },
    ]);
  });
});
