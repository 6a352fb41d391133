/** Suites that are held against a stream while the service runs, over a restart: each run is journaled, a change is raised once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createView } from '../../src/api/view.ts';
import { loadConfig } from '../../src/config/load.ts';
import { checkChildren } from '../../src/service/checks.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const SCHEMA = {
  type: 'record',
  name: 'Payment',
  fields: [
    { name: 'card', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'double' },
  ],
};
const PIPELINE = `
streams: { pay: { schema: ./payment.avsc, key: card, eventTime: at } }
checks:
  pays:
    on: pay
    every: 1m
    over: 2m
    expectations: [{ expect_column_values_to_be_between: { column: amount, min_value: 0 } }]
sinks: { out: { log: {}, from: [alerts] } }
`;
const MINUTE_MS = 60_000;

test('a suite that fails and recovers has a run a minute, and two alerts', { timeout: 60_000 }, async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'payment.avsc'), JSON.stringify(SCHEMA));
  writeFileSync(join(directory, 'p.yaml'), PIPELINE);
  const config = { ...loadConfig(join(directory, 'p.yaml'), {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  let nowMs = Date.parse('2026-05-01T10:00:30Z');
  const platform = {
    ...nodePlatform,
    nowMs: () => nowMs,
    sleep: (_: number, s?: AbortSignal) => nodePlatform.sleep(5, s),
  };
  async function start() {
    const service = await startService({ config, logger, version: '', attach: checkChildren, platform });
    await service.ready;
    const column = async (sql: string): Promise<unknown[]> => {
      const rows = await service.readModels.stores.of('sqlite').read({ kind: 'query', sql });
      return rows.map(({ v }) => v);
    };
    return {
      service,
      async has(outcomes: readonly string[], raised: readonly string[]): Promise<void> {
        const soon = { timeout: 20_000, interval: 20 };
        await vi.waitFor(async () => {
          expect(await column('SELECT outcome AS v FROM check_runs ORDER BY due')).toEqual(outcomes);
          expect(await column('SELECT state AS v FROM service_alerts ORDER BY raised_at')).toEqual(raised);
        }, soon);
      },
    };
  }
  const first = await start();
  const event = Buffer.from(JSON.stringify({ card: 'a', at: nowMs, amount: -1 }));
  await createView(first.service).ingest('pay', { format: 'json-lines', encoding: 'identity', bytes: event });
  await first.service.settled();
  while (first.service.readModels.lag() > 0) await new Promise((resolve) => setImmediate(resolve));
  nowMs += MINUTE_MS;
  await first.has(['failed'], ['firing']);
  nowMs += MINUTE_MS;
  await first.has(['failed', 'failed'], ['firing']);
  await first.service.stop();
  // It is due when the service is there again, and of two minutes that have no event.
  nowMs += MINUTE_MS;
  const second = await start();
  await second.has(['failed', 'failed', 'warning'], ['firing', 'resolved']);
  await second.service.stop();
});
