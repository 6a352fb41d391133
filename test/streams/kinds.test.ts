/** Hopping, sliding, session and count windows through a whole partition. Other engines' tests are named by engine. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { Windowing, WindowSpec } from '../../src/streams/window-kind.ts';
import { type DriverOptions, drivePartition, END, type Step } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: 'double' },
  ],
} as const satisfies AvroRecord;

const at = (key: string, ts: number, value = 1): Step => ({ key, ts, value });
const W = (watermark: number): Step => ({ watermark });
const scripted = (window: Windowing, change: Partial<WindowSpec> = {}): DriverOptions => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'scripted' },
  windows: [
    {
      name: 'w',
      keyField: 'key',
      window,
      allowedLatenessMs: 0,
      earlyMs: null,
      where: null,
      aggregates: [{ name: 'sum', fn: 'sum', field: 'value' }],
      ...change,
    },
  ],
});
const bounded = (window: Windowing, change: Partial<WindowSpec> = {}): DriverOptions => ({
  ...scripted(window, change),
  watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
});

/** Key, [start, end), sum; with the revision where it is not 0. */
const row = ({ key, start, end, aggregates, revision }: WindowResult) =>
  `${key} [${start},${end}) ${aggregates.sum}${revision === 0 ? '' : ` r${revision}`}`;
const rows = (results: readonly WindowResult[]) => results.map(row);

describe('a window of 3 s that hops by 1 s (Flink, WindowOperatorTest.testSlidingEventTimeWindows)', () => {
  const hopping: Windowing = { kind: 'hopping', sizeMs: 3000, everyMs: 1000, offsetMs: 0 };
  //        0    999 | 1000 1998 1999 | ... | 3000 3999
  // key1   ●●    ●  |                |
  // key2            |  ●    ●    ●   |     |  ●    ●
  test('is merged from its slices each time it fires, also when they were restored in between', () => {
    const before = drivePartition(scripted(hopping));
    before.pipe(at('key2', 3999), at('key2', 3000), at('key1', 20), at('key1', 0), at('key1', 999));
    before.pipe(at('key2', 1998), at('key2', 1999), at('key2', 1000));
    expect(rows(before.pipe(W(999)).windows)).toEqual(['key1 [-2000,1000) 3']);
    expect(rows(before.pipe(W(1999)).windows)).toEqual(['key1 [-1000,2000) 3', 'key2 [-1000,2000) 3']);
    expect(rows(before.pipe(W(2999)).windows)).toEqual(['key1 [0,3000) 3', 'key2 [0,3000) 3']);
    const after = drivePartition(scripted(hopping), before.snapshot());
    expect(rows(after.pipe(W(3999)).windows)).toEqual(['key2 [1000,4000) 5']);
    expect(rows(after.pipe(W(4999)).windows)).toEqual(['key2 [2000,5000) 2']);
    expect(rows(after.pipe(W(5999)).windows)).toEqual(['key2 [3000,6000) 2']);
    expect(rows(after.pipe(W(7999), END).windows)).toEqual([]);
  });

  test('gives all windows that one leap of the watermark passes, in order of start', () => {
    const driver = drivePartition(scripted(hopping));
    driver.pipe(at('a', 10_000, 1), at('a', 0, 2));
    expect(rows(driver.pipe(END).windows)).toEqual([
      'a [-2000,1000) 2',
      'a [-1000,2000) 2',
      'a [0,3000) 2',
      'a [8000,11000) 1',
      'a [9000,12000) 1',
      'a [10000,13000) 1',
    ]);
  });

  test('gives early results of windows that lie far apart without a look at those in between', () => {
    const driver = drivePartition(scripted(hopping, { earlyMs: 1000 }));
    const before = performance.now();
    driver.pipe(at('a', 0, 1), at('a', 4e12, 2), W(-2500));
    expect(rows(driver.pipe(W(-1500)).windows)).toEqual([
      'a [-2000,1000) 1 r-4',
      'a [-1000,2000) 1 r-5',
      'a [0,3000) 1 r-6',
      // Revisions are whole numbers of 32 bits.
      ...[3_999_999_998_000, 3_999_999_999_000, 4_000_000_000_000].map(
        (start) => `a [${start},${start + 3000}) 2 r-2147483648`,
      ),
    ]);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('of a size that is no multiple of the step has slices of their greatest common divisor', () => {
    const driver = drivePartition(scripted({ kind: 'hopping', sizeMs: 10, everyMs: 4, offsetMs: 1 }));
    driver.pipe(at('a', 12, 1), at('a', 13, 2));
    expect(rows(driver.pipe(END).windows)).toEqual(['a [5,15) 3', 'a [9,19) 3', 'a [13,23) 2']);
  });

  test('corrects each window that has fired and is not past its lateness, and adds to those that have not', () => {
    const driver = drivePartition(scripted(hopping, { allowedLatenessMs: 1000 }));
    driver.pipe(at('a', 2500, 1), W(4200));
    // [0,3000) is gone at 3999, [1000,4000) has fired, [2000,5000) has not.
    const { windows, late } = driver.pipe(at('a', 2600, 10));
    expect(rows(windows)).toEqual(['a [1000,4000) 11 r1']);
    expect(late).toMatchObject([{ occurredAt: 2600, latenessMs: 1201, windows: 1 }]);
    expect(rows(driver.pipe(END).windows)).toEqual(['a [2000,5000) 11']);
  });
});

test('of 10 by 5 with a grace of 90, late events lose the windows that are gone (Kafka, KStreamWindowAggregateTest)', () => {
  const driver = drivePartition(
    bounded({ kind: 'hopping', sizeMs: 10, everyMs: 5, offsetMs: 0 }, { allowedLatenessMs: 90 }),
  );
  const input = [100, 0, 1, 2, 3, 4, 5, 6, 105, 106].map((ts) => at('k', ts, ts));
  const { windows, late } = driver.pipe(...input);
  expect(late.map(({ occurredAt, windows: lost }) => [occurredAt, lost])).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 1],
    [6, 1],
  ]);
  expect(rows(windows).filter((text) => text.includes('[5,15)'))).toEqual(['k [5,15) 5', 'k [5,15) 11 r1']);
});

