/**
 * Reads values of logical types as people and files write them: in JSON and CSV a number in the field's own unit or a text,
 * in Parquet the form that its column was brought to. Each type takes only its own texts. A value that is not exact is
 * refused.
 */
import type { FixedType, ScalarType } from './avro-schema.ts';
import { type ExactLong, exactLong, isLong } from './exact-long.ts';
import type { InstantParser } from './instant.ts';
import { bytesOfUnscaled, type Logical, logicalName, type TimeUnit, uuidBytes } from './logical-types.ts';
import { unscaledOfText } from './number-text.ts';
import { fail, type Read, type Report, shown, wrong } from './refusal.ts';
import type { Times } from './times.ts';
import { writtenText } from './written-number.ts';

/** The last instant of an ECMAScript Date. */
export const TIME_MAX_MS = 8.64e15;
const DAY_MS = 86_400_000;
const TICKS_A_MS: Readonly<Record<TimeUnit, number>> = { millis: 1, micros: 1e3, nanos: 1e6 };
/** A double may have silently rounded a number of more digits. */
const EXACT_DIGITS = 15;

/** Null when the type is read as if it had no logical type. */
export function logicalReader(type: ScalarType | FixedType, report: Report, times: Times): Read | null {
  const { logical } = type;
  switch (logical?.kind) {
    case 'timestamp':
      return instantReader(report, logical.unit, times);
    case 'local-timestamp':
      return timeReader(report, textTicks(logical.unit, times.clocks), TIME_MAX_MS * TICKS_A_MS[logical.unit], {
        unit: WORDS[logical.unit],
        text: times.wanted.clock,
      });
    case 'date':
      return timeReader(report, times.day, TIME_MAX_MS / DAY_MS, {
        unit: 'days since 1970-01-01',
        text: times.wanted.date,
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
  parse: (text: string) => ExactLong,
  max: number,
  wanted: { readonly unit: string; readonly text: string },
): Read {
  return (value) => {
    const ticks = typeof value === 'string' ? parse(value) : wholeTicks(value);
    const isTime = ticks <= max && ticks >= -max;
    // A number that JSON.parse may have rounded is taken once it comes as it was written.
    if (isTime && isLong(ticks)) return ticks;
    if (isTime) return fail(report, 'too-large', `is beyond 64 bits of ${wanted.unit}: found ${shown(value)}`);
    return fail(report, 'invalid-time', `must be ${wanted.unit} or ${wanted.text}: found ${shown(value)}`);
  };
}

/** NaN when the value is no whole number. */
function wholeTicks(value: unknown): ExactLong {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number.NaN;
  if (typeof value === 'bigint') return normal(value);
  const text = writtenText(value);
  const ticks = text === null ? null : unscaledOfText(text, 0);
  return typeof ticks === 'bigint' ? normal(ticks) : Number.NaN;
}

function normal(value: bigint): ExactLong {
  return isLong(value) ? exactLong(value) : value;
}

/** A number is in the unit that the input has for times, where it has one. */
function instantReader(report: Report, unit: TimeUnit, { instants, epochMicros, wanted }: Times): Read {
  const read = timeReader(report, textTicks(unit, instants), TIME_MAX_MS * TICKS_A_MS[unit], {
    unit: wanted.epoch ?? `epoch ${WORDS[unit]}`,
    text: wanted.instant,
  });
  if (epochMicros === null) return read;
  const ticksAUnit = (epochMicros * TICKS_A_MS[unit]) / 1e3;
  return (value) => {
    const written = writtenText(value);
    const units = written === null ? value : wholeTicks(value);
    if (typeof units === 'bigint') return read(exactTicks(units, ticksAUnit));
    if (typeof units !== 'number') return read(value);
    const ticks = epochTicks(written === null ? units : Number(written), epochMicros, ticksAUnit);
    if (Number.isSafeInteger(ticks) || !Number.isSafeInteger(units)) return read(ticks);
    return read(normal(exactTicks(BigInt(units), ticksAUnit)));
  };
}

/** Of a number with a fraction, microseconds are exact and what is finer is cut. */
function epochTicks(value: number, epochMicros: number, ticksAUnit: number): number {
  const isFine = ticksAUnit < 1;
  if (Number.isInteger(value)) return isFine ? Math.floor(value / Math.round(1 / ticksAUnit)) : value * ticksAUnit;
  const ticksAMicro = ticksAUnit / epochMicros;
  const micros = Math.round(value * epochMicros);
  return ticksAMicro < 1 ? Math.floor(micros / Math.round(1 / ticksAMicro)) : micros * Math.round(ticksAMicro);
}

function exactTicks(value: bigint, ticksAUnit: number): bigint {
  if (ticksAUnit >= 1) return value * BigInt(ticksAUnit);
  const units = BigInt(Math.round(1 / ticksAUnit));
  return (value - (((value % units) + units) % units)) / units;
}

function textTicks(unit: TimeUnit, parser: InstantParser): (text: string) => ExactLong {
  if (unit === 'millis') return parser.text;
  const perMs = TICKS_A_MS[unit];
  const nanosATick = 1e6 / perMs;
  return (text) => {
    const ms = parser.text(text);
    const finer = Math.floor(parser.nanos() / nanosATick);
    const ticks = ms * perMs + finer;
    return Number.isSafeInteger(ticks) || Number.isNaN(ms) ? ticks : normal(BigInt(ms) * BigInt(perMs) + BigInt(finer));
  };
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
  return (given) => {
    const value = writtenText(given) ?? given;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
      return wrong(report, 'a decimal number', value);
    }
    // From a line of JSON it comes once more, as it was written.
    if (typeof value === 'number' && significantDigits(value) > EXACT_DIGITS) {
      return fail(report, 'too-large', `has more digits than a double keeps; write it as a text: found ${value}`);
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
