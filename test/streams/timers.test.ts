import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTimer, createTimers, nextDeadlineMs, takeTimer } from '../../src/streams/timers.ts';

const timer = fc.record({ deadlineMs: fc.integer({ min: -20, max: 20 }), key: fc.integer({ min: 0, max: 9 }) });
type Timer = typeof timer extends fc.Arbitrary<infer T> ? T : never;
const inOrder = (a: Timer, b: Timer): number => a.deadlineMs - b.deadlineMs || a.key - b.key;

test('timers are taken as a sorted list would give them, whatever is added in between', () => {
  const take = fc.constant<'take'>('take');
  fc.assert(
    fc.property(fc.array(fc.oneof(timer, take), { maxLength: 400 }), (steps) => {
      const timers = createTimers();
      const model: Timer[] = [];
      for (const step of steps) {
        if (step !== 'take') {
          addTimer(timers, step.deadlineMs, step.key);
          model.push(step);
          model.sort(inOrder);
        } else if (model.length > 0) {
          expect(nextDeadlineMs(timers)).toBe(model[0]?.deadlineMs);
          expect(takeTimer(timers)).toBe(model.shift()?.key);
        }
        expect(timers.size).toBe(model.length);
      }
      expect(model.map(() => takeTimer(timers))).toEqual(model.map(({ key }) => key));
    }),
  );
});

test('without a timer the next deadline is never, and there is nothing to take', () => {
  const timers = createTimers();
  expect(nextDeadlineMs(timers)).toBe(Number.POSITIVE_INFINITY);
  expect(() => takeTimer(timers)).toThrow('No timer is left');
});

test('timers of one deadline come by key, in whichever order they were added', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }), (keys) => {
      const timers = createTimers();
      for (const key of keys) addTimer(timers, 1000, key);
      expect(keys.map(() => takeTimer(timers))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }),
  );
});
