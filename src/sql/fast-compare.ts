/**
 * Comparisons of the fast tier. A truth value is 0, 1, or a half for unknown: in Kleene's logic `and` is the smaller of
 * two.
 */
import { Buffer } from 'node:buffer';
import type { NumberColumn, TextColumn } from '../messages/columns.ts';
import type { Comparison } from './expression.ts';
import type { NumberAt } from './fast-arithmetic.ts';
import { compareTexts } from './order.ts';
import type { SqlValue } from './value.ts';

export const UNKNOWN = 0.5;

/** NaN is null. */
export function compareNumbers(operator: Comparison, a: NumberAt, b: NumberAt): NumberAt {
  switch (operator) {
    case '=':
      return (row) => truthOf(a(row), b(row), (x, y) => x === y);
    case '!=':
      return (row) => truthOf(a(row), b(row), (x, y) => x !== y);
    case '<':
      return (row) => truthOf(a(row), b(row), (x, y) => x < y);
    case '<=':
      return (row) => truthOf(a(row), b(row), (x, y) => x <= y);
    case '>':
      return (row) => truthOf(a(row), b(row), (x, y) => x > y);
    case '>=':
      return (row) => truthOf(a(row), b(row), (x, y) => x >= y);
  }
}

function truthOf(x: number, y: number, holds: (x: number, y: number) => boolean): number {
  return Number.isNaN(x) || Number.isNaN(y) ? UNKNOWN : Number(holds(x, y));
}

/** A column of numbers against a constant, which is not null: no call but the one for the row. */
export function compareColumn(operator: Comparison, { values, nulls }: NumberColumn, constant: number): NumberAt {
  const isUnknown = (row: number): boolean => (nulls !== null && nulls[row] === 1) || Number.isNaN(values[row]!);
  switch (operator) {
    case '=':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! === constant));
    case '!=':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! !== constant));
    case '<':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! < constant));
    case '<=':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! <= constant));
    case '>':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! > constant));
    case '>=':
      return (row) => (isUnknown(row) ? UNKNOWN : Number(values[row]! >= constant));
  }
}

type OrderAt = (row: number) => number;

/** NaN is null. */
function compareOrder(operator: Comparison, order: OrderAt): NumberAt {
  return compareNumbers(operator, order, () => 0);
}

export function compareTextValues(
  operator: Comparison,
  a: (row: number) => SqlValue,
  b: (row: number) => SqlValue,
): NumberAt {
  return compareOrder(operator, (row) => {
    const [x, y] = [a(row), b(row)];
    if (typeof x !== 'string' || typeof y !== 'string') return Number.NaN;
    return x === y ? 0 : compareTexts(x, y);
  });
}

/** A column of texts against a constant, by bytes. */
export function compareTextColumn(operator: Comparison, column: TextColumn, constant: string): NumberAt {
  const { bytes, starts, ends, nulls } = column;
  const wanted = Buffer.from(constant, 'utf8');
  return compareOrder(operator, (row) => {
    if (nulls !== null && nulls[row] === 1) return Number.NaN;
    return compareBytes(bytes, starts[row]!, ends[row]!, wanted);
  });
}

function compareBytes(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  const length = Math.min(end - start, wanted.length);
  for (let i = 0; i < length; i++) {
    const difference = bytes[start + i]! - wanted[i]!;
    if (difference !== 0) return difference;
  }
  return end - start - wanted.length;
}
