/** Where in the file a key path stands. */
import { type Document, isMap, isPair, isScalar, isSeq, type LineCounter } from 'yaml';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Position of the key or list item at a path; of its nearest ancestor where it is missing. */
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

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
