/** The order of values of one type, as DuckDB sorts them: texts by their code points, lists and structs by their parts. */
import type { Buffer } from 'node:buffer';
import { rescaled } from './common-type.ts';
import { decimal, integer, isInterval, isList, isStruct, MS_PER_DAY, text } from './kinds.ts';
import type { SqlType } from './type.ts';
import type { IntervalValue, SqlValue } from './value.ts';

/** Negative, 0 or positive. Neither value is null. */
export type Order = (a: SqlValue, b: SqlValue) => number;

export function orderOf(type: SqlType): Order {
  switch (type.kind) {
    case 'varchar':
      return (a, b) => compareTexts(text(a), text(b));
    case 'decimal':
      return (a, b) => {
        const [x, y] = [decimal(a), decimal(b)];
        const scale = Math.max(x.scale, y.scale);
        return compare(rescaled(x, scale).unscaled, rescaled(y, scale).unscaled);
      };
    case 'interval':
      return (a, b) => (isInterval(a) && isInterval(b) ? compareIntervals(a, b) : 0);
    case 'blob':
      return (a, b) => compareBytes(a, b);
    case 'boolean':
      return (a, b) => Number(a) - Number(b);
    case 'list': {
      const order = nullsLast(orderOf(type.of));
      return (a, b) => (isList(a) && isList(b) ? compareLists(a, b, order) : 0);
    }
    case 'struct': {
      const fields = type.fields.map(({ name, type: own }) => ({ name, order: nullsLast(orderOf(own)) }));
      return (a, b) => {
        if (!isStruct(a) || !isStruct(b)) return 0;
        for (const { name, order } of fields) {
          const found = order(a[name] ?? null, b[name] ?? null);
          if (found !== 0) return found;
        }
        return 0;
      };
    }
    case 'map': {
      const entry: SqlType = {
        kind: 'struct',
        fields: [
          { name: 'key', type: { kind: 'varchar' } },
          { name: 'value', type: type.values },
        ],
      };
      const order = orderOf({ kind: 'list', of: entry });
      return (a, b) => order(entriesOf(a), entriesOf(b));
    }
    default:
      return (a, b) => compare(integer(a), integer(b));
  }
}

/** Inside lists and structs a null is equal to a null, and after all else. */
export function nullsLast(order: Order): Order {
  return (a, b) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return order(a, b);
  };
}

function compare(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By UTF-16 units, except that surrogates are beyond all else: the order of code points, and of UTF-8 bytes. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) {
      const [isHighX, isHighY] = [isSurrogate(x), isSurrogate(y)];
      return isHighX === isHighY ? x - y : isHighX ? 1 : -1;
    }
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function compareBytes(a: SqlValue, b: SqlValue): number {
  return isBytes(a) && isBytes(b) ? a.compare(b) : 0;
}

function isBytes(value: SqlValue): value is Buffer {
  return value instanceof Uint8Array;
}

function compareLists(a: readonly SqlValue[], b: readonly SqlValue[], order: Order): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const found = order(a[i]!, b[i]!);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}

function entriesOf(value: SqlValue): readonly SqlValue[] {
  return value instanceof Map ? [...value].map(([key, own]) => ({ key, value: own })) : [];
}

/**
 * What is a whole day of the time becomes days, and what is 30 of the days months; then the months decide, then the days.
 * Source: DuckDB's Interval::Normalize.
 */
function compareIntervals(a: IntervalValue, b: IntervalValue): number {
  const [x, y] = [normalized(a), normalized(b)];
  return x.months - y.months || x.days - y.days || x.ms - y.ms;
}

function normalized({ months, days, ms }: IntervalValue): IntervalValue {
  const monthsOfDays = Math.trunc(days / 30);
  const monthsOfTime = Math.trunc(ms / (30 * MS_PER_DAY));
  const rest = ms - monthsOfTime * 30 * MS_PER_DAY;
  const daysOfTime = Math.trunc(rest / MS_PER_DAY);
  return {
    months: months + monthsOfDays + monthsOfTime,
    days: days - monthsOfDays * 30 + daysOfTime,
    ms: rest - daysOfTime * MS_PER_DAY,
  };
}
