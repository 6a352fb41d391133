/** Columns of a table as DuckDB describes them, and values of users as SQL that such a column can be compared with. */
import { nameHint } from '../../nearest-word.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import type { SetValue } from './suite.ts';

export interface TableColumn {
  readonly name: string;
  /** As DuckDB names it, such as BIGINT or DECIMAL(18,2). */
  readonly type: string;
}

/** What keeps an expectation from being judged: a column that is gone, or a parameter that can't be of it. */
export class CheckError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckError';
  }
}

export type Family = 'integer' | 'float' | 'decimal' | 'text' | 'boolean' | 'date' | 'timestamp' | 'other';

const FAMILIES: Readonly<Record<string, Family>> = {
  TINYINT: 'integer',
  SMALLINT: 'integer',
  INTEGER: 'integer',
  BIGINT: 'integer',
  HUGEINT: 'integer',
  UTINYINT: 'integer',
  USMALLINT: 'integer',
  UINTEGER: 'integer',
  UBIGINT: 'integer',
  UHUGEINT: 'integer',
  FLOAT: 'float',
  DOUBLE: 'float',
  DECIMAL: 'decimal',
  VARCHAR: 'text',
  ENUM: 'text',
  UUID: 'text',
  BOOLEAN: 'boolean',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
};

export function familyOf({ type }: TableColumn): Family {
  return FAMILIES[type.replace(/\(.*$/, '')] ?? 'other';
}

function isNumeric(column: TableColumn): boolean {
  return ['integer', 'float', 'decimal'].includes(familyOf(column));
}

/** Throws a CheckError with the nearest name. */
export function columnNamed(columns: readonly TableColumn[], name: string): TableColumn {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const known = columns.map((column) => column.name);
  throw new CheckError(`there is no column ${JSON.stringify(name)}; ${nameHint(name, known)}`);
}

/** NaN is a number that is missing, as it is in pandas. */
export function valueSql(column: TableColumn): string {
  const name = quotedName(column.name);
  return familyOf(column) === 'float' ? `nullif(${name}, 'nan'::DOUBLE)` : name;
}

const MICROS_PER_MILLI = 1000;

/** A value as SQL; null when no value of the column can be equal to it, nor be compared with it. */
export function literalOf(value: SetValue, column: TableColumn): string | null {
  switch (familyOf(column)) {
    case 'integer':
    case 'float':
    case 'decimal':
      if (typeof value === 'boolean') return null;
      return typeof value === 'number' ? numberSql(value, column) : null;
    case 'text':
      return typeof value === 'string' ? quotedText(value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : null;
    case 'date':
    case 'timestamp':
      return timeSql(value, column);
    case 'other':
      return null;
  }
}

function numberSql(value: number, column: TableColumn): string | null {
  if (Number.isNaN(value)) return null;
  if (!Number.isFinite(value)) return `'${value > 0 ? '' : '-'}infinity'::DOUBLE`;
  // A double that is whole is written with all its digits: a long is compared with exactly that.
  if (Number.isInteger(value) && Math.abs(value) < 1e38) return String(BigInt(value));
  return familyOf(column) === 'decimal' && !/e/.test(String(value)) ? String(value) : `${value}::DOUBLE`;
}

/** A number is epoch ms. A text without a zone is UTC, as the columns are. */
function timeSql(value: SetValue, column: TableColumn): string | null {
  if (typeof value === 'boolean') return null;
  const text = typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(value) ? `${value}Z` : value;
  const epochMs = typeof text === 'number' ? text : Date.parse(text);
  if (!Number.isFinite(epochMs)) return null;
  const instant = `make_timestamp(${Math.round(epochMs * MICROS_PER_MILLI)})`;
  return column.type === 'TIMESTAMP WITH TIME ZONE' ? `${instant}::TIMESTAMPTZ` : instant;
}

/** Throws a CheckError that names the parameter. */
export function comparable(value: SetValue, column: TableColumn, parameter: string): string {
  const literal = literalOf(value, column);
  if (literal !== null) return literal;
  throw new CheckError(
    `${parameter} ${JSON.stringify(value)} can't be compared with ${column.name}, which is ${column.type}`,
  );
}

export function needNumeric(column: TableColumn, what: string): void {
  if (!isNumeric(column))
    throw new CheckError(`${what} needs a column of numbers, and ${column.name} is ${column.type}`);
}
