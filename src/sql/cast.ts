/** CAST between types, as DuckDB casts. */
import { dayOf } from './calendar.ts';
import { castFromText } from './cast-text.ts';
import { rescaled } from './common-type.ts';
import type { CastTarget } from './expression.ts';
import { decimal, decimalNumber, integer, isList, isStruct, MS_PER_DAY } from './kinds.ts';
import { type SqlType, typeText } from './type.ts';
import { exactInteger, SqlError, type SqlValue } from './value.ts';
import { textOf } from './value-text.ts';

/** Of values that are not null. Throws a SqlError for a value that does not fit. */
export type Cast = (value: SqlValue) => SqlValue;

/** Null when no value of the one type can be cast to the other. */
export function castOf(from: SqlType, target: CastTarget): Cast | null {
  const cast = plainCast(from, target.type);
  if (cast === null) return null;
  const { range, isSingle } = target;
  if (isSingle === true) return (value) => finiteOrNull(Math.fround(Number(cast(value))));
  if (range === undefined) return cast;
  return (value) => {
    const whole = cast(value);
    if (Number(whole) >= range.min && Number(whole) <= range.max) return whole;
    throw new SqlError(`${textOf(from)(value)} is beyond what ${range.name} holds`);
  };
}

function plainCast(from: SqlType, to: SqlType): Cast | null {
  if (from.kind === 'null') return () => null;
  if (to.kind === 'varchar') return from.kind === 'varchar' ? (value) => value : textOf(from);
  if (from.kind === 'varchar') return castFromText(to);
  switch (to.kind) {
    case 'boolean':
      return toBoolean(from);
    case 'bigint':
      return toBigint(from);
    case 'double':
      return toDouble(from);
    case 'decimal':
      return toDecimal(from, to);
    case 'date':
      if (from.kind === 'timestamp' || from.kind === 'timestamptz') return (value) => dayOf(Number(value));
      return from.kind === 'date' ? (value) => value : null;
    case 'timestamp':
    case 'timestamptz':
      if (from.kind === 'date') return (value) => Number(value) * MS_PER_DAY;
      return from.kind === 'timestamp' || from.kind === 'timestamptz' ? (value) => value : null;
    case 'list': {
      if (from.kind !== 'list') return null;
      const each = orNull(plainCast(from.of, to.of));
      return each && ((value) => (isList(value) ? value.map(each) : null));
    }
    case 'map': {
      if (from.kind !== 'map') return null;
      const each = orNull(plainCast(from.values, to.values));
      return (
        each && ((value) => (value instanceof Map ? new Map([...value].map(([key, own]) => [key, each(own)])) : null))
      );
    }
    case 'struct':
      return from.kind === 'struct' ? structCast(from, to) : null;
    default:
      return from.kind === to.kind ? (value) => value : null;
  }
}

function orNull(cast: Cast | null): Cast | null {
  return cast === null ? null : (value) => (value === null ? null : cast(value));
}

type StructType = Extract<SqlType, { kind: 'struct' }>;

/** By name; a field that the value has not is null. */
function structCast(from: StructType, to: StructType): Cast | null {
  const fields: { readonly name: string; readonly of: string; readonly cast: Cast }[] = [];
  for (const { name, type } of to.fields) {
    const source = from.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
    const cast = source === undefined ? () => null : orNull(plainCast(source.type, type));
    if (cast === null) return null;
    fields.push({ name, of: source?.name ?? name, cast });
  }
  if (!fields.some(({ of }) => from.fields.some(({ name }) => name === of))) return null;
  return (value) =>
    isStruct(value) ? Object.fromEntries(fields.map(({ name, of, cast }) => [name, cast(value[of] ?? null)])) : null;
}

function toBoolean({ kind }: SqlType): Cast | null {
  if (kind === 'boolean') return (value) => value;
  if (kind === 'decimal') return (value) => decimal(value).unscaled !== 0n;
  return kind === 'bigint' || kind === 'double' ? (value) => Number(value) !== 0 : null;
}

function toBigint({ kind }: SqlType): Cast | null {
  switch (kind) {
    case 'bigint':
      return (value) => value;
    case 'boolean':
      return Number;
    case 'decimal':
      return (value) => exactInteger(rescaled(decimal(value), 0).unscaled);
    case 'double':
      return (value) => {
        const whole = halfEven(Number(value));
        return Number.isSafeInteger(whole) ? whole + 0 : exactInteger(BigInt(whole));
      };
    default:
      return null;
  }
}

/** To the nearest whole number, and from between two to the even one. */
export function halfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function toDouble({ kind }: SqlType): Cast | null {
  switch (kind) {
    case 'double':
      return (value) => value;
    case 'bigint':
    case 'boolean':
      return Number;
    case 'decimal':
      return (value) => decimalNumber(decimal(value));
    default:
      return null;
  }
}

function toDecimal(from: SqlType, to: Extract<SqlType, { kind: 'decimal' }>): Cast | null {
  const bounded = fitting(to);
  switch (from.kind) {
    case 'decimal':
      return (value) => bounded(rescaled(decimal(value), to.scale).unscaled, value, from);
    case 'bigint':
    case 'boolean':
      return (value) => {
        const whole = typeof value === 'boolean' ? BigInt(value) : BigInt(integer(value));
        return bounded(whole * 10n ** BigInt(to.scale), value, from);
      };
    case 'double':
      return (value) => {
        const scaled = Number(value) * 10 ** to.scale;
        const whole = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
        if (!Number.isFinite(whole)) throw new SqlError(`${value} does not fit into ${typeText(to)}`);
        return bounded(BigInt(whole), value, from);
      };
    default:
      return null;
  }
}

function fitting(
  to: Extract<SqlType, { kind: 'decimal' }>,
): (unscaled: bigint, value: SqlValue, from: SqlType) => SqlValue {
  const bound = 10n ** BigInt(to.precision);
  return (unscaled, value, from) => {
    if (unscaled < bound && unscaled > -bound) return { unscaled, scale: to.scale };
    throw new SqlError(`${textOf(from)(value)} does not fit into ${typeText(to)}`);
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
