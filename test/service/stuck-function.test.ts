/** A function of a user that does not return: its thread is ended, and only the calls with those arguments are given up. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { outputLines } from '../../src/run/output.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory, writePipeline } from './script-run.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/stuck-function.js', import.meta.url));
const SAYS = 'the function twice() of clicks-1 has not returned for 0.2 s (supervision.stuckAfter)';
const VIEWS = [
  'doubled: SELECT userId, twice(amount) AS twice FROM clicks',
  'sums: >\n    SELECT userId, time_bucket(INTERVAL 1 MINUTE, occurredAt) AS m, sum(twice(amount)) AS s FROM clicks GROUP BY ALL',
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
  const deliver = (next: number, amounts: readonly number[]): Promise<void> => {
    const events = amounts.map((amount, i) => ({ userId: 'a', occurredAt: next * 61_000 + i, amount }));
    const blocks = [clicks.eventType.encodeBlock(events)];
    return new Promise((resolve, reject) => {
      const batch = { source: 'test', next, blocks, onDurable: () => resolve(), onRejected: reject };
      clicks.intake.deliver(1, batch).catch(reject);
    });
  };
  const output = async (): Promise<string[]> => {
    const { reader, registry, units } = service.pipeline;
    const lines: string[] = [];
    for await (const line of outputLines(reader, registry, units, ['doubled', 'sums', 'clicks.dead-letters'])) {
      const { stream, twice, s, reason, detail } = JSON.parse(line);
      lines.push(`${stream} ${twice ?? s ?? `${reason}: ${detail}`}`);
    }
    return lines;
  };
  return { service, deliver, output };
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
  // A replay makes no call that was cut off: it would wait for an hour.
  await service.kill();
  const again = await start(3_600_000, data);
  await again.deliver(3, [4]);
  expect((await again.output()).filter((line) => line.startsWith('doubled'))).toEqual([
    ...given.filter((line) => line.startsWith('doubled')),
    'doubled 8',
  ]);
  await again.service.stop();
});
