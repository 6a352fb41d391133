import { expect, test } from 'vitest';
import { MAX_SLEEP_MS, type ScheduledJob, sleepMs } from '../../src/jobs/plan.ts';
import { timetable } from '../../src/jobs/timetable.ts';

const hourly: ScheduledJob = {
  name: 'weather',
  timetable: timetable({ cron: '0 * * * *' }),
  catchup: 'latest',
  startAt: null,
  retries: 0,
};
const everySecond: ScheduledJob = { ...hourly, name: 'ticker', timetable: timetable({ everyMs: 1000 }) };
const hour = Date.parse('2026-05-01T10:00:00Z');

test('a sleep lasts until the first instant of any job', () => {
  expect(sleepMs([hourly], hour - 5000, hour - 5000)).toBe(5000);
  expect(sleepMs([hourly, everySecond], hour - 4700, hour - 4700)).toBe(700);
});

test('a sleep never lasts longer than a minute, so that a clock that was set is noticed', () => {
  expect(sleepMs([hourly], hour, hour)).toBe(MAX_SLEEP_MS);
  expect(sleepMs([], hour, hour)).toBe(MAX_SLEEP_MS);
});

test('a sleep counts from the clock as it stands when that was set back after deciding', () => {
  expect(sleepMs([everySecond], hour + 86_400_000, hour - 300)).toBe(300);
});

test('an instant that passed between deciding and going to sleep is not slept through', () => {
  expect(sleepMs([hourly], hour - 1, hour + 1)).toBe(1);
});
