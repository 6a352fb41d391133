/** Commands about cases on a running service, with what goes wrong between a command and its answer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createView } from '../../../src/api/view.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createDesk } from '../../../src/fraud/desk/desk.ts';
import { type ServiceCore, startService } from '../../../src/service.ts';
import { temporaryDirectory } from '../../service/script-run.ts';

const PIPELINE = `
streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt }
  outcomes: { builtin: FraudLabel, key: customerId, eventTime: knownAt, partitions: 2 }
fraud: { stream: payments.transactions }
`;
const LOGGER = { debug() {}, info() {}, warn() {}, error() {} };

test('an outcome whose labels were not handed on is made up for by the same command, and by the next, once', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, PIPELINE);
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const service = await startService({ config, logger: LOGGER, version: '', attach: () => [] });
  const view = createView(service);
  const { stores } = service.readModels;
  const large = { terminalId: 2, amountCents: 50_000, occurredAt: 1000 };
  const events = [1, 2, 3].map((id) => JSON.stringify({ ...large, transactionId: id, customerId: id }));
  const bytes = Buffer.from(events.join('\n'));
  await view.ingest('payments.transactions', { format: 'json-lines', encoding: 'identity', bytes });

  const close = (customer: number) => ({
    ...{ commandId: `command-${customer}`, by: 'anna', note: '', forMs: 0 },
    ...{ caseId: `case-${customer}-${customer}`, action: 'confirm' as const },
  });
  const passed = async () => {
    const sql =
      "SELECT transaction_id FROM labels WHERE origin = 'analyst' GROUP BY ALL HAVING count(*) = 2 ORDER BY 1";
    const twice = await stores.of('duckdb').read({ kind: 'query', sql });
    return twice.map((row) => Number(row.transaction_id));
  };
  // The case is closed, and what comes after it fails.
  const failing = createDesk(withoutAnalytics(service));
  await expect(failing.act(close(1))).rejects.toThrow('the store has ended');
  await expect(failing.act(close(2))).rejects.toThrow('the store has ended');
  const desk = createDesk(service);
  expect(await passed()).toEqual([]);
  expect(await desk.act(close(1))).toMatchObject({ kind: 'done', action: { state: 'confirmed' } });
  await Promise.all([desk.act(close(3)), desk.act(close(2))]);
  await desk.act(close(3));
  expect(await passed()).toEqual([1, 2, 3]);
  const all = "SELECT count(*)::INT AS n FROM labels WHERE origin = 'analyst'";
  expect(await stores.of('duckdb').read({ kind: 'query', sql: all })).toEqual([{ n: 6 }]);
  await view.close();
  await service.stop();
});

function withoutAnalytics(service: ServiceCore): ServiceCore {
  const { stores } = service.readModels;
  const of: typeof stores.of = (name) =>
    name === 'duckdb'
      ? { ...stores.of(name), read: () => Promise.reject(new Error('the store has ended')) }
      : stores.of(name);
  return { ...service, readModels: { ...service.readModels, stores: { ...stores, of } } };
}
