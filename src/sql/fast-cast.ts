/** Casts of the fast tier: plain numbers to plain numbers. */
import { halfEven } from './cast.ts';
import { exact, type NumberAt } from './fast-arithmetic.ts';
import { MS_PER_DAY } from './kinds.ts';
import type { SqlType } from './type.ts';

/** Null where there is no plain form; else what makes one of numbers. */
export function fastCast(from: SqlType, to: SqlType): ((of: NumberAt) => NumberAt) | null {
  if (from.kind === 'decimal') return castDecimal(from.scale, to);
  switch (`${from.kind} ${to.kind}`) {
    case 'bigint bigint':
    case 'bigint double':
    case 'boolean bigint':
    case 'boolean double':
    case 'double double':
    case 'date date':
    case 'timestamp timestamp':
    case 'timestamp timestamptz':
    case 'timestamptz timestamp':
    case 'timestamptz timestamptz':
      return (of) => of;
    case 'double bigint':
      return (of) => (row) => exact(halfEven(of(row)));
    case 'date timestamp':
    case 'date timestamptz':
      return (of) => (row) => of(row) * MS_PER_DAY;
    case 'timestamp date':
    case 'timestamptz date':
      return (of) => (row) => Math.floor(of(row) / MS_PER_DAY);
    case 'bigint decimal':
      return to.kind === 'decimal' && to.precision >= SAFE_DIGITS ? widened(to.scale) : null;
    default:
      return null;
  }
}

/** A safe integer has no more digits. */
const SAFE_DIGITS = 16;
/** The largest power of ten that a double holds exactly. */
const EXACT_POWER = 22;

function widened(digits: number): ((of: NumberAt) => NumberAt) | null {
  if (digits > EXACT_POWER) return null;
  const factor = 10 ** digits;
  return digits === 0 ? (of) => of : (of) => (row) => exact(of(row) * factor);
}

function castDecimal(scale: number, to: SqlType): ((of: NumberAt) => NumberAt) | null {
  if (to.kind === 'double' && scale <= EXACT_POWER) {
    const divisor = 10 ** scale;
    return (of) => (row) => of(row) / divisor;
  }
  const isWider = to.kind === 'decimal' && to.scale >= scale && to.precision >= SAFE_DIGITS;
  return isWider ? widened(to.scale - scale) : null;
}
