import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideIdle } from '../../src/streams/idleness.ts';
import { createStreamWatermark } from '../../src/streams/stream-watermark.ts';
import { advanceWatermark, followStream, initialWatermark, type WatermarkState } from '../../src/streams/watermark.ts';

/** A stream of partitions that are told what happens as a journal would tell them. */
function streamOf(partitions: number) {
  const times: WatermarkState[] = Array.from({ length: partitions }, initialWatermark);
  const stream = createStreamWatermark(times);
  /** The partitions that the stream does not wait for go on with it, as they do in a run after each step. */
  const settle = (quietMs: readonly number[] = [], idleTimeoutMs: number | null = null) => {
    const quiet = times.map((time, i) => ({ time, quietMs: quietMs[i] ?? 0 }));
    const decisions = decideIdle(stream, quiet, idleTimeoutMs);
    for (const { partition, control, watermarkMs } of decisions) {
      times[partition]!.isIdle = control === 'idle';
      followStream(times[partition]!, watermarkMs);
    }
    for (const [i, time] of times.entries()) stream.update(i, time);
    return decisions;
  };
  return {
    times,
    stream,
    settle,
    watermark(partition: number, watermarkMs: number) {
      advanceWatermark(times[partition]!, watermarkMs);
      settle();
      return stream.watermarkMs();
    },
    idle(partition: number, isIdle: boolean) {
      times[partition]!.isIdle = isIdle;
      settle();
      return stream.watermarkMs();
    },
  };
}

describe("a stream's watermark is Flink's, of three partitions", () => {
  test('as they advance, fall idle, and come back', () => {
    const { watermark, idle, stream } = streamOf(3);
    expect([watermark(0, 0), watermark(1, 0), watermark(2, 0)]).toEqual([-Infinity, -Infinity, 0]);
    expect([watermark(0, 12), watermark(2, 8), watermark(2, 10)]).toEqual([0, 0, 0]);
    expect(watermark(1, 15)).toBe(10);
    expect(watermark(0, 6)).toBe(10);
    expect(idle(2, true)).toBe(12);
    expect([watermark(0, 17), watermark(0, 25), watermark(1, 20)]).toEqual([15, 15, 20]);
    expect([idle(2, false), watermark(2, 18)]).toEqual([20, 20]);
    expect([watermark(1, 22), watermark(0, 28), watermark(1, 33)]).toEqual([22, 22, 28]);
    expect([watermark(2, 30), watermark(0, 31), watermark(2, 34)]).toEqual([28, 30, 31]);
    expect([idle(0, true), idle(2, true), stream.isIdle()]).toEqual([33, 33, false]);
    // StatusWatermarkValve flushes to the largest when the last one falls idle.
    expect([idle(1, true), stream.isIdle()]).toEqual([34, true]);
    expect([idle(0, false), stream.isIdle()]).toEqual([34, false]);
  });

  test('the largest when all fall idle, in whatever order', () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const { watermark, idle, stream } = streamOf(3);
      watermark(0, 10);
      watermark(1, 5);
      watermark(2, 3);
      for (const partition of order) idle(partition, true);
      expect([stream.watermarkMs(), stream.isIdle()]).toEqual([10, true]);
    }
  });
});

const step = fc.oneof(
  fc.record({ partition: fc.nat({ max: 2 }), watermarkMs: fc.integer({ min: -50, max: 50 }) }),
  fc.record({ partition: fc.nat({ max: 2 }), isIdle: fc.boolean() }),
  fc.record({ quietMs: fc.array(fc.nat({ max: 500 }), { minLength: 3, maxLength: 3 }) }),
);

test('neither a stream nor a partition goes back, whatever is idle and whenever it is restored', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { times, stream, settle, watermark, idle } = streamOf(3);
      let before = [stream, ...times].map(() => -Infinity);
      for (const taken of steps) {
        if ('watermarkMs' in taken) watermark(taken.partition, taken.watermarkMs);
        else if ('isIdle' in taken) idle(taken.partition, taken.isIdle);
        else settle(taken.quietMs, 100);
        const restored = createStreamWatermark(times);
        const after = [stream.watermarkMs(), ...times.map((time) => time.watermarkMs)];
        for (const [i, value] of after.entries()) expect(value).toBeGreaterThanOrEqual(before[i]!);
        expect(restored.watermarkMs()).toBeLessThanOrEqual(stream.watermarkMs());
        before = after;
      }
    }),
  );
});

describe('a partition without events for as long as the timeout', () => {
  test('is idle from the timeout on, not before', () => {
    const { settle, times } = streamOf(2);
    expect(settle([999, 0], 1000)).toEqual([]);
    expect(settle([1000, 0], 1000)).toMatchObject([{ partition: 0, control: 'idle' }]);
    expect(times.map(({ isIdle }) => isIdle)).toEqual([true, false]);
    expect(settle([5000, 0], 1000)).toEqual([]);
  });

  test('has its windows go on with the others', () => {
    const { settle, watermark, times } = streamOf(2);
    watermark(0, 10);
    watermark(1, 500);
    settle([1000, 0], 1000);
    expect(times[0]?.watermarkMs).toBe(500);
    expect(times[0]?.sourceWatermarkMs).toBe(10);
  });

  test('of a stream that is quiet as a whole, has event time go on as the clock does, in doubling steps', () => {
    const { settle, watermark, times } = streamOf(2);
    watermark(0, 10);
    watermark(1, 500);
    const at = (quietMs: number) => {
      settle([quietMs, quietMs], 1000);
      return times.map((time) => time.watermarkMs);
    };
    expect(at(1000)).toEqual([1500, 1500]);
    expect(at(1999)).toEqual([1500, 1500]);
    expect(at(2000)).toEqual([2500, 2500]);
    expect(at(7999)).toEqual([4500, 4500]);
  });
});
