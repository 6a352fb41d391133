/** An aggregate's call in a text, taken apart where it stands: its arguments, DISTINCT and FILTER (WHERE …). */

/** A part of the text; `at` is its first character, from 1. */
export interface TextPart {
  readonly text: string;
  readonly at: number;
}

export interface AggregateCall {
  /** The function's name in small letters. */
  readonly name: string;
  /** Where the call stands: its first character, and the one behind its last, from 0. */
  readonly from: number;
  readonly to: number;
  readonly args: readonly TextPart[];
  readonly isDistinct: boolean;
  readonly filter: TextPart | null;
}

/** Names with a bracket behind them. The other alternatives pass over what is in quotes. */
const NAME = /'(?:[^']|'')*'|"(?:[^"]|"")*"|([A-Za-z_]\w*)\s*\(/g;

/** The calls of functions of these names, in their order. A call within another is that one's argument. */
export function callsOf(text: string, isName: (name: string) => boolean): AggregateCall[] {
  const calls: AggregateCall[] = [];
  const find = new RegExp(NAME);
  for (let found = find.exec(text); found !== null; found = find.exec(text)) {
    const name = found[1]?.toLowerCase();
    if (name === undefined || !isName(name)) continue;
    const call = callAt(text, name, found.index, find.lastIndex);
    if (call === null) return calls;
    calls.push(call);
    find.lastIndex = call.to;
  }
  return calls;
}

/** The call; null when its bracket is not closed. */
function callAt(text: string, name: string, from: number, inside: number): AggregateCall | null {
  const end = closingOf(text, inside);
  if (end < 0) return null;
  const distinct = /^\s*distinct\b/i.exec(text.slice(inside, end))?.[0] ?? '';
  const args = partsOf(text, inside + distinct.length, end);
  const plain = { name, from, to: end + 1, args, isDistinct: distinct !== '', filter: null };
  const filter = /^\s*filter\s*\(\s*where\b/i.exec(text.slice(end + 1))?.[0];
  if (filter === undefined) return plain;
  const begin = end + 1 + filter.length;
  const close = closingOf(text, begin);
  return close < 0 ? null : { ...plain, to: close + 1, filter: trimmed(text, begin, close) };
}

/** Where the bracket before `from` closes; -1 when it does not. */
function closingOf(text: string, from: number): number {
  return places(text, from, ')')[0] ?? -1;
}

/** The parts between commas. */
function partsOf(text: string, from: number, to: number): TextPart[] {
  if (text.slice(from, to).trim() === '') return [];
  const commas = places(text.slice(0, to), from, ',');
  return [...commas, to].map((end, i) => trimmed(text, i === 0 ? from : (commas[i - 1] ?? 0) + 1, end));
}

function trimmed(text: string, from: number, to: number): TextPart {
  const part = text.slice(from, to);
  return { text: part.trim(), at: from + (part.length - part.trimStart().length) + 1 };
}

/** Where a character stands outside of quotes and of further brackets. */
function places(text: string, from: number, wanted: string): number[] {
  const found: number[] = [];
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const character = text[i]!;
    if (character === "'" || character === '"') {
      const end = text.indexOf(character, i + 1);
      if (end < 0) break;
      i = end;
    } else if (depth === 0 && character === wanted) found.push(i);
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      if (depth === 0) break;
      depth -= 1;
    }
  }
  return found;
}
