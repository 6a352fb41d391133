/** The static types of SQL expressions, by DuckDB's names. */
import { quotedName } from '../sql-quotes.ts';

/** Integers of every width are `bigint`; `null` is the type of a bare NULL. */
export type SqlType =
  | {
      readonly kind: 'boolean' | 'bigint' | 'double' | 'varchar' | 'date' | 'timestamp' | 'interval' | 'blob' | 'null';
    }
  /** An instant, as a TIMESTAMP in UTC is too; written with its offset, +00. */
  | {
      readonly kind: 'timestamptz';
    }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly of: SqlType }
  /** Keys are texts, as in Avro. */
  | { readonly kind: 'map'; readonly values: SqlType }
  | { readonly kind: 'struct'; readonly fields: readonly StructField[] };

export interface StructField {
  readonly name: string;
  readonly type: SqlType;
}

/** The digits that a DECIMAL may have. */
export const MAX_PRECISION = 38;

/** As DuckDB writes the type, such as DECIMAL(10,2), VARCHAR[] or STRUCT(a BIGINT). */
export function typeText(type: SqlType): string {
  switch (type.kind) {
    case 'null':
      return '"NULL"';
    case 'timestamptz':
      return 'TIMESTAMP WITH TIME ZONE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${typeText(type.of)}[]`;
    case 'map':
      return `MAP(VARCHAR, ${typeText(type.values)})`;
    case 'struct':
      return `STRUCT(${type.fields.map(({ name, type: own }) => `${fieldName(name)} ${typeText(own)}`).join(', ')})`;
    default:
      return type.kind.toUpperCase();
  }
}

function fieldName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? name : quotedName(name);
}
