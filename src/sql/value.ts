/**
 * The values of SQL expressions in the general tier.
 *
 *   NULL       null
 *   BOOLEAN    boolean
 *   BIGINT     number where it is a safe integer, else bigint
 *   DOUBLE     number, never NaN or infinite: such a result is null
 *   DECIMAL    DecimalValue
 *   VARCHAR    string
 *   BLOB       Buffer
 *   DATE       days since 1970-01-01
 *   TIMESTAMP  ms since the epoch, UTC; a fraction carries microseconds
 *   INTERVAL   IntervalValue
 *   LIST       array
 *   MAP        ReadonlyMap
 *   STRUCT     plain object
 */
export type SqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | DecimalValue
  | IntervalValue
  | readonly SqlValue[]
  | ReadonlyMap<string, SqlValue>
  | { readonly [name: string]: SqlValue };

/** unscaled / 10^scale. */
export interface DecimalValue {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** Its three parts do not turn into each other, as in DuckDB: a month has no fixed days, a day no fixed hours. */
export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  /** A fraction carries microseconds. */
  readonly ms: number;
}

/** A fault at run time, in people's words, such as a cast that fails: the event that it is computed of is a dead letter. */
export class SqlError extends Error {
  /** The character of the expression, from 1; null while it is not known. */
  readonly at: number | null;
  constructor(message: string, at: number | null = null) {
    super(message);
    this.name = 'SqlError';
    this.at = at;
  }
}

const MAX_BIGINT = 2n ** 63n - 1n;
const MIN_BIGINT = -(2n ** 63n);

/** A BIGINT as its value: a number where that is exact. Throws a SqlError beyond 64 bits. */
export function exactInteger(value: bigint): number | bigint {
  if (value > MAX_BIGINT || value < MIN_BIGINT) throw new SqlError(`${value} is beyond the 64 bits of a BIGINT`);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Where a lambda's parameter has its value: expressions are computed one at a time, so that one place is enough. */
export interface Cell {
  value: SqlValue;
}
