/** How times are written in an input: as ISO 8601 unless its stream says otherwise. */
import { createInstantParser, type InstantParser, textReader } from './instant.ts';
import { compileTimeFormat, type ReadTime } from './time-format.ts';
import { createZone, UTC, type Zone } from './time-zone.ts';

export type EpochUnit = 'seconds' | 'millis' | 'micros' | 'nanos';

export interface TimeOptions {
  /** IANA name of the zone of times that have none; null refuses these. */
  readonly timeZone: string | null;
  /** Formats of strptime for instants and local times, tried in order; none stands for ISO 8601. */
  readonly timeFormats: readonly string[];
  /** Likewise for dates. */
  readonly dateFormats: readonly string[];
  /** Of numbers where an instant should be; null for the unit of the field. */
  readonly epoch: EpochUnit | null;
}

export const ISO_TIMES: TimeOptions = { timeZone: null, timeFormats: [], dateFormats: [], epoch: null };

export interface Times {
  readonly instants: InstantParser;
  /** Readings of a clock, as if it showed UTC. */
  readonly clocks: InstantParser;
  /** Days since 1970; NaN for a text that is no date. */
  day(text: string): number;
  /** Microseconds that one in a number stands for; null for the unit of the field. */
  readonly epochMicros: number | null;
  /** By example, or by format. */
  readonly wanted: {
    readonly instant: string;
    readonly clock: string;
    readonly date: string;
    readonly epoch: string | null;
  };
}

const DAY_MS = 86_400_000;
const MICROS: Readonly<Record<EpochUnit, number>> = { seconds: 1e6, millis: 1e3, micros: 1, nanos: 1e-3 };
const CLOCK = /^\d{4}-\d\d-\d\d[Tt ][\d:.,]+$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Throws for a zone or a format that is none. */
export function createTimes({ timeZone, timeFormats, dateFormats, epoch }: TimeOptions = ISO_TIMES): Times {
  const zone = timeZone === null ? null : createZone(timeZone);
  const utc = createInstantParser(UTC);
  const days = dateFormats.length === 0 ? null : formatParser(dateFormats, UTC, false);
  const formats = timeFormats.map((format) => JSON.stringify(format)).join(' or ');
  const instant =
    timeZone === null
      ? 'an instant with a zone such as 2018-04-01T00:00:31Z'
      : 'an instant such as 2018-04-01T00:00:31';
  return {
    instants: timeFormats.length === 0 ? createInstantParser(zone) : formatParser(timeFormats, zone, true),
    clocks:
      timeFormats.length === 0
        ? { ...utc, text: (text) => (CLOCK.test(text) ? utc.text(text) : Number.NaN) }
        : formatParser(timeFormats, UTC, false),
    day: (text) => (days === null ? (DATE.test(text) ? utc.text(text) : Number.NaN) : days.text(text)) / DAY_MS,
    epochMicros: epoch === null ? null : MICROS[epoch],
    wanted: {
      instant: formats === '' ? instant : `a time of the format ${formats}`,
      clock: formats === '' ? 'a time without a zone such as 2018-04-01T00:00:31' : `a time of the format ${formats}`,
      date:
        dateFormats.length === 0
          ? 'a date such as 2018-04-01'
          : `a date of the format ${dateFormats.map((format) => JSON.stringify(format)).join(' or ')}`,
      epoch: epoch === null ? null : `epoch ${epoch === 'seconds' ? epoch : `${epoch.slice(0, -1)}seconds`}`,
    },
  };
}

/** Tries formats in order. A zone in the text comes before `zone`; without `takesZones` such a text is refused. */
function formatParser(formats: readonly string[], zone: Zone | null, takesZones: boolean): InstantParser {
  const readers: readonly ReadTime[] = formats.map(compileTimeFormat);
  let nanos = 0;
  function bytes(source: Uint8Array, start: number, end: number): number {
    for (const reader of readers) {
      const clockMs = reader.read(source, start, end);
      if (Number.isNaN(clockMs)) continue;
      const offsetMs = reader.offsetMs();
      nanos = reader.nanos();
      if (offsetMs !== null) return takesZones ? clockMs - offsetMs : Number.NaN;
      return zone === null ? Number.NaN : zone.epochMs(clockMs);
    }
    return Number.NaN;
  }
  return { bytes, text: textReader(bytes), nanos: () => nanos };
}
