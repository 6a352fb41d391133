/**
 * Days as the clocks of a zone have them, of 23, 24 or 25 hours. Windows compute with readings of such a clock, by which
 * every day has 24 hours. An instant becomes the reading of its day, and the reading of a day's beginning becomes an
 * instant again.
 *
 * A day begins when the clock shows midnight. Where the clock shows midnight twice, the second time counts; where it skips
 * midnight, the end of the gap. DuckDB's time_bucket(INTERVAL '1 day', t, zone) does the same, except that the day before a
 * skipped midnight begins an hour too late there. DuckDB's date_trunc('day', …) has that day right.
 */
import { createZone } from '../messages/time-zone.ts';

export interface ZoneClock {
  /**
   * The midnight before an instant, as a reading: milliseconds since the midnight of 1970-01-01. Without a zone, the
   * instant itself.
   */
  reading(timeMs: number): number;
  /** The instant of a midnight. */
  instant(readingMs: number): number;
}

export const DAY_MS = 86_400_000;

const UTC_CLOCK: ZoneClock = { reading: (timeMs) => timeMs, instant: (readingMs) => readingMs };

/**
 * No event is beyond these days. A zone's clock goes on beyond them as before, since Node knows no instant beyond 8.64e15.
 */
const MOST_MS = 99_999_990 * DAY_MS;

/** Throws a RangeError for a name that is no zone. */
export function clockOf(timeZone: string | undefined): ZoneClock {
  if (timeZone === undefined) return UTC_CLOCK;
  const zone = createZone(timeZone);
  let [day, fromMs, toMs] = [0, 0, 0];
  const instant = (readingMs: number): number => {
    const within = Math.min(Math.max(readingMs, -MOST_MS), MOST_MS);
    return zone.epochMs(within) + (readingMs - within);
  };
  return {
    instant,
    reading(timeMs) {
      if (!Number.isFinite(timeMs)) return timeMs;
      if (timeMs < fromMs || timeMs >= toMs) {
        // East of Greenwich the day may have begun that is still to come there.
        day = Math.floor(timeMs / DAY_MS) + 1;
        while (instant(day * DAY_MS) > timeMs) day -= 1;
        fromMs = instant(day * DAY_MS);
        toMs = instant((day + 1) * DAY_MS);
      }
      return day * DAY_MS;
    },
  };
}
