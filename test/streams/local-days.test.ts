/** Days of a zone beside DuckDB's, which has ICU's tables of zones, and windows of such days. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { clockOf, DAY_MS } from '../../src/streams/local-days.ts';
import { drivePartition, END } from '../partition/driver.ts';

/** Of half hours, of quarters, of midnights that come twice or never, of a day that was left out, and of none of these. */
const ZONES = [
  ...['America/New_York', 'Europe/Berlin', 'America/Havana', 'America/Sao_Paulo', 'America/St_Johns', 'Asia/Kathmandu'],
  ...['Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Amman', 'Africa/Casablanca', 'Pacific/Kiritimati', 'UTC'],
];
const [FROM_MS, TO_MS] = [0, Date.UTC(2100, 0, 1)];
/** Morocco changed its rules in 2026: the tables of Node 24 know it, those of Node 20 and of DuckDB do not. */
const AGREED_MS = Date.UTC(2026, 0, 1);
/** A day's beginning and what is around it, too. */
const instants = fc.array(
  fc.tuple(fc.integer({ min: FROM_MS, max: TO_MS }), fc.constantFrom(null, -1, 0, 1), fc.nat(ZONES.length - 1)),
  { minLength: 600, maxLength: 600 },
);

/** Whether the clock shows another hour than midnight when the day begins. */
function hasNoMidnight(zone: string, startMs: number): boolean {
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' });
  return Number(hour.format(startMs)) !== 0;
}

test('begin where time_bucket begins them unless the next midnight is left out, and where date_trunc does unless midnight comes twice', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await fc.assert(
    fc.asyncProperty(instants, async (drawn) => {
      const asked = drawn.map(([drawnAt, near, z]) => {
        const at = ZONES[z] === 'Africa/Casablanca' ? drawnAt % AGREED_MS : drawnAt;
        const clock = clockOf(ZONES[z]);
        return { at: near === null ? at : clock.instant(clock.reading(at)) + near, zone: ZONES[z]! };
      });
      const rows = asked
        .map(({ at, zone }, i) => `(${i}, make_timestamptz(${at * 1000}::BIGINT), '${zone}')`)
        .join(', ');
      const answer = await connection.runAndReadAll(
        `SELECT epoch_ms(time_bucket(INTERVAL '1 day', t, z)),
           epoch_ms(timezone(z, date_trunc('day', timezone(z, t)))) FROM (VALUES ${rows}) AS r(i, t, z) ORDER BY i`,
      );
      for (const [i, [bucket, truncated]] of answer.getRows().entries()) {
        const { at, zone } = asked[i]!;
        const clock = clockOf(zone);
        const reading = clock.reading(at);
        const start = clock.instant(reading);
        const next = clock.instant(reading + DAY_MS);
        if (!hasNoMidnight(zone, next)) expect([zone, at, start]).toEqual([zone, at, Number(bucket)]);
        if (Number(truncated) <= at) expect([zone, at, start]).toEqual([zone, at, Number(truncated)]);
        expect(start <= at && at < next, `${zone} ${at}`).toBe(true);
      }
    }),
    { numRuns: 3, endOnFailure: true },
  );
  instance.closeSync();
});

const schema = {
  type: 'record',
  name: 'At',
  namespace: 'test',
  fields: [{ name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } }],
} as const satisfies AvroRecord;

function windowsOf(
  window: { readonly every?: number; readonly days: number; readonly zone: string },
  times: readonly number[],
  lateness = 0,
) {
  const sizes = { sizeMs: window.days * DAY_MS, offsetMs: 0, timeZone: window.zone };
  const spec = {
    name: 'w',
    keyField: null,
    window:
      window.every === undefined
        ? { kind: 'tumbling' as const, ...sizes }
        : { kind: 'hopping' as const, ...sizes, everyMs: window.every * DAY_MS },
    allowedLatenessMs: lateness,
    earlyMs: null,
    where: null,
    aggregates: [{ name: 'n', fn: 'count', field: null }],
  };
  const driver = drivePartition({
    schema,
    timeField: 'ts',
    watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
    windows: [spec],
  });
  const { windows, late } = driver.pipe(...times.map((ts) => ({ ts })), END);
  return { windows: windows.map(({ start, end, count, revision }) => [start, end, count, revision]), late };
}

