/**
 * Reads values of logical types as people and files write them: in JSON and CSV a number in the field's own unit or a text,
 * in Parquet the form that its column was brought to. Each type takes only its own texts. A value that is not exact is
 * refused.
 */
import { LONG_MAX } from './avro.ts';
import type { FixedType, ScalarType } from './avro-schema.ts';
import type { InstantParser } from './instant.ts';
import { bytesOfUnscaled, type Logical, logicalName, type TimeUnit, uuidBytes } from './logical-types.ts';
import { unscaledOfText } from './number-text.ts';
import { fail, type Read, type Report, shown, wrong } from './refusal.ts';

/** The last instant of an ECMAScript Date. */
export const TIME_MAX_MS = 8.64e15;
const DAY_MS = 86_400_000;
const TICKS_A_MS: Readonly<Record<TimeUnit, number>> = { millis: 1, micros: 1e3, nanos: 1e6 };
/** A double may have silently rounded a number of more digits. */
const EXACT_DIGITS = 15;

/** Null when the type is read as if it had no logical type. */
export function logicalReader(type: ScalarType | FixedType, report: Report, instants: InstantParser): Read | null {
  const { logical } = type;
  switch (logical?.kind) {
    case 'timestamp':
      return timeReader(report, instantOf(logical.unit, instants), TIME_MAX_MS * TICKS_A_MS[logical.unit], {
        unit: `epoch ${WORDS[logical.unit]}`,
        text: 'an instant with a zone such as 2018-04-01T00:00:31Z',
      });
    case 'local-timestamp':
      return timeReader(report, clockReadingOf(logical.unit, instants), TIME_MAX_MS * TICKS_A_MS[logical.unit], {
        unit: WORDS[logical.unit],
        text: 'a time without a zone such as 2018-04-01T00:00:31',
      });
    case 'date':
      return timeReader(report, (text) => dayOf(text, instants), TIME_MAX_MS / DAY_MS, {
        unit: 'days since 1970-01-01',
        text: 'a date such as 2018-04-01',
      });
    case 'time':
      return timeOfDayReader(report, logical.unit);
    case 'uuid':
      return uuidReader(report, type.kind === 'fixed');
    case 'decimal':
      return decimalReader(report, logical, 'size' in type ? type.size : null);
    default:
      return null;
  }
}

const WORDS: Readonly<Record<TimeUnit, string>> = {
  millis: 'milliseconds',
  micros: 'microseconds',
  nanos: 'nanoseconds',
};

/** Reads whole numbers, and texts by `parse`, which returns NaN for other texts. */
function timeReader(
  report: Report,
  parse: (text: string) => number,
  max: number,
  wanted: { readonly unit: string; readonly text: string },
): Read {
  const most = Math.min(max, LONG_MAX);
  return (value) => {
    const ticks = typeof value === 'string' ? parse(value) : typeof value === 'bigint' ? Number(value) : value;
    if (typeof ticks === 'number' && Number.isInteger(ticks) && Math.abs(ticks) <= most) return ticks;
    if (typeof ticks === 'number' && Math.abs(ticks) > most && Math.abs(ticks) <= max) {
      return fail(report, 'too-large', `is beyond ±(2^53 − 2) ${wanted.unit}: found ${shown(value)}`);
    }
    return fail(report, 'invalid-time', `must be ${wanted.unit} or ${wanted.text}: found ${shown(value)}`);
  };
}

function instantOf(unit: TimeUnit, instants: InstantParser): (text: string) => number {
  if (unit === 'millis') return (text) => instants.text(text);
  return (text) => {
    const ms = instants.text(text);
    return Number.isNaN(ms) ? ms : ms * TICKS_A_MS[unit] + finerTicks(text, unit);
  };
}

/** The ticks of the digits behind the millisecond. */
function finerTicks(text: string, unit: TimeUnit): number {
  const digits = /\.\d{3}(\d+)/.exec(text)?.[1] ?? '';
  const places = unit === 'micros' ? 3 : 6;
  return unit === 'millis' ? 0 : Number(digits.slice(0, places).padEnd(places, '0'));
}

function clockReadingOf(unit: TimeUnit, instants: InstantParser): (text: string) => number {
  const parse = instantOf(unit, instants);
  return (text) => (/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? parse(`${text}Z`) : Number.NaN);
}

function dayOf(text: string, instants: InstantParser): number {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? instants.text(`${text}T00:00Z`) / DAY_MS : Number.NaN;
}

function timeOfDayReader(report: Report, unit: TimeUnit): Read {
  const perMs = TICKS_A_MS[unit];
  return (value) => {
    const ticks = typeof value === 'string' ? timeOfDay(value, unit) : value;
    if (typeof ticks === 'number' && Number.isInteger(ticks) && ticks >= 0 && ticks < DAY_MS * perMs) return ticks;
    const wanted = `must be ${WORDS[unit]} of a day or a time such as 10:17:43.5`;
    return fail(report, 'invalid-time', `${wanted}: found ${shown(value)}`);
  };
}

function timeOfDay(text: string, unit: TimeUnit): number {
  const [, hour, minute, second = '0', fraction = ''] = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?$/.exec(text) ?? [];
  if (!(Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60)) return Number.NaN;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const places = { millis: 3, micros: 6, nanos: 9 }[unit];
  return seconds * 1e3 * TICKS_A_MS[unit] + Number(fraction.slice(0, places).padEnd(places, '0'));
}

function uuidReader(report: Report, isFixed: boolean): Read {
  return (value) => {
    const bytes = typeof value === 'string' ? uuidBytes(value) : null;
    if (bytes !== null) return isFixed ? bytes : value;
    return wrong(report, 'a UUID such as 123e4567-e89b-12d3-a456-426614174000', value);
  };
}

function decimalReader(
  report: Report,
  logical: Extract<Logical, { readonly kind: 'decimal' }>,
  size: number | null,
): Read {
  const { precision, scale } = logical;
  const limit = 10n ** BigInt(precision);
  const tooLarge = (value: unknown) =>
    fail(report, 'too-large', `is beyond what ${logicalName(logical)} holds: found ${shown(value)}`);
  return (value) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
      return wrong(report, 'a decimal number', value);
    }
    if (typeof value === 'number' && significantDigits(value) > EXACT_DIGITS) {
      return fail(
        report,
        'too-large',
        `has more digits than a number of JSON keeps; write it as a text: found ${value}`,
      );
    }
    const unscaled = unscaledOfText(String(value), scale);
    if (unscaled === 'no-number') return wrong(report, 'a decimal number', value);
    if (unscaled === 'too-fine')
      return wrong(report, `a decimal number of at most ${scale} digits behind the point`, value);
    if (unscaled === 'too-long' || unscaled >= limit || unscaled <= -limit) return tooLarge(value);
    return bytesOfUnscaled(unscaled, size) ?? tooLarge(value);
  };
}

function significantDigits(value: number): number {
  return String(value).replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}
