/** What a scalar function is: a row of the table of functions. */
import type { SqlType } from './type.ts';
import type { SqlValue } from './value.ts';

export interface SqlFunction {
  /** In small letters, DuckDB's name. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line for docs/sql.md. */
  readonly summary: string;
  /** A call and its result, such as `abs(-3) = 3`. */
  readonly example: string;
  /** Where the result differs from DuckDB's on purpose. */
  readonly differs?: string;
  /** The result's type, or words on what is wrong with the arguments. What is no constant is undefined. */
  resultType(
    args: readonly SqlType[],
    constants?: readonly (SqlValue | undefined)[],
  ): SqlType | { readonly wrong: string };
  /** Null arguments make the result null without a call, unless true, as for coalesce. */
  readonly seesNulls?: boolean;
  /** It may not return, so that it is called for events alone, where a watch sees it. */
  readonly isOfUsers?: true;
  /** The arguments are values of the types that resultType took. Throws a SqlError. */
  call(args: readonly SqlValue[], types: readonly SqlType[]): SqlValue;
  /** In place of `call` where constants can be made ready once, such as a regex; what is no constant is undefined. */
  readonly prepare?: (
    constants: readonly (SqlValue | undefined)[],
    types: readonly SqlType[],
  ) => (args: readonly SqlValue[]) => SqlValue;
  /** For arguments that are all doubles or safe integers: plain numbers in and out, NaN for null. */
  readonly numeric?: (...args: number[]) => number;
}
