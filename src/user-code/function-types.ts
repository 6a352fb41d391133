/** What the author of a function sees: its arguments and its result by the types that it declares. */
import type { SqlValue } from '../sql/value.ts';

/** A whole number beyond 2^53 is a bigint; other types are passed as the expressions keep them. */
interface ByName {
  readonly BOOLEAN: boolean;
  readonly BIGINT: number;
  readonly DOUBLE: number;
  readonly VARCHAR: string;
  /** Days since 1970-01-01. */
  readonly DATE: number;
  /** Milliseconds since the epoch, UTC. */
  readonly TIMESTAMP: number;
  readonly BLOB: Buffer;
}

type Value<T> = T extends keyof ByName ? ByName[T] : SqlValue;
type Result<T> = T extends 'BIGINT' ? number | bigint | null : Value<T> | null;
type Values<Args, Nulls> = { -readonly [I in keyof Args]: Value<Args[I]> | (Nulls extends true ? null : never) };

export interface FunctionSpec<Args extends readonly string[], Returns extends string, Nulls extends boolean> {
  /** Types as SQL writes them: BIGINT, DOUBLE, VARCHAR, BOOLEAN, DATE, TIMESTAMP, DECIMAL(10,2), VARCHAR[]. */
  readonly args: Args;
  readonly returns: Returns;
  /** Null arguments are given to the call; else they make the result null without one. */
  readonly seesNulls?: Nulls;
  /** The same for the same arguments, whenever it is called. What it throws is the event's fault. */
  readonly call: (...args: Values<Args, Nulls>) => Result<Returns>;
}

export interface FunctionDefinition {
  readonly millrace: 'function';
  readonly spec: object;
}
