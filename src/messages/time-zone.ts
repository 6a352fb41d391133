/**
 * A zone of the IANA database, for times that are written without one.
 *
 * A clock that is set back shows an hour twice, and one that is set forward leaves an hour out. A reading of the first is
 * the later of its two instants. A reading of the second is as far behind the gap as it is behind the gap's beginning. So
 * do ICU, DuckDB and PostgreSQL.
 */
const DAY_MS = 86_400_000;
/** Offsets of so many days are remembered. */
const DAYS_KEPT = 4096;

export interface Zone {
  /** The instant at which a clock of the zone shows this; clock and instant in milliseconds since 1970. */
  epochMs(clockMs: number): number;
  /** What a clock of the zone shows at the instant. */
  clockMs(epochMs: number): number;
}

export const UTC: Zone = { epochMs: (clockMs) => clockMs, clockMs: (epochMs) => epochMs };

/** Whether the IANA database, as this Node has it, knows the name. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

/** Throws a RangeError for a name that is no zone. */
export function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  /** By day of the clock: the offset of the whole day, or NaN when it changes within a day of it. */
  const offsets = new Map<number, number>();
  let lastDay = Number.NaN;
  let lastOffset = Number.NaN;

  function offsetAt(epochMs: number): number {
    const [, sign, hours, minutes = '0', seconds = '0'] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(epochMs)) ?? [];
    if (sign === undefined) return 0;
    const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -offset : offset;
  }
  function offsetOfDay(day: number): number {
    const known = offsets.get(day);
    if (known !== undefined) return known;
    const before = offsetAt((day - 1) * DAY_MS);
    const offset = before === offsetAt((day + 2) * DAY_MS) ? before : Number.NaN;
    if (offsets.size >= DAYS_KEPT) offsets.clear();
    offsets.set(day, offset);
    return offset;
  }
  function aroundChange(clockMs: number): number {
    const before = clockMs - offsetAt(clockMs - DAY_MS);
    const after = clockMs - offsetAt(clockMs + DAY_MS);
    const isShown = (epochMs: number): boolean => epochMs + offsetAt(epochMs) === clockMs;
    const shown = [before, after].filter(isShown);
    return shown.length === 0 ? before : Math.max(...shown);
  }

  return {
    clockMs(epochMs) {
      if (!Number.isFinite(epochMs)) return epochMs;
      const offset = offsetOfDay(Math.floor(epochMs / DAY_MS));
      return epochMs + (Number.isNaN(offset) ? offsetAt(epochMs) : offset);
    },
    epochMs(clockMs) {
      if (!Number.isFinite(clockMs)) return clockMs;
      const day = Math.floor(clockMs / DAY_MS);
      if (day !== lastDay) {
        lastDay = day;
        lastOffset = offsetOfDay(day);
      }
      return Number.isNaN(lastOffset) ? aroundChange(clockMs) : clockMs - lastOffset;
    },
  };
}
