/**
 * A deploy that adds, changes or removes an operator: it alone begins anew, from all that the log has, as if it had been
 * there from the start; the others go on. Where the log was pruned the start is refused, and says why.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openReadModels } from '../../src/channel/offline.ts';
import { pruneData } from '../../src/data-directory/retention.ts';
import { click, runScriptLines, temporaryDirectory } from './script-run.ts';

const COUNTS = 'counts: { stream: clicks, window: { tumbling: 10s }, aggregate: { n: count() } }';
const SUMS = 'sums: { stream: clicks, window: { tumbling: 10s }, aggregate: { total: sum(amount) } }';
const WIDER = 'sums: { stream: clicks, window: { tumbling: 20s }, aggregate: { total: sum(amount) } }';
const ONE = { watermark: '{ outOfOrderness: 0s }', flush: false } as const;

const EARLIER = [click('a', 1000, { amount: 3 }), click('b', 2000, { amount: 4 }), click('a', 4000, { amount: 5 })];
const LATER = [click('a', 6000, { amount: 7 }), click('z', 30_000)];

const results = (output: readonly Record<string, unknown>[], stream: string) =>
  output
    .filter((line) => line.stream === stream && line.revision === 0)
    .map(({ at: _, ...line }) => JSON.stringify(line))
    .sort();

/** Runs the earlier events by one pipeline and the later ones by another, into one directory. */
async function deploy(before: string, after: string, threads = 0) {
  const data = temporaryDirectory();
  await runScriptLines({ ...ONE, data, windows: before, lines: EARLIER });
  const { output } = await runScriptLines({ ...ONE, data, threads, windows: after, lines: [...EARLIER, ...LATER] });
  const models = await openReadModels(join(data, 'data'));
  const differences = (await models.rederive()).reduce((sum, log) => sum + log.differences, 0);
  await models.close();
  return { output, differences };
}

describe('an operator that a deploy brings', () => {
  test.each([
    ['new', COUNTS, `${COUNTS}\n  ${SUMS}`, 0],
    ['new, in a thread', COUNTS, `${COUNTS}\n  ${SUMS}`, 1],
    ['changed', `${COUNTS}\n  ${WIDER}`, `${COUNTS}\n  ${SUMS}`, 0],
  ])('%s, has all events of the log, as if it had been there from the start', async (_, before, after, threads) => {
    const whole = await runScriptLines({ ...ONE, windows: after, lines: [...EARLIER, ...LATER] });
    const { output, differences } = await deploy(before, after, threads);
    expect(results(output, 'sums')).toEqual(results(whole.output, 'sums'));
    expect(results(output, 'counts')).toEqual(results(whole.output, 'counts'));
    expect(results(output, 'sums')).toHaveLength(2);
    expect(differences).toBe(0);
  });

  test('and another that it takes away: the rest goes on', async () => {
    const { output, differences } = await deploy(`${COUNTS}\n  ${SUMS}`, COUNTS);
    const whole = await runScriptLines({ ...ONE, windows: COUNTS, lines: [...EARLIER, ...LATER] });
    expect(results(output, 'counts')).toEqual(results(whole.output, 'counts'));
    expect(differences).toBe(0);
  });

  test('is refused where the events that it needs were pruned, and nothing is damaged', {
    timeout: 60_000,
  }, async () => {
    const data = temporaryDirectory();
    const pad = 'x'.repeat(2000);
    const small = `${COUNTS}\njournal: { segment: 64KB }`;
    const lines: object[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 200; i++) lines.push(click(`${pad}${i}`, round * 20_000 + i * 100));
      lines.push({ $snapshot: true });
      await runScriptLines({ ...ONE, data, windows: small, lines });
    }
    const models = await openReadModels(join(data, 'data'));
    await models.catchUp();
    await models.close();
    const pruned = await pruneData(join(data, 'data'), { ageMs: null, maxBytes: 65_536 }, false, Date.now());
    expect(pruned.find(({ log }) => log === 'clicks-0')?.segments.length).toBeGreaterThan(0);
    const again = runScriptLines({ ...ONE, data, windows: `${SUMS}\n  ${small}`, lines });
    await expect(again).rejects.toThrow(
      /windows\.sums: it is new here, so it has to be told all events of clicks-0 .* before offset \d+ were pruned/,
    );
    await expect(
      runScriptLines({ ...ONE, data, windows: small, lines: [...lines, click('z', 900_000)] }),
    ).resolves.toBeDefined();
  });
});