describe('a session of a gap of 3 s (Flink, WindowOperatorTest.testSessionWindows)', () => {
  const session: Windowing = { kind: 'session', gapMs: 3000 };
  test('sums, also when it was restored in between', () => {
    const before = drivePartition(scripted(session));
    before.pipe(at('key2', 0, 1), at('key2', 1000, 2), at('key2', 2500, 3));
    const after = drivePartition(scripted(session), before.snapshot());
    after.pipe(at('key1', 10, 1), at('key1', 1000, 2), at('key1', 2500, 3));
    after.pipe(at('key2', 5501, 4), at('key2', 6000, 5), at('key2', 6000, 5), at('key2', 6050, 6));
    expect(rows(after.pipe(W(12_000)).windows)).toEqual(['key2 [0,5500) 6', 'key1 [10,5500) 6', 'key2 [5501,9050) 20']);
    after.pipe(at('key2', 15_000, 10), at('key2', 15_000, 20));
    expect(rows(after.pipe(W(17_999)).windows)).toEqual(['key2 [15000,18000) 30']);
  });

  /** Flink, WindowOperatorTest.testDropDueToLatenessSessionZeroLateness and …SessionWithLateness…. */
  const late = (allowedLatenessMs: number) => {
    const driver = drivePartition(scripted(session, { allowedLatenessMs }));
    const first = driver.pipe(at('k', 1000), W(1999), at('k', 2000), W(4998), at('k', 4500), at('k', 8500), W(7400));
    const bridged = driver.pipe(at('k', 7000), W(11_501), at('k', 11_600), W(14_600));
    const reopened = driver.pipe(at('k', 10_000));
    const end = driver.pipe(at('k', 14_500), W(20_000));
    const all = [first, bridged, reopened, end];
    return { rows: all.map(({ windows }) => rows(windows)), late: all.flatMap((step) => step.late) };
  };
  test('of no lateness drops what comes behind its end', () => {
    const result = late(0);
    expect(result.rows).toEqual([[], ['k [1000,11500) 5', 'k [11600,14600) 1'], [], ['k [14500,17500) 1']]);
    expect(result.late).toMatchObject([{ occurredAt: 10_000, latenessMs: 1601, windows: 1 }]);
  });
  test('of a lateness of 10 ms takes an event that is late by itself but not once it is merged', () => {
    const result = late(10);
    expect(result.rows).toEqual([
      [],
      ['k [1000,11500) 5', 'k [11600,14600) 1'],
      ['k [10000,14600) 2 r1'],
      ['k [10000,17500) 3 r2'],
    ]);
    expect(result.late).toEqual([]);
  });
  test('of a lateness of 10 s merges all that the event bridges', () => {
    const result = late(10_000);
    expect(result.rows.slice(2)).toEqual([['k [1000,14600) 7 r1'], ['k [1000,17500) 8 r2']]);
  });

  test('goes on with sessions that it fired before, and forgets each in time', () => {
    const driver = drivePartition(scripted({ kind: 'session', gapMs: 10 }, { allowedLatenessMs: 100 }));
    driver.pipe(at('a', 0), W(12), at('a', 8));
    // It fires again at its new end, which comes before it is forgotten.
    expect(rows(driver.pipe(W(17)).windows)).toEqual(['a [0,18) 2 r1']);
    driver.pipe(W(116));
    expect(rows(driver.pipe(at('a', 17)).windows)).toEqual(['a [0,27) 3 r2']);
    driver.pipe(W(126));
    expect(driver.pipe(at('a', 17)).late).toMatchObject([{ occurredAt: 17, latenessMs: 100 }]);
    expect(rows(driver.pipe(at('a', 18)).windows)).toEqual(['a [18,28) 1']);
  });
});

