import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advanceWatermark,
  END_OF_TIME_MS,
  initialWatermark,
  observeEventTime,
  type WatermarkPolicy,
} from '../../src/streams/watermark.ts';

const bounded = (outOfOrdernessMs: number): WatermarkPolicy => ({ kind: 'bounded', outOfOrdernessMs });
const time = fc.integer({ min: -1e6, max: 1e6 });

describe('a bounded watermark', () => {
  test('is the largest event time less the bound, less one', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), fc.nat({ max: 1e5 }), (times, boundMs) => {
        const state = initialWatermark();
        const last = times.map((timeMs) => observeEventTime(state, bounded(boundMs), timeMs)).at(-1);
        expect(last).toBe(Math.max(...times) - boundMs - 1);
        expect(state.maxEventTimeMs).toBe(Math.max(...times));
      }),
    );
  });

  test('has passed nothing before the first event', () => {
    const never = -Infinity;
    expect(initialWatermark()).toEqual({
      maxEventTimeMs: never,
      sourceWatermarkMs: never,
      watermarkMs: never,
      isIdle: false,
      isFlushed: false,
    });
  });

  test('never goes back, whatever events and controls do', () => {
    const event = fc.record({ event: time });
    const control = fc.record({ control: time });
    fc.assert(
      fc.property(fc.array(fc.oneof(event, control)), (steps) => {
        const state = initialWatermark();
        let before = state.watermarkMs;
        for (const step of steps) {
          const after =
            'event' in step ? observeEventTime(state, bounded(10), step.event) : advanceWatermark(state, step.control);
          expect(after).toBeGreaterThanOrEqual(before);
          expect(after).toBe(state.watermarkMs);
          before = after;
        }
      }),
    );
  });

  test('stays finite however large an event time is', () => {
    const state = initialWatermark();
    expect(observeEventTime(state, bounded(0), Number.MAX_SAFE_INTEGER)).toBe(END_OF_TIME_MS);
    expect(advanceWatermark(state, Number.POSITIVE_INFINITY)).toBe(END_OF_TIME_MS);
  });
});

describe('a scripted watermark', () => {
  test('is moved by controls alone', () => {
    const state = initialWatermark();
    expect(observeEventTime(state, { kind: 'scripted' }, 5000)).toBe(-Infinity);
    expect(advanceWatermark(state, 2999)).toBe(2999);
    expect(observeEventTime(state, { kind: 'scripted' }, 9000)).toBe(2999);
    expect(advanceWatermark(state, 1000)).toBe(2999);
    expect(state.maxEventTimeMs).toBe(9000);
  });
});

test('the end of time is the last instant that a date can name', () => {
  expect(new Date(END_OF_TIME_MS).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
  expect(new Date(END_OF_TIME_MS + 1).getTime()).toBeNaN();
});
