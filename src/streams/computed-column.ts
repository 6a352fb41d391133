/** A column of an expression's values, filled row by row. Its memory is as long as the longest block so far. */
import { Buffer } from 'node:buffer';
import type { Column, Columns } from '../messages/columns.ts';
import { bytesOfUnscaled, type DecimalForm } from '../messages/logical-types.ts';
import { avroOfSql } from '../sql/avro-type.ts';
import type { Checked } from '../sql/checked.ts';
import { bindNumber, bindValue } from '../sql/compiled.ts';
import { isDecimal } from '../sql/kinds.ts';
import type { SqlValue } from '../sql/value.ts';

export interface ComputedColumn {
  /** Sets the block whose rows compute() is told from now on. Throws when the block lacks a field. */
  begin(columns: Columns): void;
  /** Throws a SqlError when the expression fails on the row. */
  compute(row: number): void;
  /** The values of the rows that were computed. */
  column(): Column;
}

export function computedColumn(expression: Checked): ComputedColumn {
  switch (expression.type.kind) {
    case 'null':
    case 'boolean':
    case 'bigint':
    case 'double':
    case 'date':
      return numbers(expression, (value) => value);
    case 'timestamp':
    case 'timestamptz':
      return numbers(expression, Math.floor);
    case 'varchar':
      return texts(expression);
    case 'decimal':
      return decimals(expression, { precision: expression.type.precision, scale: expression.type.scale });
    default:
      return boxed(expression);
  }
}

function numbers(expression: Checked, round: (value: number) => number): ComputedColumn {
  let values = new Float64Array(0);
  let nulls = new Uint8Array(0);
  let exact: BigInt64Array | null = null;
  let count = 0;
  let at = (_row: number): number => Number.NaN;
  const beyond = (row: number, value: unknown): void => {
    exact ??= BigInt64Array.from(values.subarray(0, count), (known) => BigInt(Number.isNaN(known) ? 0 : known));
    if (typeof value === 'bigint' || Number.isInteger(value)) exact[row] = BigInt(String(value));
  };
  const isTime = expression.type.kind === 'timestamp' || expression.type.kind === 'timestamptz';
  return {
    begin(columns) {
      count = columns.count;
      exact = null;
      at = bindNumber(expression, columns, beyond);
      if (values.length >= count) return;
      values = new Float64Array(count);
      nulls = new Uint8Array(count);
    },
    compute(row) {
      const value = isTime ? round(at(row)) : at(row);
      values[row] = value;
      nulls[row] = Number.isNaN(value) ? 1 : 0;
      if (exact !== null && Math.abs(value) <= Number.MAX_SAFE_INTEGER) exact[row] = BigInt(value);
    },
    column: () => ({ kind: 'number', values, exact, nulls }),
  };
}

const INITIAL_BYTES = 1 << 12;

function texts(expression: Checked): ComputedColumn {
  let bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  let end = 0;
  let starts = new Uint32Array(0);
  let ends = new Uint32Array(0);
  let nulls = new Uint8Array(0);
  let at = (_row: number): unknown => null;
  return {
    begin(columns) {
      at = bindValue(expression, columns);
      end = 0;
      if (nulls.length >= columns.count) return;
      starts = new Uint32Array(columns.count);
      ends = new Uint32Array(columns.count);
      nulls = new Uint8Array(columns.count);
    },
    compute(row) {
      const text = at(row);
      nulls[row] = text === null ? 1 : 0;
      starts[row] = end;
      if (typeof text === 'string') {
        if (end + text.length * 3 > bytes.length) bytes = grown(bytes, end, text.length * 3);
        end += bytes.write(text, end, 'utf8');
      }
      ends[row] = end;
    },
    column: () => ({ kind: 'text', bytes, starts, ends, nulls }),
  };
}

function grown(bytes: Buffer, end: number, lacking: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow((bytes.length + lacking) * 2);
  bytes.copy(larger, 0, 0, end);
  return larger;
}

/** Decimals as unscaled digits; those that no double holds stand beside the column. */
function decimals(expression: Checked, decimal: DecimalForm): ComputedColumn {
  let unscaled = new Float64Array(0);
  let nulls = new Uint8Array(0);
  const wide = new Map<number, bigint>();
  let at = (_row: number): number => Number.NaN;
  const beyond = (row: number, value: SqlValue): void => {
    if (isDecimal(value)) wide.set(row, value.unscaled);
  };
  return {
    begin(columns) {
      wide.clear();
      at = bindNumber(expression, columns, beyond);
      if (unscaled.length >= columns.count) return;
      unscaled = new Float64Array(columns.count);
      nulls = new Uint8Array(columns.count);
    },
    compute(row) {
      const value = at(row);
      const isWide = wide.size > 0 && wide.has(row);
      nulls[row] = Number.isNaN(value) && !isWide ? 1 : 0;
      unscaled[row] = isWide ? Number.POSITIVE_INFINITY : nulls[row] === 1 ? 0 : value;
    },
    column: () => ({
      kind: 'boxed',
      at: (row) => (nulls[row] === 1 ? null : bytesOfUnscaled(wide.get(row) ?? BigInt(unscaled[row]!), null)),
      decimal,
      nulls,
      unscaled,
    }),
  };
}

function boxed(expression: Checked): ComputedColumn {
  const convert = avroOfSql(expression.type);
  let values: unknown[] = [];
  let at = (_row: number): unknown => null;
  return {
    begin(columns) {
      const own = bindValue(expression, columns);
      at = (row) => convert(own(row));
      values = [];
    },
    compute(row) {
      values[row] = at(row);
    },
    column() {
      const own = values;
      return { kind: 'boxed', at: (row) => own[row] ?? null, decimal: null, nulls: null };
    },
  };
}
