/**
 * Days as the clocks of a zone have them, of 23, 24 or 25 hours. What is computed with are readings of such a clock, by which
 * every day has 24 hours; an instant is put into its day, and a day's beginning becomes an instant again.
 *
 * A day begins when the clock shows midnight: the second time, where it shows it twice, and at the end of the gap, where it
 * does not. So does DuckDB's time_bucket(INTERVAL '1 day', t, zone), but for the day before a midnight that is left out,
 * which begins an hour too late there; its date_trunc('day', …) has that one right.
 */
import { createZone } from '../messages/time-zone.ts';

export interface ZoneClock {
  /** The midnight before an instant, as a reading: milliseconds since that of 1970-01-01. Without a zone the instant itself. */
  reading(timeMs: number): number;
  /** The instant of a midnight. */
  instant(readingMs: number): number;
}

export const DAY_MS = 86_400_000;

const UTC_CLOCK: ZoneClock = { reading: (timeMs) => timeMs, instant: (readingMs) => readingMs };

/** Beyond these days, which no event has, a zone's clock goes on as it did: Node knows no instant beyond 8.64e15. */
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
