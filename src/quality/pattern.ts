/**
 * Patterns of users: JavaScript regular expressions with the flag `u`, matched anywhere in a text. The engine is RE2, whose
 * time grows only with the text (R. Cox: Regular Expression Matching in the Wild); JavaScript's own may take longer over 40
 * characters than anybody waits. Patterns that need more than one pass are refused: looking ahead or behind, and
 * referring back.
 */
import { RE2JS } from 're2js';
import type { TextColumn } from '../messages/columns.ts';
import { textAt } from '../messages/columns.ts';
import { linearPattern, PatternError } from './linear-pattern.ts';

export type Matches = (column: TextColumn, row: number) => boolean;

/** Throws a PatternError for a pattern that is invalid, or can't be matched in linear time. */
export function createMatches(pattern: string): Matches {
  const linear = linearPattern(pattern);
  const literal = literalOf(pattern);
  if (literal !== null) return literal;
  const engine = compiled(linear);
  return (column, row) => engine.test(textAt(column, row));
}

function compiled(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    throw new PatternError(`can't be matched in linear time: ${reason}`);
  }
}

/** Searches by bytes for a pattern without operators, apart from `^` and `$` at its ends; null for any other. */
function literalOf(pattern: string): Matches | null {
  const [, start, text = '', end] = /^(\^?)([^\\^$.*+?()[\]{}|]*)(\$?)$/.exec(pattern) ?? [];
  if (start === undefined) return null;
  const wanted = Buffer.from(text, 'utf8');
  const begins = wanted[0];
  const atStart = start !== '';
  const atEnd = end !== '';
  return ({ bytes, starts, ends }, row) => {
    const first = starts[row]!;
    const last = ends[row]! - wanted.length;
    if (atStart && atEnd) return first === last && isAt(bytes, first, wanted);
    if (atStart) return first <= last && isAt(bytes, first, wanted);
    for (let at = atEnd ? Math.max(first, last) : first; at <= last; at++) {
      if (bytes[at] === begins && isAt(bytes, at, wanted)) return true;
    }
    return wanted.length === 0;
  };
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
