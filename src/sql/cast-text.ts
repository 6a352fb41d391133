/** Values from texts, as CAST reads them. */
import { Buffer } from 'node:buffer';
import { roundedQuotient } from './common-type.ts';
import { parseInterval } from './interval.ts';
import { text as textOf } from './kinds.ts';
import { daysOf, timestampOf } from './times-text.ts';
import { type SqlType, typeText } from './type.ts';
import { exactInteger, SqlError, type SqlValue } from './value.ts';

/** Null when no text is read as the type. The cast throws a SqlError for a text that is no such value. */
export function castFromText(to: SqlType): ((value: SqlValue) => SqlValue) | null {
  const read = readerOf(to);
  if (read === null) return null;
  return (value) => {
    const text = textOf(value);
    const found = read(text);
    if (found !== undefined) return found;
    throw new SqlError(`'${shown(text)}' is no ${typeText(to)}`);
  };
}

const SHOWN_CHARACTERS = 60;

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

/** Undefined for a text that is no such value. */
function readerOf(to: SqlType): ((text: string) => SqlValue | undefined) | null {
  switch (to.kind) {
    case 'boolean':
      return booleanOf;
    case 'bigint':
      return wholeOf;
    case 'double':
      return doubleOf;
    case 'decimal':
      return (text) => decimalOf(text, to);
    case 'date':
      return (text) => daysOf(text) ?? undefined;
    case 'timestamp':
    case 'timestamptz':
      return (text) => timestampOf(text) ?? undefined;
    case 'interval':
      return (text) => parseInterval(text) ?? undefined;
    case 'blob':
      return bytesOf;
    default:
      return null;
  }
}

function booleanOf(text: string): boolean | undefined {
  const small = text.toLowerCase();
  if (['true', 't', '1', 'yes', 'y'].includes(small)) return true;
  return ['false', 'f', '0', 'no', 'n'].includes(small) ? false : undefined;
}

const DIGITS = /^[\t-\r ]*([+-]?)(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d{1,4}))?[\t-\r ]*$/;

/** unscaled / 10^scale, where a scale below 0 multiplies. */
function digitsOf(text: string): { readonly unscaled: bigint; readonly scale: number } | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] = DIGITS.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = BigInt((whole + fraction).replaceAll('_', ''));
  return { unscaled: sign === '-' ? -digits : digits, scale: fraction.replaceAll('_', '').length - Number(power) };
}

/** Rounded half away from zero. */
function scaledTo({ unscaled, scale }: { readonly unscaled: bigint; readonly scale: number }, to: number): bigint {
  if (to >= scale) return unscaled * 10n ** BigInt(to - scale);
  return roundedQuotient(unscaled, 10n ** BigInt(scale - to));
}

/** Digits and a power of ten that make more than this are beyond every type. */
const MAX_POWER = 400;

function wholeOf(text: string): SqlValue | undefined {
  const hex = /^[\t-\r ]*(0[xX][0-9a-fA-F]+|0[bB][01]+)[\t-\r ]*$/.exec(text)?.[1];
  const digits = hex === undefined ? digitsOf(text) : { unscaled: BigInt(hex), scale: 0 };
  if (digits === undefined || digits.scale < -MAX_POWER) return undefined;
  return exactInteger(scaledTo(digits, 0));
}

/** What is not finite is null. */
function doubleOf(text: string): SqlValue | undefined {
  if (/^[\t-\r ]*[+-]?(?:inf|infinity|nan)[\t-\r ]*$/i.test(text)) return null;
  const match = DIGITS.exec(text);
  if (match === null || (match[2] ?? '') + (match[3] ?? '') === '') return undefined;
  const value = Number(text.replaceAll('_', '').trim());
  return Number.isFinite(value) ? value : null;
}

function decimalOf(text: string, { precision, scale }: Extract<SqlType, { kind: 'decimal' }>): SqlValue | undefined {
  const digits = digitsOf(text);
  if (digits === undefined || digits.scale < -MAX_POWER) return undefined;
  const unscaled = scaledTo(digits, scale);
  const bound = 10n ** BigInt(precision);
  return unscaled < bound && unscaled > -bound ? { unscaled, scale } : undefined;
}

/** \xAB is a byte, all else its UTF-8. */
function bytesOf(text: string): Buffer {
  const parts = text.split(/\\x([0-9a-fA-F]{2})/);
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 1 ? 'hex' : 'utf8')));
}
