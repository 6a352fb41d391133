/** Sliding windows of numbers are summed up as they slide; those of lists are merged anew from all their slices. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { drivePartition, END, type Step } from '../partition/driver.ts';

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

const windowOf = (name: string, allowedLatenessMs: number, fns: readonly string[]): WindowSpec => ({
  name,
  keyField: 'key',
  window: { kind: 'sliding', sizeMs: 30 },
  allowedLatenessMs,
  earlyMs: null,
  where: null,
  aggregates: fns.map((fn): AggregateSpec => ({ name: fn, fn, field: fn === 'count' ? null : 'value' })),
});
const options = (allowedLatenessMs: number) => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'bounded', outOfOrdernessMs: 5 } as const,
  windows: [
    windowOf('numbers', allowedLatenessMs, ['count', 'sum', 'min', 'max']),
    windowOf('lists', allowedLatenessMs, ['collect']),
  ],
});

/** Values whose sum in doubles depends on the order, were it not exact. */
const value = fc.constantFrom(1e16, -1e16, 3, -7, 0.1, 1 / 3, 2 ** 70);
/** Mostly forward, at times far back, so that windows slide, are corrected, and lose events. */
const event = fc.record({
  key: fc.constantFrom('a', 'b'),
  forwardMs: fc.oneof({ weight: 6, arbitrary: fc.nat(8) }, fc.integer({ min: -40, max: 60 })),
  value,
});
const jump = fc.record({ watermarkMs: fc.nat(45) });
const walk = fc.array(fc.oneof({ weight: 9, arbitrary: event }, { weight: 1, arbitrary: jump }), {
  minLength: 40,
  maxLength: 90,
});

function stepsOf(walked: readonly ({ watermarkMs: number } | { key: string; forwardMs: number; value: number })[]) {
  let nowMs = 0;
  return walked.map((each): Step => {
    if ('watermarkMs' in each) return { watermark: nowMs + each.watermarkMs };
    const ts = nowMs + each.forwardMs;
    nowMs = Math.max(nowMs, ts);
    return { key: each.key, ts, value: each.value };
  });
}

const placeOf = ({ key, start, end, at, revision, count }: WindowResult): string =>
  `${key} [${start},${end}) at ${at} r${revision} of ${count}`;
const numbersOf = (list: readonly number[]): object => ({
  count: list.length,
  sum: exactSum(list),
  min: Math.min(...list),
  max: Math.max(...list),
});

/** In 1/2^80: all values are whole numbers of that. */
function exactSum(list: readonly number[]): number {
  const units = list.reduce((sum, each) => sum + BigInt(each * 2 ** 80), 0n);
  return Number(units) / 2 ** 80;
}

test('a window that slides gives the sums of exactly its events, whether they come late, in jumps, or after a restart', () => {
  fc.assert(
    fc.property(walk, fc.constantFrom(0, 25), fc.nat(40), (walked, allowedLatenessMs, restartAt) => {
      const steps = stepsOf(walked);
      const first = drivePartition(options(allowedLatenessMs));
      const before = first.pipe(...steps.slice(0, restartAt)).windows;
      const second = drivePartition(options(allowedLatenessMs), first.snapshot());
      const results = [...before, ...second.pipe(...steps.slice(restartAt), END).windows];
      const lists = results.filter(({ aggregates }) => 'collect' in aggregates);
      const numbers = results.filter(({ aggregates }) => 'sum' in aggregates);
      expect(numbers.map(placeOf)).toEqual(lists.map(placeOf));
      for (const [i, { aggregates }] of numbers.entries()) {
        const list = [lists[i]?.aggregates.collect ?? []].flat().map(Number);
        expect(aggregates).toEqual(numbersOf(list));
      }
    }),
    { numRuns: 30 },
  );
});
