/**
 * Values in the binary form of PostgreSQL's COPY, each behind its length:
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY and the receive functions of src/backend/utils/adt.
 */
import { isUtf8 } from 'node:buffer';

/** Bytes that grow. What can't be written leaves a word for people, which the writer of rows takes away with its row. */
export interface CopyBytes {
  bytes: Buffer<ArrayBuffer>;
  view: DataView;
  at: number;
  problem: string | null;
}

const FIRST_BYTES = 64 * 1024;
const TWO_32 = 2 ** 32;

/** 2000-01-01, from which PostgreSQL counts. */
const EPOCH_DAYS = 10_957;
const EPOCH_MS = 946_684_800_000;
const EPOCH_MICROS = BigInt(EPOCH_MS) * 1000n;
/** IS_VALID_TIMESTAMP and IS_VALID_DATE of datatype/timestamp.h: 4713 BC to 294276 AD, to 5874897 AD. */
const MIN_MICROS = -211_813_488_000_000_000n;
const END_MICROS = 9_223_371_331_200_000_000n;
const MIN_DAYS = -2_451_545;
const END_DAYS = 2_145_031_949;
const DAY_MICROS = 86_400_000_000;
/** As many ms are exact µs in a double. */
const EXACT_MS = 2 ** 43;

/** With room for so many at first. */
export function copyBytes(likely = 0): CopyBytes {
  const bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, likely));
  return { bytes, view: new DataView(bytes.buffer), at: 0, problem: null };
}

/** Makes room for so many more. */
export function ensure(w: CopyBytes, more: number): void {
  if (w.at + more <= w.bytes.length) return;
  const bytes = Buffer.allocUnsafeSlow(Math.max(w.bytes.length * 2, w.at + more));
  w.bytes.copy(bytes, 0, 0, w.at);
  w.bytes = bytes;
  w.view = new DataView(bytes.buffer);
}

export function refuse(w: CopyBytes, problem: string): void {
  w.problem ??= problem;
}

export function putNull(w: CopyBytes): void {
  ensure(w, 4);
  w.view.setInt32(w.at, -1);
  w.at += 4;
}

export function putInt16(w: CopyBytes, value: number): void {
  ensure(w, 2);
  w.view.setInt16(w.at, value);
  w.at += 2;
}

export function putInt(w: CopyBytes, value: number): void {
  ensure(w, 8);
  w.view.setInt32(w.at, 4);
  w.view.setInt32(w.at + 4, value);
  w.at += 8;
}

/** A whole number that a double holds exactly. */
export function putLong(w: CopyBytes, value: number): void {
  ensure(w, 12);
  w.view.setInt32(w.at, 8);
  w.view.setInt32(w.at + 4, Math.floor(value / TWO_32));
  w.view.setInt32(w.at + 8, value | 0);
  w.at += 12;
}

export function putBigLong(w: CopyBytes, value: bigint): void {
  ensure(w, 12);
  w.view.setInt32(w.at, 8);
  w.view.setBigInt64(w.at + 4, value);
  w.at += 12;
}

export function putFloat(w: CopyBytes, value: number): void {
  if (!Number.isFinite(value)) {
    putNull(w);
    return;
  }
  ensure(w, 8);
  w.view.setInt32(w.at, 4);
  w.view.setFloat32(w.at + 4, value);
  w.at += 8;
}

/** A number that is not finite is null, as everywhere here. */
export function putDouble(w: CopyBytes, value: number): void {
  if (!Number.isFinite(value)) {
    putNull(w);
    return;
  }
  ensure(w, 12);
  w.view.setInt32(w.at, 8);
  w.view.setFloat64(w.at + 4, value);
  w.at += 12;
}

export function putBoolean(w: CopyBytes, value: boolean): void {
  ensure(w, 5);
  w.view.setInt32(w.at, 1);
  w.bytes[w.at + 4] = value ? 1 : 0;
  w.at += 5;
}

/** Days since 1970. */
export function putDate(w: CopyBytes, days: number): void {
  const own = days - EPOCH_DAYS;
  if (own < MIN_DAYS || own >= END_DAYS) refuse(w, `a date ${days} days from 1970, outside the dates of PostgreSQL`);
  putInt(w, own);
}