test('windows of a day in New York are of 23 and 25 hours where its clocks change', () => {
  const hour = 3_600_000;
  const at = (text: string): number => Date.parse(text);
  const spring = Array.from({ length: 47 }, (_, i) => at('2024-03-10T05:00:00Z') + i * hour);
  expect(windowsOf({ days: 1, zone: 'America/New_York' }, spring).windows).toEqual([
    [at('2024-03-10T05:00:00Z'), at('2024-03-11T04:00:00Z'), 23, 0],
    [at('2024-03-11T04:00:00Z'), at('2024-03-12T04:00:00Z'), 24, 0],
  ]);
  const autumn = Array.from({ length: 49 }, (_, i) => at('2024-11-03T04:00:00Z') + i * hour);
  expect(windowsOf({ days: 1, zone: 'America/New_York' }, autumn).windows).toEqual([
    [at('2024-11-03T04:00:00Z'), at('2024-11-04T05:00:00Z'), 25, 0],
    [at('2024-11-04T05:00:00Z'), at('2024-11-05T05:00:00Z'), 24, 0],
  ]);
  // The last hour of the day of 25, under a watermark that stands within it, is in time.
  expect(
    windowsOf({ days: 1, zone: 'America/New_York' }, [at('2024-11-04T04:59:00Z'), at('2024-11-04T04:30:00Z')]).late,
  ).toEqual([]);
  // One that comes later corrects its day.
  const late = [at('2024-11-03T12:00:00Z'), at('2024-11-04T05:00:00Z'), at('2024-11-04T04:59:59Z')];
  expect(windowsOf({ days: 1, zone: 'America/New_York' }, late, hour).windows).toEqual([
    [at('2024-11-03T04:00:00Z'), at('2024-11-04T05:00:00Z'), 1, 0],
    [at('2024-11-03T04:00:00Z'), at('2024-11-04T05:00:00Z'), 2, 1],
    [at('2024-11-04T05:00:00Z'), at('2024-11-05T05:00:00Z'), 1, 0],
  ]);
});

test('hopping windows of days in a zone have the events of each of their days', () => {
  const zone = fc.constantFrom('Europe/Berlin', 'America/Havana', 'Pacific/Apia');
  const times = fc.array(fc.integer({ min: Date.UTC(2011, 9, 1), max: Date.UTC(2012, 3, 30) }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(zone, times, fc.constantFrom([2, 1], [7, 1], [3, 2]), (of, all, [days = 1, every = 1]) => {
      const { windows, late } = windowsOf(
        { days, every, zone: of },
        all.toSorted((a, b) => a - b),
      );
      expect(late).toEqual([]);
      const clock = clockOf(of);
      const dayOf = (ts: number): number => clock.reading(ts) / DAY_MS;
      const first = Math.floor(Date.UTC(2011, 8, 1) / DAY_MS / every) * every;
      const expected = Array.from({ length: 300 }, (_, i) => first + i * every).flatMap((day) => {
        const n = all.filter((ts) => day <= dayOf(ts) && dayOf(ts) < day + days).length;
        return n === 0 ? [] : [[clock.instant(day * DAY_MS), clock.instant((day + days) * DAY_MS), n, 0]];
      });
      expect(windows).toEqual(expected);
    }),
    // The day that Apia left out ends two windows at once, and begins two.
    { numRuns: 40, examples: [['Pacific/Apia', [1_317_427_200_000, 1_324_720_800_000, 1_325_300_000_000], [7, 1]]] },
  );
});
