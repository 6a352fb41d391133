/** Arithmetic of the fast tier: a closure for each operator, so that V8 compiles each for itself. NaN is null. */
import type { FastArithmetic } from './arithmetic.ts';

export type NumberAt = (row: number) => number;

/**
 * Thrown for a row whose value is beyond what a double holds exactly: the general tier computes that row. It is made once,
 * since it says nothing.
 */
export const INEXACT = new Error('A value is beyond 2^53');

const SAFE = Number.MAX_SAFE_INTEGER;

/** Throws INEXACT for what is a number and no safe integer. */
export function exact(value: number): number {
  if (value <= SAFE && value >= -SAFE) return value + 0;
  if (Number.isNaN(value)) return value;
  throw INEXACT;
}

/** A number that is not finite, minus itself, is NaN. */
export function finiteOrNull(value: number): number {
  return value - value === 0 ? value : Number.NaN;
}

export function fastStep(operator: FastArithmetic, a: NumberAt, b: NumberAt): NumberAt {
  switch (operator) {
    case 'exact+':
      return (row) => exact(a(row) + b(row));
    case 'exact-':
      return (row) => exact(a(row) - b(row));
    case 'exact*':
      return (row) => exact(a(row) * b(row));
    case 'exact%':
      return (row) => (a(row) % b(row)) + 0;
    case 'exact//':
      return (row) => finiteOrNull(Math.trunc(a(row) / b(row))) + 0;
    case 'double+':
      return (row) => finiteOrNull(a(row) + b(row));
    case 'double-':
      return (row) => finiteOrNull(a(row) - b(row));
    case 'double*':
      return (row) => finiteOrNull(a(row) * b(row));
    case 'double/':
    case 'double//':
      return (row) => finiteOrNull(a(row) / b(row));
    case 'double%':
      return (row) => finiteOrNull(a(row) % b(row));
    case 'double^':
      return (row) => {
        const [x, y] = [a(row), b(row)];
        // NaN ** 0 is 1.
        return Number.isNaN(x) ? x : finiteOrNull(x ** y);
      };
  }
}
