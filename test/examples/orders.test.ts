/** config/orders.yaml with its sample does what its comments say; the numbers are counted by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';

test('the example of orders gives sales per country, and what each order is and was', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-orders-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const output: string[] = [];
  const summary = await runInputs({
    config: { ...loadConfig('config/orders.yaml', {}), dataDir },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [{ stream: 'orders', file: 'config/orders.jsonl' }],
    temporary: false,
    flush: true,
    only: ['sales_per_country'],
    async output(lines) {
      for await (const line of lines) output.push(line);
    },
    onProgress() {},
  });
  expect(summary).toMatchObject({ in: 8, committed: 6, deadLetters: 2 });
  expect(summary.failures).toEqual({
    orders: {
      'status in ["placed","paid","shipped","cancelled"]': 1,
      'that paid <= amount': 1,
      'customer.email notNull': 2,
    },
  });
  expect(output.map((line) => JSON.parse(line))).toMatchObject([
    { key: 'DE', orders: 2, total: 200, largest: 120 },
    { key: 'AT', orders: 1, total: 35.5, largest: 35.5 },
  ]);
  const offline = await openReadModels(dataDir);
  onTestFinished(() => offline.close());
  await offline.catchUp();
  expect(await offline.query('sqlite', 'SELECT "orderId" AS id, status FROM orders ORDER BY id')).toEqual([
    { id: 'o-1', status: 'shipped' },
    { id: 'o-2', status: 'paid' },
    { id: 'o-3', status: 'paid' },
  ]);
  const was = `SELECT status, "customer.country" AS country FROM orders WHERE "orderId" = 'o-1' ORDER BY "changedAt"`;
  expect(await offline.query('duckdb', was)).toEqual([
    { status: 'placed', country: 'DE' },
    { status: 'paid', country: 'DE' },
    { status: 'shipped', country: 'DE' },
  ]);
});
