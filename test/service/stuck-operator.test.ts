/** An operator of a user that does not return, in a thread: it is named, its thread is ended, and its batch is set aside. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { filePositionType } from '../../src/messages/types.ts';
import { outputLines } from '../../src/run/output.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory, writePipeline } from './script-run.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/stuck.js', import.meta.url));
const SAYS = 'the operator own of clicks-1 has not returned for 0.2 s (supervision.stuckAfter)';

test('is told of by name, and everything else goes on', { timeout: 60_000 }, async () => {
  const directory = temporaryDirectory();
  const operators = `own: { module: ${MODULE}, input: { clicks: userId }, onError: deadLetter }`;
  const file = writePipeline(directory, { watermark: '{ outOfOrderness: 1s }', partitions: 2, operators, lines: [] });
  const { runtime, supervision, ...rest } = loadConfig(file, {});
  const often = { quarantineAfter: 1, stuckAfterMs: 200, minBackoffMs: 1, maxBackoffMs: 5 };
  const config = {
    ...rest,
    dataDir: join(directory, 'data'),
    runtime: { ...runtime, threads: 1 },
    supervision: { ...supervision, ...often },
  };
  const told: string[] = [];
  const tell = (...line: unknown[]): void => void told.push(JSON.stringify(line));
  const logger = { debug() {}, info: tell, warn: tell, error: tell };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  await service.ready;
  const clicks = service.pipeline.streams.get('clicks');
  if (clicks === undefined) throw new Error('There is no stream clicks');
  const problems = new Set<string>();
  const looking = setInterval(() => {
    for (const unit of service.pipeline.units) problems.add(unit.problem() ?? '');
  }, 10);
  const position = { path: 'c.jsonl', partitions: 2, lines: 7, records: 7, bytes: 100, sha256: '00', isCut: false };
  const deliver = (partition: number, next: number, amount: number): Promise<void> => {
    const block = clicks.eventType.encodeBlock([{ userId: 'a', occurredAt: next, amount }]);
    return new Promise((resolve, reject) => {
      const batch = {
        source: 'test',
        next,
        blocks: [block, ...(amount === 15 ? [filePositionType.encodeBlock([position])] : [])],
        onDurable: () => resolve(),
        onRejected: reject,
      };
      clicks.intake.deliver(partition, batch).catch(reject);
    });
  };
  await deliver(0, 1, 1);
  await deliver(1, 1, 1);
  const stuck = deliver(1, 2, 15);
  const after = [deliver(0, 2, 1), deliver(1, 3, 1)];
  await Promise.all([stuck, ...after]);
  clearInterval(looking);
  expect([...problems].filter((problem) => problem.startsWith('clicks-1: ')).join()).toContain(SAYS);
  expect(told.filter((line) => line.includes(SAYS)).length).toBeGreaterThan(0);
  expect(service.pipeline.units.map((unit) => unit.problem())).toEqual([null, null, null]);
  expect(service.pipeline.units.flatMap((unit) => unit.files())).toEqual([position]);
  const output: string[] = [];
  const { reader, registry, units } = service.pipeline;
  for await (const line of outputLines(reader, registry, units, ['own.counts', 'clicks.dead-letters']))
    output.push(line);
  await service.stop();
  const events = output.map((line) => JSON.parse(line));
  expect(
    events
      .filter(({ stream }) => stream === 'own.counts')
      .map(({ n }) => n)
      .sort(),
  ).toEqual([1, 1, 2, 2]);
  expect(events.filter(({ stream }) => stream !== 'own.counts')).toMatchObject([
    { reason: 'quarantined', detail: expect.stringContaining(SAYS) },
  ]);
});
