/** What exchanges have of a log holds back what may be pruned of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exchangedOffsets } from '../../src/data-directory/exchanged-offsets.ts';
import { journalOf, openReader } from '../../src/journal/open-reader.ts';
import { nodeSyncFs } from '../../src/journal/sync-fs.ts';
import { click, runScriptLines, temporaryDirectory } from '../service/script-run.ts';

test('is all of it once a run has ended, nothing where a partition has nothing, and no bound where none reads', async () => {
  const data = temporaryDirectory();
  const windows = 'by_amount: { stream: clicks, key: amount, window: { tumbling: 3s }, aggregate: { n: count() } }';
  const lines = Array.from({ length: 40 }, (_, i) => click(`user ${i}`, i * 100, { amount: i % 5 }));
  await runScriptLines({ watermark: '{ outOfOrderness: 1s }', partitions: 2, windows, lines, data });
  const dataDir = join(data, 'data');
  const reader = openReader(journalOf(dataDir));
  const offsets = await exchangedOffsets(dataDir, reader, nodeSyncFs);
  for (const log of ['clicks-0', 'clicks-1']) {
    expect(await reader.endOf(log)).toBeGreaterThan(10);
    expect(offsets(log)).toBe(await reader.endOf(log));
  }
  expect(offsets('clicks.by.amount-0')).toBe(Number.POSITIVE_INFINITY);

  const noted = join(dataDir, 'derivations.json');
  const entries = readFileSync(noted, 'utf8').replaceAll('"clicks.by.amount-1"', '"clicks.by.amount-9"');
  writeFileSync(noted, entries);
  expect((await exchangedOffsets(dataDir, reader, nodeSyncFs))('clicks-0')).toBe(0);
});
