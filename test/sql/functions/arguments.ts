/** Random values for functions: extremes, nulls inside, texts beyond the basic plane and with combining marks. */
import fc from 'fast-check';
import type { SqlType } from '../../../src/sql/type.ts';
import { exactInteger, type SqlValue } from '../../../src/sql/value.ts';
import type { Argument } from './beside-duckdb.ts';

export function argument(type: SqlType, values: fc.Arbitrary<SqlValue>): Argument {
  return { type, values };
}

const BIGINT: SqlType = { kind: 'bigint' };
const DOUBLE_TYPE: SqlType = { kind: 'double' };
export const VARCHAR_TYPE: SqlType = { kind: 'varchar' };

export const WHOLE = argument(
  BIGINT,
  fc.oneof(
    fc.integer({ min: -20, max: 20 }),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(exactInteger),
    fc.constantFrom(0n, 2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 53n, -(2n ** 53n) - 1n).map(exactInteger),
  ),
);

export const SMALL = argument(BIGINT, fc.integer({ min: -6, max: 8 }));

/** Where DuckDB takes no BIGINT. */
export const INT: Argument = { ...SMALL, as: 'INTEGER' };

export const REAL = argument(
  DOUBLE_TYPE,
  fc.oneof(
    fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8),
    fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 1000),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 0.49999999999999994, 2.5, -2.5, 1e308, 5e-324, 2 ** 52 + 0.5),
  ),
);

/** Where sines and powers are still near. */
export const ANGLE = argument(DOUBLE_TYPE, fc.double({ min: -20, max: 20, noNaN: true }));

export function decimals(precision: number, scale: number): Argument {
  const most = 10n ** BigInt(precision) - 1n;
  return argument(
    { kind: 'decimal', precision, scale },
    fc
      .oneof(fc.bigInt({ min: -most, max: most }), fc.bigInt({ min: -200n, max: 200n }))
      .map((unscaled) => ({ unscaled, scale })),
  );
}

const LETTERS = fc.constantFrom(...'abcABCxyz019 ,.-_/%+ßéÀİıςΣǅŉᾳ\u00a0\t\u2003日本😀🤦\u0301\u0308'.match(/./gsu)!);

/** Short, of few letters, so that one is often in another. */
export const TEXT = argument(
  VARCHAR_TYPE,
  fc.oneof(
    fc.array(LETTERS, { maxLength: 12 }).map((letters) => letters.join('')),
    fc.array(fc.constantFrom('a', 'b', ',', 'é', '😀'), { maxLength: 6 }).map((letters) => letters.join('')),
    fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/[\ufeff\0]/u.test(text) && text.isWellFormed()),
  ),
);

export const PART = argument(
  VARCHAR_TYPE,
  fc.array(fc.constantFrom('a', 'b', ',', 'é', '😀'), { maxLength: 2 }).map((letters) => letters.join('')),
);

export function listsOf({ type, values }: Argument): Argument {
  return argument({ kind: 'list', of: type }, fc.array(fc.option(values, { freq: 8, nil: null }), { maxLength: 6 }));
}

export const BYTES = argument(
  { kind: 'blob' },
  fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)),
);

/** A text that is written in the call. */
export function fixed(text: string): Argument {
  return { type: VARCHAR_TYPE, values: fc.constant(text), constant: text };
}

export const DATE = argument({ kind: 'date' }, fc.integer({ min: -800_000, max: 2_000_000 }));
export const TIMESTAMP = argument(
  { kind: 'timestamp' },
  fc.integer({ min: -4_000_000_000_000_000, max: 4_000_000_000_000_000 }).map((micros) => micros / 1000),
);
export const INTERVAL = argument(
  { kind: 'interval' },
  fc.record({
    months: fc.integer({ min: -30, max: 30 }),
    days: fc.integer({ min: -60, max: 60 }),
    ms: fc.integer({ min: -100_000_000, max: 100_000_000 }),
  }),
);
