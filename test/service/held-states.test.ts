/** Keys and bytes that operators of users hold: in the overview and as metrics, from the main thread and from others. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory, writePipeline } from './script-run.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/stuck.js', import.meta.url));

test.for([0, 1])('are told of with %i threads', { timeout: 30_000 }, async (threads) => {
  const directory = temporaryDirectory();
  const operators = `own: { module: ${MODULE}, input: { clicks: userId }, ttl: 1h }`;
  const file = writePipeline(directory, { watermark: '{ outOfOrderness: 1s }', partitions: 2, operators, lines: [] });
  const { runtime, ...rest } = loadConfig(file, {});
  const config = { ...rest, dataDir: join(directory, 'data'), runtime: { ...runtime, threads } };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  await service.ready;
  const clicks = service.pipeline.streams.get('clicks');
  if (clicks === undefined) throw new Error('There is no stream clicks');
  const deliver = (partition: number, next: number, users: readonly string[], occurredAt: number): Promise<void> => {
    const block = clicks.eventType.encodeBlock(users.map((userId) => ({ userId, occurredAt, amount: 1 })));
    return new Promise((resolve, reject) => {
      const batch = { source: 'test', next, blocks: [block], onDurable: () => resolve(), onRejected: reject };
      clicks.intake.deliver(partition, batch).catch(reject);
    });
  };
  const keys = () =>
    service.observer.overview().operators.map(({ operator, keys, failed }) => ({ operator, keys, failed }));
  const metric = async (name: string): Promise<number[]> => {
    const { body } = await service.observer.metrics.text();
    const of = (partition: number) =>
      new RegExp(`^millrace_${name}{operator="own",partition="${partition}"} (.+)$`, 'm');
    return [0, 1].map((partition) => Number(of(partition).exec(body)?.[1]));
  };
  await deliver(0, 1, ['a', 'bb', 'a', 'ccc'], 1000);
  await deliver(1, 1, ['d'], 1000);
  const soon = { timeout: 10_000, interval: 100 };
  await vi.waitFor(() => expect(keys()).toEqual([{ operator: 'own', keys: 4, failed: 0 }]), soon);
  expect(await metric('operator_keys')).toEqual([3, 1]);
  const [three = 0, one = 0] = await metric('operator_state_bytes');
  expect(one).toBeGreaterThan(10);
  expect(three).toBeGreaterThan(2.9 * one);
  // Their time to live is over, but for that of the key that comes.
  await deliver(0, 2, ['e'], 2 * 3_600_000);
  await vi.waitFor(() => expect(keys()).toEqual([{ operator: 'own', keys: 2, failed: 0 }]), soon);
  await service.stop();
});
