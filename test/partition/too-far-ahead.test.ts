/** What an event of a time that can't be right does to the windows of all others: nothing. */
import { describe, expect, test } from 'vitest';
import type { Transaction } from '../../src/fraud/schemas.ts';
import { LATEST_EVENT_MS } from '../../src/partition/too-far-ahead.ts';
import type { WatermarkPolicy } from '../../src/streams/watermark.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { drivePartition, END, TRANSACTIONS } from './driver.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
const hours: WindowSpec = {
  name: 'hours',
  keyField: 'customerId',
  window: { kind: 'tumbling', sizeMs: HOUR_MS, offsetMs: 0 },
  allowedLatenessMs: 0,
  earlyMs: null,
  where: null,
  aggregates: [],
};
const pay = (occurredAt: number): Transaction => ({
  transactionId: 1,
  customerId: 1,
  terminalId: 1,
  amountCents: 1,
  occurredAt,
});
const drive = (maxAheadMs: number | null) => {
  const watermark: WatermarkPolicy = { kind: 'bounded', outOfOrdernessMs: 0, maxAheadMs };
  const driver = drivePartition({ ...TRANSACTIONS, watermark, windows: [hours] });
  driver.setClock(NOW_MS);
  return driver;
};

describe('an event beyond the wall clock', () => {
  test('by more than the bound is a dead letter, and moves no watermark', () => {
    const driver = drive(HOUR_MS);
    const wrong = pay(NOW_MS * 1000);
    const { deadLetters, late } = driver.pipe(pay(NOW_MS), wrong, pay(NOW_MS + HOUR_MS + 1), pay(NOW_MS - 1));
    expect(deadLetters.map(({ reason, raw }) => [reason, JSON.parse(raw.toString())])).toEqual([
      ['too-far-ahead', wrong],
      ['too-far-ahead', pay(NOW_MS + HOUR_MS + 1)],
    ]);
    expect(deadLetters[0]?.detail).toContain(String(NOW_MS * 1000));
    expect(driver.watermarkMs()).toBe(NOW_MS - 1);
    expect(late).toEqual([]);
    expect(driver.pipe(END).windows).toMatchObject([{ count: 2 }]);
  });

  test('by no more than the bound is taken', () => {
    const driver = drive(HOUR_MS);
    expect(driver.pipe(pay(NOW_MS + HOUR_MS)).deadLetters).toEqual([]);
    expect(driver.watermarkMs()).toBe(NOW_MS + HOUR_MS - 1);
  });

  test('is taken without a bound, and after a pause of any length with one', () => {
    expect(drive(null).pipe(pay(NOW_MS * 1000)).deadLetters).toEqual([]);
    const driver = drive(1000);
    driver.pipe(pay(NOW_MS));
    driver.setClock(NOW_MS + 100 * HOUR_MS);
    expect(driver.pipe(pay(NOW_MS + 100 * HOUR_MS)).deadLetters).toEqual([]);
  });

  test('is refused by a replay as it was then, whatever the clock says', () => {
    const driver = drive(HOUR_MS);
    driver.pipe(pay(NOW_MS), pay(NOW_MS * 1000));
    const replayed = drive(HOUR_MS);
    replayed.setClock(0);
    for (const commit of driver.commits) replayed.replay(commit);
    expect(Buffer.from(replayed.snapshot()).equals(driver.snapshot())).toBe(true);
  });

  test('that no window would close before time ends is a dead letter in any case', () => {
    const driver = drive(null);
    const { deadLetters } = driver.pipe(pay(LATEST_EVENT_MS + 1), pay(Number.MAX_SAFE_INTEGER - 1));
    expect(deadLetters).toHaveLength(2);
    driver.pipe(pay(LATEST_EVENT_MS));
    expect(driver.pipe(END).windows).toMatchObject([{ count: 1 }]);
  });
});

test('an event of a time long past, or before the epoch, has its window', () => {
  const driver = drive(HOUR_MS);
  const { windows } = driver.pipe(pay(-8.64e15), pay(-1), pay(0), END);
  expect(windows.map(({ start }) => start)).toEqual([-8.64e15, -HOUR_MS, 0]);
});
