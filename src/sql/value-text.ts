/** Values as texts: what DuckDB's CAST to VARCHAR gives. */
import { Buffer } from 'node:buffer';
import { civilOf, dayOf, modulo } from './calendar.ts';
import { decimal, isInterval, isList, isStruct, MS_PER_DAY } from './kinds.ts';
import type { SqlType } from './type.ts';
import type { DecimalValue, IntervalValue, SqlValue } from './value.ts';

/** Writes values of the type that are not null. */
export function textOf(type: SqlType): (value: SqlValue) => string {
  switch (type.kind) {
    case 'double':
      return (value) => doubleText(Number(value));
    case 'decimal':
      return (value) => decimalText(decimal(value));
    case 'date':
      return (value) => dateText(Number(value));
    case 'timestamp':
      return (value) => timestampText(Number(value));
    case 'timestamptz':
      return (value) => `${timestampText(Number(value))}+00`;
    case 'interval':
      return (value) => (isInterval(value) ? intervalText(value) : '');
    case 'blob':
      return (value) => (Buffer.isBuffer(value) ? blobText(value) : '');
    case 'list': {
      const part = partText(type.of);
      return (value) => (isList(value) ? `[${value.map(part).join(', ')}]` : '');
    }
    case 'struct': {
      const parts = type.fields.map(({ name, type: own }) => ({ name, label: quoted(name), part: partText(own) }));
      return (value) => {
        if (!isStruct(value)) return '';
        return `{${parts.map(({ name, label, part }) => `${label}: ${part(value[name] ?? null)}`).join(', ')}}`;
      };
    }
    case 'map': {
      const part = partText(type.values);
      return (value) => {
        if (!(value instanceof Map)) return '';
        return `{${[...value].map(([key, own]) => `${quotedWhereNeeded(key)}=${part(own)}`).join(', ')}}`;
      };
    }
    default:
      return String;
  }
}

/** The shortest digits that give the double again, with an exponent below 1e-4 and from 1e16 on. */
function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  if (value === 0) return '0.0';
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain = exponent < -6 || exponent >= 21 ? value.toFixed(1) : String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}

export function decimalText({ unscaled, scale }: DecimalValue): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  const point = digits.length - scale;
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function dateText(days: number): string {
  const { year, month, day } = civilOf(days);
  const text = `${padded(year > 0 ? year : 1 - year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  return year > 0 ? text : `${text} (BC)`;
}

function timestampText(ms: number): string {
  return `${dateText(dayOf(ms))} ${clockText(modulo(ms, MS_PER_DAY))}`;
}

/** "04:05:06.789", without zeros at the end of the fraction. */
function clockText(ms: number): string {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  const fraction = micros % 1e6;
  const clock = `${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}:${padded(seconds % 60, 2)}`;
  return fraction === 0 ? clock : `${clock}.${padded(fraction, 6).replace(/0+$/, '')}`;
}

function intervalText({ months, days, ms }: IntervalValue): string {
  const parts = [
    counted(Math.trunc(months / 12), 'year'),
    counted(months % 12, 'month'),
    counted(days, 'day'),
    ms === 0 ? '' : `${ms < 0 ? '-' : ''}${clockText(Math.abs(ms))}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '00:00:00' : parts.join(' ');
}

function counted(count: number, unit: string): string {
  return count === 0 ? '' : `${count} ${unit}${Math.abs(count) === 1 ? '' : 's'}`;
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** Printable ASCII as it is, all else by its two digits. */
function blobText(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x27 && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** A value inside another: texts that could be taken for something else stand in quotes. */
function partText(type: SqlType): (value: SqlValue) => string {
  const own = textOf(type);
  const isNested = type.kind === 'list' || type.kind === 'map' || type.kind === 'struct';
  return (value) => {
    if (value === null) return 'NULL';
    return isNested ? own(value) : quotedWhereNeeded(own(value));
  };
}

function quotedWhereNeeded(text: string): string {
  const isPlain = text !== '' && !/["'(),:=[\]{}]|^[\t-\r ]|[\t-\r ]$|^null$/i.test(text);
  return isPlain ? text : quoted(text);
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
