/** A model from its file to its alerts: promoted on the page, refused when it is damaged, taken back on the command line. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFile } from '../../src/fraud/model.ts';
import { drawnModel } from '../fraud/drawn-model.ts';
import { launchBrowser, visit } from './browser.ts';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

const PIPELINE = `name: models
http: { port: 0 }
streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: 2 }
features:
  tx: { stream: payments.transactions, select: { during_night: hour(occurredAt) <= 6 } }
  customer:
    stream: payments.transactions
    key: customerId
    windows: { 30day: 30d }
    aggregate: { nb_tx: count(), avg_amount: avg(amountCents / 100) }
  terminal:
    stream: payments.transactions
    key: terminalId
    windows: { 7day: 7d }
    delay: 7d
    labels: fraud.labels
    aggregate: { risk: share(fraud) }
fraud: { stream: payments.transactions }
rules:
  never: { stream: payments.transactions, where: amountCents < 0, score: 0.9, reason: never }
`;
const AT = Date.UTC(2018, 3, 1, 12);

describe('a model', () => {
  const directory = temporaryDirectory();
  const config = join(directory, 'p.yaml');
  const data = join(directory, 'data');
  const [linear, trees] = (['logistic-regression', 'boosted-trees'] as const).map((kind) =>
    modelFile(drawnModel(kind).facts),
  );
  let service: Awaited<ReturnType<typeof startService>>;
  let browser: Browser;
  let next = 0;

  beforeAll(async () => {
    writeFileSync(config, PIPELINE);
    mkdirSync(join(data, 'models'), { recursive: true });
    for (const { id, text } of [linear!, trees!]) writeFileSync(join(data, 'models', `${id}.model`), text);
    service = await startService(['--config', config, '--data', data]);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    service?.child.kill('SIGTERM');
    await service?.ended;
  });

  const read = async (path: string) => JSON.parse(await (await fetch(`${service.url}${path}`)).text());
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, said: JSON.parse(await answer.text()) };
  };
  /** A large amount of each of two customers, and later ones of others that move the time on. */
  const pay = () => {
    next += 10;
    const of = (n: number, customerId: number, amountCents: number, afterMs: number) => ({
      ...{ transactionId: next + n, customerId, terminalId: 3, amountCents, occurredAt: AT + next * 60_000 + afterMs },
    });
    const later = [1, 2, 3, 4, 5, 6].map((n) => of(n + 1, n + 100, 100, 30_000));
    return post('/api/v1/streams/payments.transactions/events', [of(0, next + 1000, 29_000, 0), ...later]);
  };
  const modelsThatScored = async () => {
    const sql = 'SELECT DISTINCT model FROM scores ORDER BY 1';
    const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    return JSON.parse(stdout).map(({ model }: { model: string }) => model);
  };

  it('is promoted on the page, and its score raises an alert with reasons in words', async () => {
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    await pay();
    const { page, complaints } = await visit(browser, `${service.url}/models`);
    await page.fill('#model-actions input', 'anna');
    await page.click(`tr:has-text("${linear!.id}") button:has-text("Promote")`);
    await page.waitForSelector(`[role=status]:has-text("Done: promote ${linear!.id}")`);
    await page.click(`tr:has-text("${linear!.id}") button:has-text("${linear!.id}")`);
    await page.waitForSelector('#model-card:has-text("does not know")');
    expect(complaints).toEqual([]);
    await pay();
    await pay();
    await expect.poll(async () => (await read('/api/v1/alerts')).length, { timeout: 10_000 }).toBeGreaterThan(0);
    const [alert] = await read('/api/v1/alerts');
    expect(alert).toMatchObject({ model: linear!.id, rules: expect.stringContaining(linear!.id) });
    expect(alert.reasons).toContain('Amount (+');
    expect(await read('/api/v1/models')).toMatchObject([{ model: linear!.id, role: 'champion' }, { role: null }]);
  });

  it('is refused by name when its file is damaged, and the one before goes on', async () => {
    writeFileSync(join(data, 'models', `${trees!.id}.model`), trees!.text.slice(0, -50));
    const { status, said } = await post('/api/v1/models/actions', { action: 'promote', model: trees!.id, by: 'anna' });
    expect([status, said.message]).toEqual([409, expect.stringContaining('is damaged')]);
    expect(await read('/api/v1/models')).toMatchObject([
      { model: linear!.id, role: 'champion' },
      { problem: expect.any(String) },
    ]);
  });

  it('is tested on the past, taken back on the command line, and is in the history', async () => {
    const tested = await post('/api/v1/backtests', { model: linear!.id, rules: ['never'] });
    expect(tested).toMatchObject({ status: 200, said: { lost: [] } });
    expect(tested.said.gained.length).toBeGreaterThan(0);
    // By what the journal says scored, over the vectors that it has, nothing is gained or lost.
    const same = await post('/api/v1/backtests', { rules: ['never'] });
    expect(same).toMatchObject({ status: 200, said: { gained: [], lost: [] } });
    expect(same.said.live.alerts).toBeGreaterThan(0);
    expect(same.said.candidate).toEqual(same.said.live);
    const back = await millrace(['model', 'rollback', '--by', 'bob', '--data', data, '--json']);
    expect(JSON.parse(back.stdout)).toMatchObject({ outcome: 'done', previous: linear!.id, model: '' });
    const again = await millrace(['model', 'rollback', '--data', data]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('no model was promoted')]);
    const changes = await read('/api/v1/model-changes');
    expect(changes.map(({ action, by }: Record<string, string>) => [action, by])).toEqual([
      ['rollback', 'bob'],
      ['promote', 'anna'],
    ]);
    expect(await modelsThatScored()).toEqual([linear!.id, 'rules-1']);
    expect(await read(`/api/v1/models/${linear!.id}/drift`)).toMatchObject({ model: linear!.id, drifts: [] });
    expect((await fetch(`${service.url}/api/v1/models/none/drift`)).status).toBe(404);
  });

  it('that could not be trained anew leaves a round that says why, once for a key', async () => {
    const retrain = ['model', 'retrain', '--by', 'job weekly', '--key', 'weekly@1', '--data', data];
    const failed = await millrace(retrain);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('training takes')]);
    await millrace(retrain);
    const rounds = await read('/api/v1/model-rounds');
    expect(rounds).toMatchObject([
      { round_id: 'weekly@1', by: 'job weekly', outcome: 'failed', model: '', champion: '' },
    ]);
    expect(failed.stderr).toContain(rounds[0].why);
  });
});
