/** Expressions as they are written, before anything is known of their columns. */
import type { SqlType } from './type.ts';
import type { SqlValue } from './value.ts';

/** `at` is the character, from 1, that a message points to. */
export type Expression = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly type: SqlType; readonly value: SqlValue }
  /** `isQuoted` when its first name is in double quotes. */
  | { readonly kind: 'column'; readonly names: readonly string[]; readonly isQuoted: boolean }
  /** `*` or `table.*`: of statements, and of count(*). */
  | { readonly kind: 'star'; readonly table: string | null }
  | { readonly kind: 'not' | 'minus'; readonly of: Expression }
  /** Two or more operands. */
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  /** Computes from left to right; a chain of equally binding operators is one node, so only nesting makes a tree deep. */
  | { readonly kind: 'compute'; readonly first: Expression; readonly steps: readonly Computation[] }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'distinct';
      readonly isNegated: boolean;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'isNull'; readonly isNegated: boolean; readonly of: Expression }
  /** IS TRUE and IS FALSE. */
  | { readonly kind: 'isTruth'; readonly truth: boolean; readonly isNegated: boolean; readonly of: Expression }
  | {
      readonly kind: 'in';
      readonly isNegated: boolean;
      readonly of: Expression;
      readonly values: readonly Expression[];
    }
  | {
      readonly kind: 'between';
      readonly isNegated: boolean;
      readonly of: Expression;
      readonly low: Expression;
      readonly high: Expression;
    }
  | {
      readonly kind: 'like';
      readonly isNegated: boolean;
      readonly ignoresCase: boolean;
      readonly of: Expression;
      readonly pattern: Expression;
      readonly escaping: Expression | null;
    }
  | {
      readonly kind: 'case';
      /** What each branch is compared with; null where branches are conditions. */
      readonly of: Expression | null;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression | null;
    }
  | { readonly kind: 'cast'; readonly of: Expression; readonly to: CastTarget; readonly isTry: boolean }
  | CallExpression
  /** An argument of a call: `lambda x, i: x * i`. */
  | { readonly kind: 'lambda'; readonly params: readonly string[]; readonly body: Expression }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly value: Expression }[] }
  /** MAP {'k': v}. */
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
    }
  | { readonly kind: 'element'; readonly of: Expression; readonly index: Expression }
  | {
      readonly kind: 'slice';
      readonly of: Expression;
      readonly from: Expression | null;
      readonly to: Expression | null;
    }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string }
  /** INTERVAL x DAY, where x is no constant. */
  | { readonly kind: 'interval'; readonly of: Expression; readonly unit: string }
);

/** A function, or an aggregate of a statement: only that one has DISTINCT or a filter. */
export interface CallExpression {
  readonly kind: 'call';
  readonly at: number;
  /** In small letters. */
  readonly name: string;
  /** `*` alone is count(*)'s. */
  readonly args: readonly Expression[];
  readonly isDistinct: boolean;
  readonly filter: Expression | null;
}

export interface Computation {
  readonly operator: string;
  readonly at: number;
  readonly operand: Expression;
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A type, and what narrows a BIGINT or DOUBLE to fewer bits. */
export interface CastTarget {
  readonly type: SqlType;
  /** Of an integer type that is smaller than BIGINT. */
  readonly range?: { readonly name: string; readonly min: number; readonly max: number };
  /** FLOAT: 32 bits. */
  readonly isSingle?: true;
}

export function callOf(name: string, args: readonly Expression[], at: number): Expression {
  return { kind: 'call', name, args, isDistinct: false, filter: null, at };
}
