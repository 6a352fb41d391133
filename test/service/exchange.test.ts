/** Windows whose groups span partitions: the number of partitions must not show, nor threads, nor a crash. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runScriptLines } from './script-run.ts';

const WINDOWS = `
  tumbling: { stream: clicks, key: null, window: { tumbling: 3s }, aggregate: { n: count(), total: sum(amount), mean: avg(amount), spender: "arg_max(userId, amount)" } }
  busiest: { stream: clicks, window: { hopping: { size: 4s, every: 2s } }, top: { by: n, limit: 2 }, aggregate: { n: count() } }
  hopping: { stream: clicks, key: amount, window: { hopping: { size: 4s, every: 2s } }, aggregate: { n: count(), users: distinct(userId) } }
  sliding: { stream: clicks, key: null, window: { sliding: 2s }, aggregate: { n: count(), total: sum(amount) } }
  sessions: { stream: clicks, key: null, window: { session: 1s }, aggregate: { n: count(), largest: max(amount), median: "quantile(amount, 0.5)" } }
  ends: { stream: clicks, key: null, window: { tumbling: 3s }, aggregate: { first: first(userId), last: last(userId), users: collect(userId), amounts: collect(amount), thriftiest: "arg_min(userId, amount)" } }
  of_view: { stream: halves, key: group, window: { session: 1s }, aggregate: { first: first(user), last: last(user), halves: collect(half), total: sum(half) } }
  by_user: { stream: clicks, window: { session: 1s }, aggregate: { n: count() } }`;
const DERIVED = `halves: { stream: clicks, select: { user: userId, group: amount, half: amount / 7 } }`;

/** In order of time, within the bound: what is late depends on the order between partitions. Many are of one time. */
const events = fc
  .array(
    fc.record({
      userId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      gapMs: fc.oneof(fc.constant(0), fc.nat(1500)),
      amount: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 20, maxLength: 60 },
  )
  .map((drawn) => {
    let occurredAt = 0;
    return drawn.map(({ userId, gapMs, amount }) => {
      occurredAt += gapMs;
      return { userId, occurredAt, amount };
    });
  });

async function resultsOf(lines: readonly object[], partitions: number, threads = 0): Promise<string[]> {
  const run = {
    watermark: '{ outOfOrderness: 1s }',
    windows: WINDOWS.trimStart(),
    derived: DERIVED,
    lines,
    partitions,
    threads,
  };
  const { output, summary } = await runScriptLines(run);
  expect(summary.late).toBe(0);
  // What made a window fire is a watermark, which each number of partitions has of its own.
  return output.map(({ at: _, ...result }) => JSON.stringify(result)).sort();
}

test('have the results of one partition on 2, 3 and 8, in threads, and when the process dies in between', async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.nat(), async (lines, cut) => {
      const expected = await resultsOf(lines, 1);
      expect(expected.length).toBeGreaterThan(10);
      expect(await resultsOf(lines, 2)).toEqual(expected);
      expect(await resultsOf(lines, 3, 2)).toEqual(expected);
      const at = cut % lines.length;
      const restarted = [...lines.slice(0, at), { $snapshot: true }, { $restart: true }, ...lines.slice(at)];
      expect(await resultsOf(restarted, 8)).toEqual(expected);
    }),
    { numRuns: 3 },
  );
});

test('close for a partition that has nothing only when its watermark says so', async () => {
  const windows = 'all: { stream: clicks, key: null, window: { tumbling: 3s }, aggregate: { n: count() } }';
  const lines = [
    { userId: 'a', occurredAt: 1000 },
    { userId: 'b', occurredAt: 2000 },
    { userId: 'b', occurredAt: 9000 },
    { $watermark: 2999, $partition: 0 },
    { $watermark: 2999 },
  ];
  const run = { watermark: 'scripted', partitions: 2, windows, lines, flush: false };
  const { output, summary } = await runScriptLines(run);
  expect(summary.windows).toBe(1);
  expect(output).toEqual([
    expect.objectContaining({ stream: 'all', key: null, start: 0, end: 3000, revision: 0, at: 2999, n: 2 }),
  ]);
});
