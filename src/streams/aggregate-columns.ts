/**
 * The fields that an aggregate reads. An aggregate takes decimals as whole numbers of their scale. Sums, extremes and
 * orders are the same for both, and the aggregate's result becomes a decimal again.
 */
import type { BoxedColumn, Column, Columns, NumberColumn } from '../messages/columns.ts';
import { bytesOfUnscaled, type DecimalForm, unscaledOf } from '../messages/logical-types.ts';
import type { WindowValue } from '../messages/window-result.ts';

/**
 * Digits of a decimal that fits a whole number of 64 bits. Aggregates of decimals with more digits keep values of their
 * own.
 */
const NARROW_DIGITS = 18;
/** Digits of a sum of decimals, as in DuckDB; also the most digits that a decimal may have to be aggregated. */
export const SUM_DIGITS = 38;

export function isWide({ precision }: DecimalForm): boolean {
  return precision > NARROW_DIGITS;
}

/** Throws when the events lack the field. The column of decimals has a row's value once `fills` was called for it. */
export function aggregateColumn(fn: string, path: string, columns: Columns, fills: ((row: number) => void)[]): Column {
  const column = columns.column(path);
  if (column === undefined) throw new Error(`${fn}() needs the field ${path}, which the events have not`);
  if (column.kind !== 'boxed' || column.decimal === null || isWide(column.decimal)) return column;
  return scaledColumn(column, columns.count, fills);
}

function scaledColumn(column: BoxedColumn, count: number, fills: ((row: number) => void)[]): NumberColumn {
  const values = new Float64Array(count);
  const exact = new BigInt64Array(count);
  const nulls = new Uint8Array(count);
  fills.push((row) => {
    const bytes = column.at(row);
    nulls[row] = Buffer.isBuffer(bytes) ? 0 : 1;
    exact[row] = Buffer.isBuffer(bytes) ? unscaledOf(bytes) : 0n;
    values[row] = Number(exact[row]);
  });
  return { kind: 'number', values, exact, nulls };
}

/** A result in whole numbers of a scale as a decimal's bytes. */
export function decimalResult(value: WindowValue): WindowValue {
  if (isList(value)) return value.map((one) => bytesOf(one) ?? one);
  return bytesOf(value) ?? value;
}

function isList(value: WindowValue): value is Extract<WindowValue, readonly unknown[]> {
  return Array.isArray(value);
}

function bytesOf(value: unknown): Buffer | null {
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  return isNumber ? bytesOfUnscaled(BigInt(value), null) : null;
}

/** An average of whole numbers of a scale as a double. */
export function unscaledResult({ scale }: DecimalForm): (value: WindowValue) => WindowValue {
  const unit = 10 ** scale;
  return (value) => (typeof value === 'number' ? value / unit : value);
}
