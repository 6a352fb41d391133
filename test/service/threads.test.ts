/** Partitions in threads of their own: neither their number nor a crash shows in what is derived. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { startService } from '../../src/service.ts';
import { type PartitionThreads, startPartitionThreads } from '../../src/workers/partition-threads.ts';
import { runScriptLines, temporaryDirectory, writePipeline } from './script-run.ts';

const WINDOWS = `
  sessions: { stream: clicks, window: { session: 1s }, allowedLateness: 1s, aggregate: { n: count(), all: collect(amount) } }
  sliding: { stream: clicks, window: { sliding: 2s }, aggregate: { n: count(), mean: avg(amount) } }
  tumbling: { stream: clicks, key: null, window: { tumbling: 3s }, aggregate: { n: count(), users: distinct(userId) } }`;
const STREAMS =
  '  paid: { schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: { outOfOrderness: 1s } }\n';
const JOINS = 'both: { left: clicks, right: paid, type: outer, within: 1s }';

/** Some are late, some can't be taken. */
const lines = fc
  .array(
    fc.record({
      userId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      gapMs: fc.integer({ min: -2500, max: 2500 }),
      amount: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.constant('much')),
      $stream: fc.constantFrom('clicks', 'clicks', 'paid'),
    }),
    { minLength: 30, maxLength: 60 },
  )
  .map((drawn) => {
    let occurredAt = 10_000;
    return drawn.map(({ gapMs, ...line }) => {
      occurredAt = Math.max(0, occurredAt + gapMs);
      return { ...line, occurredAt };
    });
  });

async function resultsOf(own: readonly object[], partitions: number, threads: number) {
  const { output, summary } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    windows: WINDOWS.trimStart(),
    streams: STREAMS,
    joins: JOINS,
    lines: own,
    partitions,
    threads,
  });
  const { committed, deadLetters, late, lateWindows, windows, watermarks } = summary;
  // Which watermark made a window over all partitions fire depends on which of them the end of input reached first.
  const inOrder = output.map(({ at: _, ...line }) => JSON.stringify(line)).sort();
  return { output: inOrder, committed, deadLetters, late, lateWindows, windows, watermarks };
}

test('have the results of one thread, also when the process dies in between', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), fc.constantFrom(1, 3), async (own, cut, partitions) => {
      const expected = await resultsOf(own, partitions, 0);
      expect(expected.output.length).toBeGreaterThan(10);
      expect(await resultsOf(own, partitions, 1)).toEqual(expected);
      const at = cut % own.length;
      const restarted = [...own.slice(0, at), { $snapshot: true }, { $restart: true }, ...own.slice(at)];
      expect(await resultsOf(restarted, partitions, 2)).toEqual(await resultsOf(restarted, partitions, 0));
    }),
    { numRuns: 2 },
  );
});

test('are started again when one dies, and each event still takes effect once', async () => {
  const data = temporaryDirectory();
  const windows =
    'all: { stream: clicks, key: null, window: { tumbling: 1h }, aggregate: { n: count(), total: sum(amount) } }';
  const file = writePipeline(data, { watermark: '{ outOfOrderness: 1s }', partitions: 3, windows, lines: [] });
  const { runtime, supervision, ...rest } = loadConfig(file, {});
  const config = {
    ...rest,
    dataDir: join(data, 'data'),
    runtime: { ...runtime, threads: 2 },
    supervision: { ...supervision, minBackoffMs: 1, maxBackoffMs: 5 },
  };
  const started: PartitionThreads[] = [];
  const service = await startService({
    config,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    version: '',
    attach: () => [],
    platform: {
      ...nodePlatform,
      startPartitionThreads(count, stuckAfterMs) {
        const threads = startPartitionThreads(count, stuckAfterMs);
        started.push(threads);
        return threads;
      },
    },
  });
  await service.ready;
  const clicks = service.pipeline.streams.get('clicks');
  if (clicks === undefined) throw new Error('There is no stream clicks');
  const durable: Promise<void>[] = [];
  for (let next = 1; next <= 300; next++) {
    const block = clicks.eventType.encodeBlock([{ userId: 'a', occurredAt: next, amount: next }]);
    const partition = next % 3;
    const done = new Promise<void>((resolve, reject) => {
      const batch = { source: 'test', next, blocks: [block], onDurable: () => resolve(), onRejected: reject };
      clicks.intake.deliver(partition, batch).catch(reject);
    });
    durable.push(done);
    if (next % 10 === 0) await done;
    // Every thread, in the middle of its work.
    if (next === 105 || next === 205) {
      const workers = [...(started[0]?.workers() ?? [])];
      expect(workers).toHaveLength(2);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  }
  await Promise.all(durable);
  await service.settled();
  const { units } = service.pipeline;
  expect(units.flatMap((unit) => unit.status().maxEventTimeMs)).toContain(300);
  await service.stop();
  const again = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    partitions: 3,
    windows,
    lines: [],
    data,
  });
  expect(again.output).toMatchObject([{ stream: 'all', n: 300, total: 45_150 }]);
});
