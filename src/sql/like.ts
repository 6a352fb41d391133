/**
 * LIKE: % stands for any text, _ for one code point. A match takes at most as many steps as the product of both
 * lengths.
 */
import { SqlError } from './value.ts';

export type LikePattern = (text: string) => boolean;

const ANY = '%';
const ONE = '_';

/** A character of a pattern that stands for itself, one code point, or any text. */
type Part = { readonly literal: string } | typeof ANY | typeof ONE;

/** Throws a SqlError when the pattern ends with its escape character, or that is no single character. */
export function likePattern(pattern: string, escaping: string | null, ignoresCase: boolean): LikePattern {
  if (ignoresCase) {
    const small = likePattern(pattern.toLowerCase(), escaping, false);
    return (text) => small(text.toLowerCase());
  }
  const parts = partsOf(pattern, escaping);
  return simple(parts) ?? ((text) => matches([...text], parts));
}

function partsOf(pattern: string, escaping: string | null): Part[] {
  if (escaping !== null && [...escaping].length > 1)
    throw new SqlError(`ESCAPE takes one character, and not '${escaping}'`);
  const parts: Part[] = [];
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === escaping) {
      isEscaped = true;
      continue;
    }
    if (!isEscaped && (character === ANY || character === ONE)) {
      if (character === ONE || parts.at(-1) !== ANY) parts.push(character);
    } else parts.push({ literal: character });
    isEscaped = false;
  }
  if (isEscaped) throw new SqlError(`a pattern of LIKE must not end with its escape character ${escaping}`);
  return parts;
}

/** A text, or one with % at an end or at both. */
function simple(parts: readonly Part[]): LikePattern | null {
  const inner = parts.slice(parts[0] === ANY ? 1 : 0, parts.length > 1 && parts.at(-1) === ANY ? -1 : undefined);
  const literals = inner.flatMap((part) => (typeof part === 'object' ? part.literal : []));
  if (literals.length < inner.length) return null;
  const text = literals.join('');
  const isOpen = [parts[0] === ANY, parts.at(-1) === ANY];
  if (isOpen[0] && isOpen[1]) return (value) => value.includes(text);
  if (isOpen[0]) return (value) => value.endsWith(text);
  return isOpen[1] ? (value) => value.startsWith(text) : (value) => value === text;
}

/** Goes back to the last % alone: what an earlier one took needs never be more. */
function matches(text: readonly string[], parts: readonly Part[]): boolean {
  let at = 0;
  let part = 0;
  let lastAny = -1;
  let from = 0;
  while (at < text.length) {
    const next = parts[part];
    if (next === ANY) {
      lastAny = part;
      from = at;
      part += 1;
    } else if (next === ONE || (next !== undefined && next.literal === text[at])) {
      at += 1;
      part += 1;
    } else if (lastAny >= 0) {
      from += 1;
      at = from;
      part = lastAny + 1;
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === ANY);
}
