/** An operator of a user that does not return: it is named, its thread is ended, and only that call is given up. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { filePositionType } from '../../src/messages/types.ts';
import { outputLines } from '../../src/run/output.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory, writePipeline } from './script-run.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/stuck.js', import.meta.url));
const SAYS = 'the operator own of clicks-1 has not returned for 0.2 s (supervision.stuckAfter)';
const POSITION = { path: 'c.jsonl', partitions: 2, lines: 7, records: 7, bytes: 100, sha256: '00', isCut: false };

type Click = Readonly<Record<'userId' | 'occurredAt' | 'amount', string | number>>;

/** A service with two partitions and no thread but that of the operator. */
async function start(onError: string | null, stuckAfterMs: number, data = temporaryDirectory()) {
  const own = `own: { module: ${MODULE}, input: { clicks: userId }, onError: ${onError} }`;
  const operators = onError === null ? {} : { operators: own };
  const file = writePipeline(data, { watermark: '{ outOfOrderness: 1ms }', partitions: 2, ...operators, lines: [] });
  const { supervision, ...rest } = loadConfig(file, {});
  const often = { stuckAfterMs, minBackoffMs: 1, maxBackoffMs: 5, shutdownMs: 300 };
  const config = { ...rest, dataDir: join(data, 'data'), supervision: { ...supervision, ...often } };
  const told: string[] = [];
  const tell = (...line: unknown[]): void => void told.push(JSON.stringify(line));
  const logger = { debug() {}, info: tell, warn: tell, error: tell };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  await service.ready;
  const clicks = service.pipeline.streams.get('clicks');
  if (clicks === undefined) throw new Error('There is no stream clicks');
  const deliver = (partition: number, next: number, events: readonly Click[], isFile = false): Promise<void> => {
    const position = isFile ? [filePositionType.encodeBlock([POSITION])] : [];
    const blocks = [clicks.eventType.encodeBlock(events), ...position];
    return new Promise((resolve, reject) => {
      const batch = { source: 'test', next, blocks, onDurable: () => resolve(), onRejected: reject };
      clicks.intake.deliver(partition, batch).catch(reject);
    });
  };
  const output = async (): Promise<Record<string, unknown>[]> => {
    const { reader, registry, units } = service.pipeline;
    const lines: Record<string, unknown>[] = [];
    for await (const line of outputLines(reader, registry, units, ['own.counts', 'clicks.dead-letters']))
      lines.push(JSON.parse(line));
    return lines;
  };
  return { service, deliver, output, told };
}

const click = (userId: string, occurredAt: number, amount = 1): Click => ({ userId, occurredAt, amount });
const countsOf = (events: readonly Record<string, unknown>[]): unknown[] =>
  events.filter(({ stream }) => stream === 'own.counts').map(({ key, n }) => `${key}${n}`);

test.for(['deadLetter', 'fail'])(
  'gives up one call and no other with onError: %s',
  { timeout: 60_000 },
  async (onError) => {
    const data = temporaryDirectory();
    const { service, deliver, output, told } = await start(onError, 200, data);
    const problems = new Set<string>();
    const looking = setInterval(() => {
      for (const unit of service.pipeline.units) problems.add(unit.problem() ?? '');
    }, 10);
    await Promise.all([
      deliver(0, 1, [click('z', 1)]),
      deliver(1, 1, [click('a', 1), click('b', 2, 15), click('c', 3), click('a', 4)], true),
      // A timer that does not return, then a first event of a key.
      deliver(1, 2, [click('d', 5, 16), click('a', 50), click('never', 51), click('b', 52)]),
      deliver(0, 2, [click('z', 2)]),
    ]);
    clearInterval(looking);
    expect([...problems].filter((problem) => problem.startsWith('clicks-1: ')).join()).toContain(SAYS);
    expect(told.filter((line) => line.includes(SAYS)).length).toBeGreaterThan(0);
    expect(service.pipeline.units.map((unit) => unit.problem())).toEqual([null, null, null]);
    expect(service.pipeline.units.flatMap((unit) => unit.places().files)).toEqual([POSITION]);
    await vi.waitFor(
      () => expect(service.observer.overview().operators).toMatchObject([{ operator: 'own', failed: 3 }]),
      { timeout: 10_000 },
    );
    const events = await output();
    expect(countsOf(events).sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'd1', 'z1', 'z2']);
    const letters = events.filter(({ stream }) => stream !== 'own.counts');
    expect(letters.map(({ position, detail }) => [position, String(detail).replace(/ of 1970.*?Z/, '')])).toEqual([
      [1, `an event of clicks: ${SAYS}`],
      [6, `the timer at 6 of key "d": ${SAYS}`],
      [6, `an event of clicks: ${SAYS}`],
    ]);
    expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['operator-failed']));
    // The log is read again, and no call is cut off any more: one that was made once more would not return.
    await service.kill();
    const again = await start(onError, 3_600_000, data);
    await again.deliver(1, 3, [click('b', 60), click('a', 61)]);
    expect(countsOf(await again.output())).toEqual([...countsOf(events), 'b2', 'a4']);
    await again.service.stop();
  },
);

test('holds up no orderly stop', { timeout: 30_000 }, async () => {
  const { service, deliver } = await start('deadLetter', 3_600_000);
  const lost = deliver(1, 1, [click('b', 2, 15)]);
  lost.catch(() => {});
  await vi.waitFor(() => expect(service.pipeline.units.some(({ mailbox }) => mailbox.inFlight > 0)).toBe(true));
  await service.stop();
  await expect(lost).rejects.toThrow(/stopping/);
});

test('halts a partition whose log it does not return from when it is new, and names it', {
  timeout: 60_000,
}, async () => {
  const data = temporaryDirectory();
  const { service, deliver } = await start(null, 200, data);
  await Promise.all([deliver(0, 1, [click('z', 1)]), deliver(1, 1, [click('b', 2, 15)])]);
  await service.stop();
  const again = await start('fail', 200, data);
  const problems = (): (string | null)[] => again.service.pipeline.units.map((unit) => unit.haltedBy());
  await vi.waitFor(() => expect(problems().join()).toContain(SAYS), { timeout: 30_000 });
  expect(problems().filter((problem) => problem !== null)).toEqual([expect.stringContaining('clicks-1 is halted: ')]);
  expect(await again.deliver(0, 2, [click('z', 2)])).toBeUndefined();
  await again.service.kill();
});

test('is a difference of a replay, where it returned before: other logs are compared, and nothing hangs', {
  timeout: 60_000,
}, async () => {
  const data = temporaryDirectory();
  const { service, deliver } = await start('fail', 60_000, data);
  await Promise.all([deliver(0, 1, [click('z', 1), click('y', 2)]), deliver(1, 1, [click('a', 1), click('b', 2)])]);
  await deliver(1, 2, [click('c', 3, 7)]);
  await service.stop();
  process.env.STUCK_ON = '7';
  onTestFinished(() => void delete process.env.STUCK_ON);
  const offline = await openReadModels(join(data, 'data'));
  const logs = await offline.rederive(300);
  await offline.close();
  expect(logs.map(({ log, differences, first }) => [log, differences, first])).toEqual([
    ['clicks-0', 0, null],
    [
      'clicks-1',
      1,
      {
        offset: 4,
        detail:
          'The operator own has not returned for 0.3 s (supervision.stuckAfter): the log was not derived any further',
      },
    ],
  ]);
});
