import { describe, expect, test } from 'vitest';
import { type ScheduleSpec, timetable } from '../../src/jobs/timetable.ts';

/** The instants after `from`, in order. */
function instants(spec: ScheduleSpec, from: string, count: number): string[] {
  const { next } = timetable(spec);
  const found: string[] = [];
  let at: number | null = Date.parse(from);
  while (found.length < count && at !== null) {
    at = next(at);
    if (at !== null) found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

// Transitions from the IANA time zone database: New York 2026-03-08 07:00Z (-5 to -4) and 2026-11-01 06:00Z (-4 to
// -5); Lord Howe 2026-10-03 15:30Z (+10:30 to +11); Cairo 2026-04-23 22:00Z (+2 to +3, at local midnight).
describe('a cron timetable in a time zone', () => {
  test('runs a job once, at the end of the gap, on the day on which its local time does not exist', () => {
    expect(instants({ cron: '30 2 * * *', timeZone: 'America/New_York' }, '2026-03-07T00:00Z', 4)).toEqual([
      '2026-03-07T07:30Z',
      '2026-03-08T07:00Z',
      '2026-03-09T06:30Z',
      '2026-03-10T06:30Z',
    ]);
  });

  test('runs a job of several local times once, at the end of the gap that holds them all', () => {
    expect(instants({ cron: '0,30 2 * * *', timeZone: 'America/New_York' }, '2026-03-07T12:00Z', 3)).toEqual([
      '2026-03-08T07:00Z',
      '2026-03-09T06:00Z',
      '2026-03-09T06:30Z',
    ]);
  });

  test('runs a job at the end of a gap of half an hour, and of one at midnight', () => {
    expect(instants({ cron: '15 2 * * *', timeZone: 'Australia/Lord_Howe' }, '2026-10-03T00:00Z', 2)).toEqual([
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ]);
    expect(instants({ cron: '0 0 * * *', timeZone: 'Africa/Cairo' }, '2026-04-23T00:00Z', 2)).toEqual([
      '2026-04-23T22:00Z',
      '2026-04-24T21:00Z',
    ]);
  });

  test('runs a daily job once, at the first occurrence, when its local time happens twice', () => {
    expect(instants({ cron: '30 1 * * *', timeZone: 'America/New_York' }, '2026-10-31T12:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ]);
  });

  test('runs an hourly job for each real hour over a gap and over an overlap', () => {
    expect(instants({ cron: '0 * * * *', timeZone: 'America/New_York' }, '2026-03-08T05:30Z', 3)).toEqual([
      '2026-03-08T06:00Z',
      '2026-03-08T07:00Z',
      '2026-03-08T08:00Z',
    ]);
    expect(instants({ cron: '0 * * * *', timeZone: 'America/New_York' }, '2026-11-01T04:30Z', 3)).toEqual([
      '2026-11-01T05:00Z',
      '2026-11-01T06:00Z',
      '2026-11-01T07:00Z',
    ]);
  });

  test('is in UTC when no zone is named', () => {
    expect(instants({ cron: '5 0 * * *' }, '2026-03-08T00:00Z', 1)).toEqual(['2026-03-08T00:05Z']);
  });

  test('finds an instant that lies within the second of the question', () => {
    const { previous } = timetable({ cron: '0 * * * *' });
    const hour = Date.parse('2026-01-01T05:00:00Z');
    expect(previous(hour + 1)).toBe(hour);
    expect(previous(hour)).toBe(hour - 3_600_000);
  });
});

describe('an "every" timetable', () => {
  test('fires at multiples of its period since the epoch', () => {
    const { next, previous } = timetable({ everyMs: 5000 });
    expect([next(9999), next(10_000), next(10_001)]).toEqual([10_000, 15_000, 15_000]);
    expect([previous(9999), previous(10_000), previous(10_001)]).toEqual([5000, 5000, 10_000]);
  });
});

describe('a schedule that cannot be kept', () => {
  test.each<[string, ScheduleSpec, RegExp]>([
    ['no cron expression', { cron: 'hourly please' }, /cron "hourly please" in UTC is not valid/],
    ['a minute out of range', { cron: '61 * * * *' }, /"61 \* \* \* \*".*minute/],
    ['a day that never comes', { cron: '0 0 30 2 *' }, /never fires/],
    ['an unknown time zone', { cron: '0 * * * *', timeZone: 'Mars/Olympus' }, /Mars\/Olympus/],
    ['a field taken from the clock', { cron: '? * * * *' }, /holds a "\?"/],
    ['a period of nothing', { everyMs: 0 }, /it was 0/],
    ['a fractional period', { everyMs: 1000.5 }, /it was 1000\.5/],
  ])('is refused when it is %s', (_, spec, message) => {
    expect(() => timetable(spec)).toThrow(message);
  });
});
