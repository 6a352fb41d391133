/** The type that values of several types have together, and how each is turned into it: what DuckDB casts by itself. */
import { decimal, decimalNumber, integer, isList, isStruct, MS_PER_DAY } from './kinds.ts';
import { MAX_PRECISION, type SqlType } from './type.ts';
import type { DecimalValue, SqlValue } from './value.ts';

/** Digits that a BIGINT has at most. */
const BIGINT_DIGITS = 19;

/** Undefined when there is none without a cast that is written out. */
export function commonType(types: readonly SqlType[]): SqlType | undefined {
  let common: SqlType | undefined = { kind: 'null' };
  for (const type of types) {
    common = commonOfTwo(common, type);
    if (common === undefined) return undefined;
  }
  return common;
}

function commonOfTwo(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'null') return b;
  if (b.kind === 'null') return a;
  if (isNumber(a) && isNumber(b)) return commonNumber(a, b);
  if (isTime(a) && isTime(b))
    return a.kind === b.kind ? a : { kind: isZoned(a) || isZoned(b) ? 'timestamptz' : 'timestamp' };
  if (a.kind === 'list' && b.kind === 'list') {
    const of = commonOfTwo(a.of, b.of);
    return of && { kind: 'list', of };
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const values = commonOfTwo(a.values, b.values);
    return values && { kind: 'map', values };
  }
  if (a.kind === 'struct' && b.kind === 'struct') return commonStruct(a, b);
  return a.kind === b.kind ? a : undefined;
}

function commonStruct(
  a: Extract<SqlType, { kind: 'struct' }>,
  b: Extract<SqlType, { kind: 'struct' }>,
): SqlType | undefined {
  if (a.fields.length !== b.fields.length) return undefined;
  const fields = a.fields.flatMap(({ name, type }, i) => {
    const other = b.fields[i];
    const common = other?.name === name ? commonOfTwo(type, other.type) : undefined;
    return common === undefined ? [] : [{ name, type: common }];
  });
  return fields.length === a.fields.length ? { kind: 'struct', fields } : undefined;
}

/** With whole digits and decimals for both, within 38 digits. */
function commonNumber(a: SqlType, b: SqlType): SqlType {
  if (a.kind === 'double' || b.kind === 'double') return { kind: 'double' };
  if (a.kind === 'bigint' && b.kind === 'bigint') return a;
  const [x, y] = [digitsOf(a), digitsOf(b)];
  const scale = Math.max(x.scale, y.scale);
  return { kind: 'decimal', precision: Math.min(MAX_PRECISION, Math.max(x.whole, y.whole) + scale), scale };
}

function digitsOf(type: SqlType): { readonly whole: number; readonly scale: number } {
  return type.kind === 'decimal'
    ? { whole: type.precision - type.scale, scale: type.scale }
    : { whole: BIGINT_DIGITS, scale: 0 };
}

function isNumber({ kind }: SqlType): boolean {
  return kind === 'bigint' || kind === 'decimal' || kind === 'double';
}

function isTime({ kind }: SqlType): boolean {
  return kind === 'date' || kind === 'timestamp' || kind === 'timestamptz';
}

function isZoned({ kind }: SqlType): boolean {
  return kind === 'timestamptz';
}

/** Turns values of a type, null among them, into a common type that it is of. */
export function widening(from: SqlType, to: SqlType): (value: SqlValue) => SqlValue {
  const widen = widenOf(from, to);
  return (value) => (value === null ? null : widen(value));
}

function widenOf(from: SqlType, to: SqlType): (value: SqlValue) => SqlValue {
  if (to.kind === 'double' && from.kind !== 'double') {
    return from.kind === 'decimal' ? (value) => decimalNumber(decimal(value)) : Number;
  }
  if (to.kind === 'decimal') {
    const { scale } = to;
    if (from.kind === 'bigint') return (value) => rescaled({ unscaled: BigInt(integer(value)), scale: 0 }, scale);
    return (value) => rescaled(decimal(value), scale);
  }
  if ((to.kind === 'timestamp' || to.kind === 'timestamptz') && from.kind === 'date')
    return (value) => Number(value) * MS_PER_DAY;
  if (to.kind === 'list' && from.kind === 'list') {
    const each = widening(from.of, to.of);
    return (value) => (isList(value) ? value.map(each) : value);
  }
  if (to.kind === 'map' && from.kind === 'map') {
    const each = widening(from.values, to.values);
    return (value) => (value instanceof Map ? mapped(value, each) : value);
  }
  if (to.kind === 'struct' && from.kind === 'struct') {
    const each = to.fields.map(({ name, type }, i) => {
      return { name, widen: widening(from.fields[i]?.type ?? { kind: 'null' }, type) };
    });
    return (value) => {
      if (!isStruct(value)) return value;
      return Object.fromEntries(each.map(({ name, widen }) => [name, widen(value[name] ?? null)]));
    };
  }
  return (value) => value;
}

function mapped(
  map: ReadonlyMap<string, SqlValue>,
  each: (value: SqlValue) => SqlValue,
): ReadonlyMap<string, SqlValue> {
  return new Map([...map].map(([key, value]) => [key, each(value)]));
}

/** The same number with other decimals; what is lost is rounded, half away from zero. */
export function rescaled({ unscaled, scale }: DecimalValue, to: number): DecimalValue {
  if (to >= scale) return { unscaled: unscaled * 10n ** BigInt(to - scale), scale: to };
  return { unscaled: roundedQuotient(unscaled, 10n ** BigInt(scale - to)), scale: to };
}

/** Half away from zero; the divisor is positive. */
export function roundedQuotient(value: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return (value < 0n ? value - half : value + half) / divisor;
}
