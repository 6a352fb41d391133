/**
 * The kinds of a function's argument: which types each takes, and how a value is read. The casts that DuckDB makes by
 * itself are made here too: whole numbers to decimals and doubles, decimals to doubles, dates to timestamps.
 */
import { Buffer } from 'node:buffer';
import { type SqlType, typeText } from './type.ts';
import type { DecimalValue, IntervalValue, SqlValue } from './value.ts';

export interface Kind<T> {
  /** As messages name it. */
  readonly text: string;
  takes(type: SqlType): boolean;
  /** Reads values, of a type that is taken, that are not null. */
  reader(type: SqlType): (value: SqlValue) => T;
}

export const MS_PER_DAY = 86_400_000;

export const BOOLEAN: Kind<boolean> = kindOf('BOOLEAN', ['boolean'], () => (value) => value === true);

export const BIGINT: Kind<number | bigint> = kindOf('BIGINT', ['bigint'], () => integer);

/** A BIGINT where no exact digits beyond 2^53 are asked for: a count, a place, a width. */
export const INTEGER: Kind<number> = kindOf('BIGINT', ['bigint'], () => Number);

export const BIG: Kind<bigint> = kindOf('BIGINT', ['bigint'], () => (value) => BigInt(integer(value)));

export const DOUBLE: Kind<number> = kindOf('DOUBLE', ['double', 'bigint', 'decimal'], (type) =>
  type.kind === 'decimal' ? (value) => decimalNumber(decimal(value)) : Number,
);

export const DECIMAL: Kind<DecimalValue> = kindOf('DECIMAL', ['decimal', 'bigint'], (type) =>
  type.kind === 'bigint' ? (value) => ({ unscaled: BigInt(integer(value)), scale: 0 }) : decimal,
);

export const VARCHAR: Kind<string> = kindOf('VARCHAR', ['varchar'], () => text);

export const BLOB: Kind<Buffer> = kindOf('BLOB', ['blob'], () => (value) => {
  return Buffer.isBuffer(value) ? value : misread('BLOB', value);
});

export const DATE: Kind<number> = kindOf('DATE', ['date'], () => Number);

/** Milliseconds since the epoch. */
export const TIMESTAMP: Kind<number> = kindOf('TIMESTAMP', ['timestamp', 'date'], (type) =>
  type.kind === 'date' ? (value) => Number(value) * MS_PER_DAY : Number,
);

/** Milliseconds since the epoch. */
export const TIMESTAMPTZ: Kind<number> = kindOf('TIMESTAMPTZ', ['timestamptz'], () => Number);

export const INTERVAL: Kind<IntervalValue> = kindOf('INTERVAL', ['interval'], () => (value) => {
  return isInterval(value) ? value : misread('INTERVAL', value);
});

export const LIST: Kind<readonly SqlValue[]> = kindOf('list', ['list'], () => (value) => {
  return isList(value) ? value : misread('list', value);
});

export const MAP: Kind<ReadonlyMap<string, SqlValue>> = kindOf('MAP', ['map'], () => (value) => {
  return value instanceof Map ? value : misread('MAP', value);
});

export const STRUCT: Kind<StructValue> = kindOf('STRUCT', ['struct'], () => (value) => {
  return isStruct(value) ? value : misread('STRUCT', value);
});

export const ANY: Kind<SqlValue> = { text: 'any type', takes: () => true, reader: () => (value) => value };

export type StructValue = { readonly [name: string]: SqlValue };

/** For functions that see nulls. */
export function nullable<T>(kind: Kind<T>): Kind<T | null> {
  return {
    text: kind.text,
    takes: kind.takes,
    reader(type) {
      const read = kind.reader(type);
      return (value) => (value === null ? null : read(value));
    },
  };
}

/** A list whose elements are of the kind; a null element stays null. */
export function listOf<T>(kind: Kind<T>): Kind<readonly (T | null)[]> {
  return {
    text: `${kind.text}[]`,
    takes: (type) => type.kind === 'null' || (type.kind === 'list' && kind.takes(type.of)),
    reader(type) {
      const read = nullable(kind).reader(type.kind === 'list' ? type.of : type);
      return (value) => (isList(value) ? value.map(read) : misread(`${kind.text}[]`, value));
    },
  };
}

export function isList(value: SqlValue): value is readonly SqlValue[] {
  return Array.isArray(value);
}

export function isDecimal(value: SqlValue): value is DecimalValue {
  return typeof value === 'object' && value !== null && 'unscaled' in value;
}

export function isInterval(value: SqlValue): value is IntervalValue {
  return typeof value === 'object' && value !== null && 'months' in value && 'ms' in value;
}

export function isStruct(value: SqlValue): value is StructValue {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Map);
}

/** The double that DuckDB makes of it. */
export function decimalNumber({ unscaled, scale }: DecimalValue): number {
  return scale === 0 ? Number(unscaled) : Number(unscaled) / Number(`1e${scale}`);
}

function kindOf<T>(
  name: string,
  taken: readonly SqlType['kind'][],
  reader: (type: SqlType) => (value: SqlValue) => T,
): Kind<T> {
  return { text: name, takes: ({ kind }) => kind === 'null' || taken.includes(kind), reader };
}

export function integer(value: SqlValue): number | bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? value : misread('BIGINT', value);
}

export function text(value: SqlValue): string {
  return typeof value === 'string' ? value : misread('VARCHAR', value);
}

export function decimal(value: SqlValue): DecimalValue {
  return isDecimal(value) ? value : misread('DECIMAL', value);
}

/** The types are checked before anything runs. */
function misread(expected: string, value: SqlValue): never {
  throw new TypeError(`A value of type ${expected} is ${typeof value}`);
}

/** As in a message: "VARCHAR, BIGINT". */
export function typesText(types: readonly SqlType[]): string {
  return types.map((type) => (type.kind === 'null' ? 'NULL' : typeText(type))).join(', ');
}