test('a session of a gap of 5 counts an exact gap in (Kafka, SuppressScenarioTest)', () => {
  const driver = drivePartition(bounded({ kind: 'session', gapMs: 5 }));
  const { windows, late } = driver.pipe(
    ...[0, 5, 1].map((ts) => at('k1', ts)),
    at('k2', 11),
    at('k1', 5),
    at('k1', 30),
  );
  // Kafka's sessions end with their last event: [0,5] and [11,11].
  expect(rows(windows)).toEqual(['k1 [0,10) 3', 'k2 [11,16) 1']);
  expect(late).toMatchObject([{ occurredAt: 5, key: 'k1' }]);
});

describe('a sliding window of 10 (Kafka, KStreamSlidingWindowAggregateTest)', () => {
  const sliding: Windowing = { kind: 'sliding', sizeMs: 10 };
  const input = [10, 10, 14, 15, 20, 22, 30].map((ts, i) => at('A', ts, 10 ** i));
  /** The events of a window, by the digits of their sum. */
  const EXPECTED = new Map([
    [0, 11],
    [4, 111],
    [5, 1111],
    [10, 11_111],
    [11, 11_100],
    [12, 111_100],
  ]);
  test.each([0, 5])('has each set of events that lie within its length, with a grace of %i', (allowedLatenessMs) => {
    const { windows } = drivePartition(bounded(sliding, { allowedLatenessMs })).pipe(...input);
    const finals = new Map(windows.map(({ start, aggregates }) => [start, aggregates.sum]));
    for (const [start, sum] of EXPECTED) expect([start, finals.get(start)]).toEqual([start, sum]);
    expect([...finals.keys()].filter((start) => start <= 12).sort((a, b) => a - b)).toEqual([...EXPECTED.keys()]);
    expect(windows.every(({ start, end }) => end - start === 10)).toBe(true);
  });

  test('is corrected by a late event, which makes windows of its own', () => {
    const driver = drivePartition(scripted(sliding, { allowedLatenessMs: 100 }));
    expect(rows(driver.pipe(at('A', 10, 1), at('A', 15, 10), W(40)).windows)).toEqual([
      'A [0,10) 1',
      'A [5,15) 11',
      'A [11,21) 10',
    ]);
    expect(rows(driver.pipe(at('A', 12, 100)).windows)).toEqual([
      'A [2,12) 101',
      'A [5,15) 111 r1',
      'A [11,21) 110 r1',
      'A [13,23) 10',
    ]);
    expect(driver.pipe(W(121)).late).toEqual([]);
    expect(driver.pipe(at('A', 11, 1)).late).toMatchObject([{ occurredAt: 11, latenessMs: 110 }]);
    // The window that ends with it is gone; the one that begins with it is not.
    const { windows, late } = driver.pipe(at('A', 12, 1000));
    expect(late).toMatchObject([{ occurredAt: 12, latenessMs: 109, windows: 1 }]);
    expect(rows(windows)).toEqual([]);
  });
});

