import type { UserFunction } from '../sql/user-function.ts';

/** Rules for every event of a stream, as plain data. Names are those of Great Expectations where it has one. */
export type Rule =
  | { readonly kind: 'between'; readonly column: string; readonly min: number | null; readonly max: number | null }
  | { readonly kind: 'notNull'; readonly column: string }
  | { readonly kind: 'in'; readonly column: string; readonly values: readonly (string | number | boolean)[] }
  /** A regular expression of JavaScript with the flag `u`, which matches anywhere in the text, in linear time. */
  | { readonly kind: 'matches'; readonly column: string; readonly pattern: string }
  /** In characters (code points). */
  | {
      readonly kind: 'lengthBetween';
      readonly column: string;
      readonly min: number | null;
      readonly max: number | null;
    }
  /** A condition in the language of `where`; it fails when it is false, and not when it is null. */
  | {
      readonly kind: 'that';
      readonly condition: string;
      /** Of users, that the condition names; absent for none. */
      readonly functions?: readonly UserFunction[];
    };

export type Expectation = Rule & { readonly onFail: 'deadLetter' | 'warn' };

/** A name shows so many characters of a long list or condition. */
const NAME_CHARACTERS = 200;

/** The name of an expectation in dead letters and metrics. */
export function expectationName(rule: Rule): string {
  const name = wholeName(rule);
  return name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS)}…`;
}

function wholeName(rule: Rule): string {
  switch (rule.kind) {
    case 'between':
    case 'lengthBetween':
      return `${rule.column} ${rule.kind} [${rule.min}, ${rule.max}]`;
    case 'notNull':
      return `${rule.column} notNull`;
    case 'in':
      return `${rule.column} in ${JSON.stringify(rule.values)}`;
    case 'matches':
      return `${rule.column} matches ${rule.pattern}`;
    case 'that':
      return `that ${rule.condition}`;
  }
}
