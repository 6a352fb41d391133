/** A function of a user that does not return: its thread is ended, and only the calls with those arguments are given up. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { outputLines } from '../../src/run/output.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory, writePipeline } from './script-run.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/stuck-function.js', import.meta.url));
const SAYS = 'the function twice() of clicks-1 has not returned for 0.2 s (supervision.stuckAfter)';
const VIEWS = [
  'doubled: SELECT userId, twice(amount) AS twice FROM clicks',
  'sums: >\n    SELECT userId, time_bucket(INTERVAL 1 MINUTE, occurredAt) AS m, sum(twice(amount)) AS s FROM clicks GROUP BY ALL',
  'keyed: >\n    SELECT twice(amount) AS k, time_bucket(INTERVAL 1 MINUTE, occurredAt) AS m, count(*) AS n FROM clicks GROUP BY ALL',
];

async function start(stuckAfterMs: number, data: string) {
  const file = writePipeline(data, {
    watermark: '{ outOfOrderness: 1ms }',
    partitions: 2,
    views: VIEWS.join('\n  '),
    lines: [],
  });
  writeFileSync(file, `${readFileSync(file, 'utf8')}functions: { twice: ${MODULE} }\n`);
  const { supervision, ...rest } = loadConfig(file, {});
  const often = { stuckAfterMs, minBackoffMs: 1, maxBackoffMs: 5, shutdownMs: 300 };
  const config = { ...rest, dataDir: join(data, 'data'), supervision: { ...supervision, ...often } };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger: silent, version: '', attach: () => [] });
  await service.ready;
  const clicks = service.pipeline.streams.get('clicks');
  if (clicks === undefined) throw new Error('There is no stream clicks');
  const deliver = (next: number, amounts: readonly number[], partition = 1): Promise<void> => {
    const events = amounts.map((amount, i) => ({ userId: 'a', occurredAt: next * 61_000 + i, amount }));
    const blocks = [clicks.eventType.encodeBlock(events)];
    return new Promise((resolve, reject) => {
      const batch = { source: 'test', next, blocks, onDurable: () => resolve(), onRejected: reject };
      clicks.intake.deliver(partition, batch).catch(reject);
    });
  };
  const output = async (): Promise<string[]> => {
    const { reader, registry, units, exchanges } = service.pipeline;
    const letters = exchanges.map(({ stream }) => `${stream.name}.dead-letters`);
    const lines: string[] = [];
    for await (const line of outputLines(reader, registry, units, [
      'doubled',
      'sums',
      'keyed',
      'clicks.dead-letters',
      ...letters,
    ])) {
      const { stream, twice, k, s, reason, detail } = JSON.parse(line);
      lines.push(`${stream} ${twice ?? k ?? s ?? `${reason}: ${detail}`}`);
    }
    return lines;
  };
  return { service, deliver, output };
}

/** Results of the window behind the exchange. */
async function closed(output: () => Promise<string[]>): Promise<string[]> {
  return (await output()).filter((line) => line.startsWith('keyed')).sort();
}

test('is cut off, and all other events go on, also when the log is read again', { timeout: 60_000 }, async () => {
  const data = temporaryDirectory();
  const { service, deliver, output } = await start(200, data);
  await deliver(1, [1, 15, 2]);
  await deliver(2, [3]);
  const given = await output();
  expect(given.filter((line) => line.startsWith('doubled'))).toEqual(['doubled 2', 'doubled 4', 'doubled 6']);
  expect(given.filter((line) => line.startsWith('sums'))).toEqual(['sums 6']);
  const letters = given.filter((line) => line.startsWith('clicks.dead-letters'));
  // One for the derived stream, and one for the window.
  expect(letters).toHaveLength(2);
  for (const letter of letters) expect(letter).toContain(`clicks.dead-letters expression-failed: `);
  for (const letter of letters) expect(letter).toContain(SAYS);
  // The key of an exchange is computed before the event has a partition there, which then says that it is a dead letter.
  await deliver(1, [10], 0);
  await deliver(2, [10], 0);
  await vi.waitFor(async () => expect(await closed(output)).toEqual(['keyed 2', 'keyed 20', 'keyed 4']), 30_000);
  const own = (await output()).filter((line) => line.startsWith('clicks.by.'));
  expect(own).toEqual([
    expect.stringContaining('keyed: at character 6: the function twice() of the keys of clicks.by.CAST_twice_amount'),
  ]);
  const before = (await output()).filter((line) => line.startsWith('doubled'));
  // A replay makes no call that was cut off: it would wait for an hour.
  await service.kill();
  const again = await start(3_600_000, data);
  await again.deliver(3, [4]);
  const after = (await again.output()).filter((line) => line.startsWith('doubled'));
  expect(after.sort()).toEqual([...before, 'doubled 8'].sort());
  await again.service.stop();
});
