import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DataInterval,
  dueIntervals,
  latestInterval,
  runId,
  triggerInterval,
  withLookback,
} from '../../src/jobs/interval.ts';
import { type ScheduleSpec, timetable } from '../../src/jobs/timetable.ts';

const hourly = timetable({ cron: '0 * * * *' });
const at = (time: string) => Date.parse(`2026-05-01T${time}:00Z`);
const hours = (intervals: readonly DataInterval[]) =>
  intervals.map(
    ({ start, end }) => `${new Date(start).toISOString().slice(11, 16)}-${new Date(end).toISOString().slice(11, 16)}`,
  );

describe('due intervals of an hourly job', () => {
  const down = { scheduledUntil: at('03:00'), startAt: null };

  test('are none before an interval has ended, and that interval at its end', () => {
    const progress = { ...down, catchup: 'latest' } as const;
    expect(dueIntervals(hourly, progress, at('04:00') - 1, 10)).toEqual([]);
    expect(hours(dueIntervals(hourly, progress, at('04:00'), 10))).toEqual(['03:00-04:00']);
  });

  test('are the latest only after downtime, without catchup', () => {
    expect(hours(dueIntervals(hourly, { ...down, catchup: 'latest' }, at('07:20'), 10))).toEqual(['06:00-07:00']);
  });

  test('are all that were missed, oldest first and bounded, with catchup', () => {
    const progress = { ...down, catchup: 'all' } as const;
    expect(hours(dueIntervals(hourly, progress, at('07:20'), 10))).toEqual([
      '03:00-04:00',
      '04:00-05:00',
      '05:00-06:00',
      '06:00-07:00',
    ]);
    expect(hours(dueIntervals(hourly, progress, at('07:20'), 2))).toEqual(['03:00-04:00', '04:00-05:00']);
  });

  test('begin with the latest on the very first start, or at the start date with catchup', () => {
    const first = { scheduledUntil: null, startAt: at('05:30') };
    expect(hours(dueIntervals(hourly, { ...first, catchup: 'latest' }, at('08:10'), 10))).toEqual(['07:00-08:00']);
    expect(hours(dueIntervals(hourly, { ...first, catchup: 'all' }, at('08:10'), 10))).toEqual([
      '06:00-07:00',
      '07:00-08:00',
    ]);
    expect(dueIntervals(hourly, { ...first, catchup: 'all' }, at('06:59'), 10)).toEqual([]);
  });

  test('are none when the clock was set back', () => {
    expect(dueIntervals(hourly, { ...down, catchup: 'latest' }, at('01:10'), 10)).toEqual([]);
    expect(dueIntervals(hourly, { ...down, catchup: 'all' }, at('01:10'), 10)).toEqual([]);
  });
});

describe('a triggered run', () => {
  test('covers no time, and has an id of its own even when triggered twice at an instant of the timetable', () => {
    const scheduled = latestInterval(hourly, at('04:00'));
    const first = triggerInterval(hourly, null, at('04:00'));
    const second = triggerInterval(hourly, first.end, at('04:00'));
    expect(first.start).toBe(first.end);
    const ids = [scheduled ?? first, first, second].map((interval) => runId('fetch', interval));
    expect(ids[0]).toBe('fetch@2026-05-01T04:00:00.000Z');
    expect(new Set(ids).size).toBe(3);
  });
});

// Zones with gaps and overlaps of an hour, of half an hour, at midnight, southern ones, and one without.
const anyZone = fc.constantFrom(
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/Santiago',
  'Asia/Kathmandu',
);
const anyCron = fc.constantFrom(
  '0 * * * *',
  '*/20 * * * *',
  '30 2 * * *',
  '0 0 * * *',
  '15 1,2,3 * * *',
  '*/30 2 * * *',
  '59 23 * * 0',
  '0 3 1 * *',
);
const anySpec: fc.Arbitrary<ScheduleSpec> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ cron: anyCron, timeZone: anyZone }) },
  { weight: 1, arbitrary: fc.record({ everyMs: fc.integer({ min: 60_000, max: 10_000_000 }) }) },
);
const anyInstant = fc.oneof(
  fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2027-12-31') }),
  // Close to transitions, where it breaks if it breaks.
  fc
    .record({
      transition: fc.constantFrom(
        '2026-03-08T07:00Z',
        '2026-11-01T06:00Z',
        '2026-03-29T01:00Z',
        '2026-10-25T01:00Z',
        '2026-10-03T15:30Z',
        '2026-04-04T15:00Z',
        '2026-04-23T22:00Z',
        '2026-10-29T21:00Z',
      ),
      byMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
    })
    .map(({ transition, byMs }) => Date.parse(transition) + byMs),
);

describe('data intervals, in every zone and over every change of clocks', () => {
  test('are contiguous, ordered and without overlap when all missed ones are caught up', () => {
    fc.assert(
      fc.property(anySpec, anyInstant, (spec, from) => {
        const table = timetable(spec);
        const begin = latestInterval(table, from);
        if (begin === null) throw new Error('no interval');
        const due = dueIntervals(
          table,
          { scheduledUntil: begin.end, startAt: null, catchup: 'all' },
          from + 3 * 86_400_000,
          60,
        );
        let end = begin.end;
        for (const interval of due) {
          expect(interval.start).toBe(end);
          expect(interval.end).toBeGreaterThan(interval.start);
          end = interval.end;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are the same whether they are walked forward or found as the latest', () => {
    fc.assert(
      fc.property(anySpec, anyInstant, (spec, now) => {
        const table = timetable(spec);
        const latest = latestInterval(table, now);
        if (latest === null) throw new Error('no interval');
        expect(latest.end).toBeLessThanOrEqual(now);
        expect(table.next(latest.start)).toBe(latest.end);
        expect(table.next(latest.end) ?? now + 1).toBeGreaterThan(now);
      }),
      { numRuns: 500 },
    );
  });

  test('reach the same point whether they are created one by one as time passes or all at once after downtime', () => {
    fc.assert(
      fc.property(anySpec, anyInstant, fc.integer({ min: 1, max: 20 }), (spec, from, steps) => {
        const table = timetable(spec);
        const begin = latestInterval(table, from);
        if (begin === null) throw new Error('no interval');
        const progress = { startAt: null, catchup: 'all' } as const;
        const one: DataInterval[] = [];
        let scheduledUntil = begin.end;
        for (let step = 1; step <= steps; step++) {
          for (const interval of dueIntervals(table, { ...progress, scheduledUntil }, from + step * 1_800_000, 50)) {
            one.push(interval);
            scheduledUntil = interval.end;
          }
        }
        const all = dueIntervals(table, { ...progress, scheduledUntil: begin.end }, from + steps * 1_800_000, 5000);
        expect(one.slice(0, all.length)).toEqual(all.slice(0, one.length));
        if (all.length < 50) expect(one).toEqual(all);
      }),
      { numRuns: 100 },
    );
  });
});

test('with lookback an interval begins as many intervals earlier, whatever the clocks do between', () => {
  const daily = timetable({ cron: '0 0 * * *', timeZone: 'Europe/Berlin' });
  const own = { start: Date.parse('2026-03-29T23:00:00Z') - 3_600_000, end: Date.parse('2026-03-30T22:00:00Z') };
  expect(new Date(withLookback(daily, own, 2).start).toISOString()).toBe('2026-03-27T23:00:00.000Z');
  expect(withLookback(daily, own, 0)).toEqual(own);
});