describe('a window of 3 events', () => {
  const count: Windowing = { kind: 'count', count: 3 };
  test('closes with every third event of a key, whatever their times', () => {
    const driver = drivePartition(bounded(count));
    const { windows, late } = driver.pipe(...[9, 5, 7, 1, 2].map((ts) => at('a', ts)), at('b', 100), at('a', 4, 5));
    expect(rows(windows)).toEqual(['a [5,10) 3', 'a [1,5) 7']);
    expect(late).toEqual([]);
    expect(rows(driver.pipe(END).windows)).toEqual(['b [100,101) 1']);
  });
});

describe('early results', () => {
  test('come each time that event time has gone on by so much, where there is news', () => {
    const windows: Windowing[] = [
      { kind: 'tumbling', sizeMs: 100, offsetMs: 0 },
      { kind: 'session', gapMs: 60 },
    ];
    for (const window of windows) {
      const driver = drivePartition(scripted(window, { earlyMs: 10 }));
      expect(rows(driver.pipe(at('a', 40), at('b', 41), W(9)).windows)).toEqual([]);
      expect(driver.pipe(W(18)).windows).toEqual([]);
      expect(driver.pipe(W(19)).windows).toMatchObject([
        { key: 'a', revision: -9 },
        { key: 'b', revision: -9, at: 19 },
      ]);
      expect(driver.pipe(W(29)).windows).toEqual([]);
      driver.pipe(at('a', 42));
      expect(driver.pipe(W(55)).windows).toMatchObject([{ key: 'a', revision: -6, count: 2, at: 55 }]);
      // The result on time comes in any case.
      const final = driver.pipe(END).windows.map(({ key, revision, count }) => [key, revision, count]);
      expect(final.sort()).toEqual([
        ['a', 0, 2],
        ['b', 0, 1],
      ]);
    }
  });

  test('of a hopping window come for each that is open, and the one on time is revision 0 in any case', () => {
    const driver = drivePartition(scripted({ kind: 'hopping', sizeMs: 20, everyMs: 10, offsetMs: 0 }, { earlyMs: 5 }));
    driver.pipe(at('a', 12), W(13));
    expect(rows(driver.pipe(W(14)).windows)).toEqual(['a [0,20) 1 r-2', 'a [10,30) 1 r-4']);
    driver.pipe(at('a', 16));
    expect(rows(driver.pipe(W(19)).windows)).toEqual(['a [0,20) 2', 'a [10,30) 2 r-3']);
    expect(rows(driver.pipe(END).windows)).toEqual(['a [10,30) 2']);
  });
});
