/**
 * Checked expressions, which compile to columns: names are resolved, types fit, and casts are written out. A part may
 * be used twice, so an expression is a graph without cycles.
 */
import type { Arithmetic } from './arithmetic.ts';
import type { CastTarget, Comparison } from './expression.ts';
import type { LikePattern } from './like.ts';
import type { ScopeField } from './scope.ts';
import type { SqlType } from './type.ts';
import type { Cell, SqlValue } from './value.ts';

/** `at` is the character of the text, from 1, that a message points to. */
export type Checked = { readonly at: number; readonly type: SqlType } & (
  | { readonly kind: 'constant'; readonly value: SqlValue }
  | { readonly kind: 'field'; readonly field: ScopeField }
  /** Of a lambda, set for each element before its body is computed. */
  | { readonly kind: 'parameter'; readonly cell: Cell }
  | { readonly kind: 'not' | 'isNull'; readonly of: Checked }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Checked[] }
  /** IS TRUE or IS FALSE; never null. */
  | { readonly kind: 'isTruth'; readonly truth: boolean; readonly of: Checked }
  /** Both sides are of one type. */
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Checked; readonly right: Checked }
  /** Never null. */
  | { readonly kind: 'distinct'; readonly left: Checked; readonly right: Checked }
  /** All are of one type. */
  | { readonly kind: 'in'; readonly of: Checked; readonly values: readonly Checked[] }
  /** Computes from left to right; before each step the value so far is cast to the step's `from`. */
  | { readonly kind: 'compute'; readonly first: Checked; readonly steps: readonly CheckedStep[] }
  | { readonly kind: 'cast'; readonly of: Checked; readonly to: CastTarget; readonly isTry: boolean }
  | {
      readonly kind: 'case';
      readonly branches: readonly { readonly when: Checked; readonly result: Checked }[];
      readonly otherwise: Checked;
    }
  | { readonly kind: 'like'; readonly of: Checked; readonly pattern: LikePattern }
  /** Of texts or of values that become texts; null when one is null. */
  | { readonly kind: 'concat'; readonly of: readonly Checked[] }
  /** A lambda's body for each element of a list: the parameters are the element and its place, behind the total of a reduce. */
  | {
      readonly kind: 'each';
      readonly by: 'transform' | 'filter' | 'reduce';
      readonly list: Checked;
      readonly cells: readonly Cell[];
      readonly body: Checked;
      /** What a reduce begins with; null for the first element. */
      readonly initial: Checked | null;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Checked[];
      /** None of the arguments is null, unless the function sees nulls. */
      readonly call: (args: readonly SqlValue[]) => SqlValue;
      readonly seesNulls: boolean;
      /** Where all arguments are numbers, and none is null. */
      readonly numeric: ((...args: number[]) => number) | null;
    }
);

export interface CheckedStep {
  readonly at: number;
  readonly arithmetic: Arithmetic;
  readonly from: SqlType;
  readonly operand: Checked;
  readonly type: SqlType;
}

export const BOOLEAN: SqlType = { kind: 'boolean' };

export function constantOf(type: SqlType, value: SqlValue, at: number): Checked {
  return { kind: 'constant', type, value, at };
}

type Call = (args: readonly SqlValue[]) => SqlValue;

/** Null, without a call, where an argument is null. */
export function callOf(name: string, type: SqlType, args: readonly Checked[], call: Call, at: number): Checked {
  return { kind: 'call', name, type, args, call, seesNulls: false, numeric: null, at };
}

export function callOnNulls(name: string, type: SqlType, args: readonly Checked[], call: Call, at: number): Checked {
  return { kind: 'call', name, type, args, call, seesNulls: true, numeric: null, at };
}