/** An instant or a local time, in ms since 1970. */
export function putMillis(w: CopyBytes, ms: number): void {
  const own = ms - EPOCH_MS;
  if (own > -EXACT_MS && own < EXACT_MS) putLong(w, own * 1000);
  else putMicros(w, BigInt(Math.floor(ms)) * 1000n);
}

/** The same in µs. */
export function putMicros(w: CopyBytes, micros: bigint): void {
  const own = micros - EPOCH_MICROS;
  if (own < MIN_MICROS || own >= END_MICROS) {
    refuse(w, `a time ${micros} µs from 1970, outside the times of PostgreSQL: 4713 BC to 294276 AD`);
    putNull(w);
    return;
  }
  putBigLong(w, own);
}

/** A time of day in µs. */
export function putTime(w: CopyBytes, micros: number): void {
  if (micros < 0 || micros > DAY_MICROS) refuse(w, `${micros} µs, which are no time of day`);
  putLong(w, micros);
}

const NUL = 'a text with the character U+0000, which PostgreSQL has no place for';

/** UTF-8; what is none, which older versions took in, is written with U+FFFD. */
export function putUtf8(w: CopyBytes, source: Uint8Array, start: number, end: number): void {
  const length = end - start;
  ensure(w, 4 + length);
  const { bytes } = w;
  const first = w.at + 4;
  let all = 0;
  let hasNul = false;
  for (let from = start, to = first; from < end; from++, to++) {
    const byte = source[from]!;
    bytes[to] = byte;
    all |= byte;
    if (byte === 0) hasNul = true;
  }
  if (hasNul) refuse(w, NUL);
  if (all >= 0x80 && !isUtf8(bytes.subarray(first, first + length))) {
    const mended = Buffer.from(bytes.toString('utf8', first, first + length), 'utf8');
    putUtf8(w, mended, 0, mended.length);
    return;
  }
  w.view.setInt32(w.at, length);
  w.at = first + length;
}

export function putText(w: CopyBytes, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  putUtf8(w, bytes, 0, bytes.length);
}

/** An escape of U+0000 that is one: not a backslash behind a backslash. */
const ESCAPED_NUL = /(?:^|[^\\])(?:\\\\)*\\u0000/;

/** As jsonb, whose binary form is a version and the text. */
export function putJson(w: CopyBytes, json: string): void {
  if (ESCAPED_NUL.test(json)) refuse(w, NUL);
  const bytes = Buffer.from(json, 'utf8');
  ensure(w, 5 + bytes.length);
  w.view.setInt32(w.at, 1 + bytes.length);
  w.bytes[w.at + 4] = 1;
  bytes.copy(w.bytes, w.at + 5);
  w.at += 5 + bytes.length;
}

export function putBytes(w: CopyBytes, value: Uint8Array): void {
  ensure(w, 4 + value.length);
  w.view.setInt32(w.at, value.length);
  w.bytes.set(value, w.at + 4);
  w.at += 4 + value.length;
}

/** The text of a UUID, `123e4567-e89b-12d3-a456-426614174000`. */
export function putUuid(w: CopyBytes, text: string): void {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) {
    refuse(w, 'a text that is no UUID');
    putNull(w);
    return;
  }
  putBytes(w, bytes);
}

/** Digits of base 10,000; see numeric_recv. */
const GROUP = 4;
const NEGATIVE = 0x4000;

/** A decimal as its text: an optional sign, digits, and a point with `scale` digits behind it. */
export function putNumeric(w: CopyBytes, text: string): void {
  const isNegative = text.startsWith('-');
  const [whole = '', fraction = ''] = (isNegative ? text.slice(1) : text).split('.');
  const head = whole.padStart(Math.ceil(whole.length / GROUP) * GROUP, '0');
  const tail = fraction.padEnd(Math.ceil(fraction.length / GROUP) * GROUP, '0');
  const digits = head + tail;
  const count = digits.length / GROUP;
  ensure(w, 12 + 2 * count);
  const { view } = w;
  view.setInt32(w.at, 8 + 2 * count);
  view.setInt16(w.at + 4, count);
  view.setInt16(w.at + 6, head.length / GROUP - 1);
  view.setInt16(w.at + 8, isNegative ? NEGATIVE : 0);
  view.setInt16(w.at + 10, fraction.length);
  for (let i = 0; i < count; i++) view.setInt16(w.at + 12 + 2 * i, Number(digits.slice(i * GROUP, (i + 1) * GROUP)));
  w.at += 12 + 2 * count;
}
