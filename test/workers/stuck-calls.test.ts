/** Which calls count as stuck: one that stays, and no number of short ones. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enterOperator, leaveOperator, runningMemory, showRunningIn } from '../../src/operators/running.ts';
import { watchForStuckCalls } from '../../src/workers/stuck-calls.ts';

const AFTER_MS = 1000;
const PLACE = { given: 1, call: 1 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  leaveOperator();
  showRunningIn(runningMemory());
  vi.useRealTimers();
});

function watched() {
  const memory = runningMemory();
  showRunningIn(memory);
  const told: object[] = [];
  const stop = watchForStuckCalls(memory, AFTER_MS, ({ operator, partition, place }) =>
    told.push({ operator, partition, ...place }),
  );
  return { told, stop };
}

test('one call that stays is told of once, with its operator, partition and place, and not too early', () => {
  const { told } = watched();
  enterOperator('another', 1, PLACE);
  leaveOperator();
  enterOperator('größte-summe', 7, { given: 5, call: 2 });
  vi.advanceTimersByTime(AFTER_MS - 1);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(AFTER_MS);
  expect(told).toEqual([{ operator: 'größte-summe', partition: 7, given: 5, call: 2 }]);
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(told).toHaveLength(1);
});

test('calls that follow one another are not, nor is a thread that does nothing', () => {
  const { told } = watched();
  for (let look = 0; look < 50; look++) {
    enterOperator('own', 0, PLACE);
    vi.advanceTimersByTime(AFTER_MS / 4);
  }
  leaveOperator();
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(told).toEqual([]);
});

test('nothing is told after the watch has ended', () => {
  const { told, stop } = watched();
  enterOperator('own', 0, PLACE);
  stop();
  vi.advanceTimersByTime(10 * AFTER_MS);
  expect(told).toEqual([]);
});
