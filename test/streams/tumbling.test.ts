/** Tumbling windows through a whole partition. Other engines' tests are named by engine and test. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { type DriverOptions, drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: ['null', 'string'] },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: 'double' },
  ],
} as const satisfies AvroRecord;

const SUM: AggregateSpec = { name: 'sum', fn: 'sum', field: 'value' };
const at = (key: string | null, ts: number, value = 1) => ({ key, ts, value });
const W = (watermark: number) => ({ watermark });
interface Change extends Partial<WindowSpec> {
  readonly sizeMs?: number;
}
const windows = ({ sizeMs = 3000, ...change }: Change): WindowSpec => ({
  name: 'w',
  keyField: 'key',
  window: { kind: 'tumbling', sizeMs, offsetMs: 0 },
  allowedLatenessMs: 0,
  earlyMs: null,
  where: null,
  aggregates: [SUM],
  ...change,
});
const scripted = (change: Change): DriverOptions => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'scripted' },
  windows: [windows(change)],
});
const bounded = (outOfOrdernessMs: number, change: Change): DriverOptions => ({
  ...scripted(change),
  watermark: { kind: 'bounded', outOfOrdernessMs },
});

/** As the tables have it: key, [start, end), sum or count, revision. */
const row = ({ key, start, end, count, revision, aggregates }: WindowResult) => ({
  key,
  window: [start, end],
  revision,
  result: aggregates.sum ?? count,
});

describe('a tumbling window of 3 s (Flink, WindowOperatorTest.testTumblingEventTimeWindows)', () => {
  //        0    999  1000 1998 1999 2999 | 3000 3999      5999
  // key1   ●●    ●                       |
  // key2              ●    ●    ●        |  ●    ●
  // fires                            ▲   |                  ▲
  const input = [
    at('key2', 3999),
    at('key2', 3000),
    at('key1', 20),
    at('key1', 0),
    at('key1', 999),
    at('key2', 1998),
    at('key2', 1999),
    at('key2', 1000),
  ];

  test('fires once the watermark reaches its last millisecond, also when it was restored in between', () => {
    const before = drivePartition(scripted({}));
    before.pipe(...input);
    expect(before.pipe(W(999)).windows).toEqual([]);
    expect(before.pipe(W(1999)).windows).toEqual([]);
    const after = drivePartition(scripted({}), before.snapshot());
    const first = after.pipe(W(2999)).windows;
    expect(first.map(row).sort((a, b) => String(a.key).localeCompare(String(b.key)))).toEqual([
      { key: 'key1', window: [0, 3000], revision: 0, result: 3 },
      { key: 'key2', window: [0, 3000], revision: 0, result: 3 },
    ]);
    expect(first.map(({ at: firedAt }) => firedAt)).toEqual([2999, 2999]);
    expect(after.pipe(W(3999)).windows).toEqual([]);
    expect(after.pipe(W(4999)).windows).toEqual([]);
    expect(after.pipe(W(5999)).windows).toMatchObject([
      { key: 'key2', start: 3000, end: 6000, at: 5999, aggregates: { sum: 2 } },
    ]);
    expect(after.pipe(W(6999)).windows).toEqual([]);
    expect(after.pipe(W(7999)).windows).toEqual([]);
  });
});

describe('a count over windows of 2 with a grace of 1 (Kafka Streams, SuppressScenarioTest)', () => {
  const options = bounded(0, { sizeMs: 2, allowedLatenessMs: 1, aggregates: [] });

  test('gives its results on time, corrections within the grace, and the rest to the late stream', () => {
    const driver = drivePartition(options);
    const steps = [0, 1, 2, 1, 0, 5, 0].map((ts) => driver.pipe(at('k1', ts)));
    expect(steps.map(({ windows: results }) => results.map(row))).toEqual([
      [],
      [],
      [{ key: 'k1', window: [0, 2], revision: 0, result: 2 }],
      [{ key: 'k1', window: [0, 2], revision: 1, result: 3 }],
      [{ key: 'k1', window: [0, 2], revision: 2, result: 4 }],
      [{ key: 'k1', window: [2, 4], revision: 0, result: 1 }],
      [],
    ]);
    const late = steps.map((step) => step.late);
    expect(late.slice(0, 6).flat()).toEqual([]);
    // Its last millisecond was 1, and the watermark stands at 4.
    expect(late[6]).toEqual([
      { window: 'w', key: 'k1', occurredAt: 0, latenessMs: 3, windows: 1, event: JSON.stringify(at('k1', 0)) },
    ]);
  });

  test('leaves the window [4, 6) open until the input ends', () => {
    const driver = drivePartition(options);
    driver.pipe(...[0, 1, 2, 1, 0, 5, 0].map((ts) => at('k1', ts)));
    expect(driver.pipe(END).windows.map(row)).toEqual([{ key: 'k1', window: [4, 6], revision: 0, result: 1 }]);
  });
});

