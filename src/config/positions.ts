/** Where in the file a key path stands. */
import { type Document, isMap, isPair, isScalar, isSeq, type LineCounter } from 'yaml';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The place of the key or list item at a path, or of its nearest ancestor where it is missing. */
export function locate(document: Document, lines: LineCounter, path: readonly PropertyKey[]): Position | null {
  let node: unknown = document.contents;
  let start: number | undefined;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (pair === undefined) break;
      if (isScalar(pair.key) && pair.key.range) start = pair.key.range[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
      if (Array.isArray(range) && typeof range[0] === 'number') start = range[0];
    } else {
      break;
    }
  }
  return start === undefined ? null : positionAt(lines, start);
}

/**
 * The same as locate(), or the place of a character within the value at the path, from 1. `text` is that of the file.
 */
export function placeOf(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
  text: string,
  character?: number,
): Position | null {
  const node = character === undefined ? undefined : document.getIn(path, true);
  if (character === undefined || !isScalar(node) || typeof node.value !== 'string' || !node.range) {
    return locate(document, lines, path);
  }
  const source = text.slice(node.range[0], node.range[1]);
  const offset = offsetIn(source, node.value, character - 1);
  return offset === null ? locate(document, lines, path) : positionAt(lines, node.range[0] + offset);
}

/**
 * Where a character of a value stands in its YAML. A value is its source without quotes, escapes, indentation and the breaks
 * of folded lines, so each of its characters is sought behind the one before.
 */
function offsetIn(source: string, value: string, index: number): number | null {
  let at = /^[|>]/.test(source) ? source.indexOf('\n') + 1 : /^['"]/.test(source) ? 1 : 0;
  for (let i = 0; i <= index && i < value.length; i++) {
    const isSpace = /\s/.test(value[i] ?? '');
    while (at < source.length && source[at] !== value[i] && !(isSpace && /\s/.test(source[at] ?? ''))) at += 1;
    if (at >= source.length) return null;
    if (i === index) return at;
    at += 1;
  }
  return index === value.length && index > 0 ? at : null;
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