describe('a window of 5 min with 5 min of lateness, accumulating (Beam, TestStreamTest)', () => {
  const minute = 60_000;
  const options = scripted({ sizeMs: 5 * minute, allowedLatenessMs: 5 * minute });

  test('has {1,2,3} on time, {1..5} at last, and drops what is later', () => {
    const driver = drivePartition(options);
    driver.pipe(at(null, 0, 1), at(null, 0, 2), at(null, 0, 3));
    expect(driver.pipe(W(6 * minute)).windows.map(row)).toMatchObject([{ revision: 0, result: 6 }]);
    expect(driver.pipe(at(null, 0, 4), at(null, 0, 5)).windows.map(row)).toMatchObject([
      { revision: 1, result: 10 },
      { revision: 2, result: 15 },
    ]);
    driver.pipe(W(20 * minute));
    const after = driver.pipe(at(null, 0, -1), at(null, 0, -2), at(null, 0, -3));
    expect(after.windows).toEqual([]);
    expect(after.late.map(({ latenessMs }) => latenessMs)).toEqual(Array(3).fill(15 * minute + 1));
  });
});

describe('a window', () => {
  test('fires for every window that one leap of the watermark passes, in order of start', () => {
    const driver = drivePartition(scripted({}));
    driver.pipe(at('a', 6000), at('b', 0), at('a', 3000), at('a', 9000));
    expect(driver.pipe(W(8999)).windows.map(({ start, key }) => [start, key])).toEqual([
      [0, 'b'],
      [3000, 'a'],
      [6000, 'a'],
    ]);
    expect(driver.pipe(END).windows.map(({ start }) => start)).toEqual([9000]);
  });

  test('takes an event up to the last millisecond of its lateness, and none after it', () => {
    const driver = drivePartition(scripted({ allowedLatenessMs: 1000 }));
    driver.pipe(at('a', 0), W(3998));
    expect(driver.pipe(at('a', 1)).windows.map(row)).toEqual([{ key: 'a', window: [0, 3000], revision: 1, result: 2 }]);
    driver.pipe(W(3999));
    expect(driver.pipe(at('a', 2)).late).toMatchObject([{ occurredAt: 2, latenessMs: 1000 }]);
  });

  test('opens for a key that comes late but within the lateness, with its first result', () => {
    const driver = drivePartition(scripted({ allowedLatenessMs: 1000 }));
    driver.pipe(W(2999));
    expect(driver.pipe(at('new', 2999)).windows.map(row)).toEqual([
      { key: 'new', window: [0, 3000], revision: 0, result: 1 },
    ]);
    expect(driver.pipe(at('new', 0)).windows.map(row)).toMatchObject([{ revision: 1, result: 2 }]);
  });

  test('lies before the epoch as it does after it', () => {
    const driver = drivePartition(scripted({}));
    driver.pipe(at('a', -1), at('a', -3000), at('a', -3001));
    expect(driver.pipe(W(-1)).windows.map(({ start, count }) => [start, count])).toEqual([
      [-6000, 1],
      [-3000, 2],
    ]);
  });

  test('keeps groups of a null key, an empty one and the text null apart', () => {
    const driver = drivePartition(scripted({}));
    driver.pipe(at(null, 0), at('', 0), at('null', 0), at('', 1));
    expect(driver.pipe(W(2999)).windows.map(({ key, count }) => [key, count])).toEqual([
      [null, 1],
      ['', 2],
      ['null', 1],
    ]);
  });

  test('without a key field is one group of the whole partition', () => {
    const driver = drivePartition(scripted({ keyField: null }));
    driver.pipe(at('a', 0), at('b', 1));
    expect(driver.pipe(W(2999)).windows.map(row)).toEqual([{ key: null, window: [0, 3000], revision: 0, result: 2 }]);
  });

  test('computes every aggregate of its values', () => {
    const names = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last'] as const;
    const aggregates = names.map((fn) => ({ name: fn, fn, field: fn === 'count' ? null : 'value' }));
    const driver = drivePartition(scripted({ aggregates }));
    driver.pipe(at('a', 2, 4), at('a', 0, -1), at('a', 1, 6), at('b', 0, -5));
    expect(driver.pipe(W(2999)).windows.map((result) => result.aggregates)).toEqual([
      { count: 3, sum: 9, min: -1, max: 6, avg: 3, first: -1, last: 4 },
      { count: 1, sum: -5, min: -5, max: -5, avg: -5, first: -5, last: -5 },
    ]);
  });
});

describe('a time at the edge of what a message can hold', () => {
  test('does not stop the partition, and how late it is stays within that too', () => {
    const driver = drivePartition(scripted({}));
    driver.pipe(END);
    const { late } = driver.pipe(at('a', -8.64e15));
    expect(late).toMatchObject([{ occurredAt: -8.64e15, latenessMs: Number.MAX_SAFE_INTEGER - 1 }]);
  });
});
