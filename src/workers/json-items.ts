/**
 * Finds the items of a JSON array without parsing them: brackets, strings and commas tell where an item ends.
 *
 * An item is given as its own bytes, so that numbers keep their digits and a dead letter its text. Only the array itself has
 * to be whole; the receiver judges the inside of an item.
 */

/** Deeper nesting than this is no event of any schema; a parser of the text would need memory for each level. */
export const NESTING_MAX = 256;

export interface ItemSink {
  /** `depth` is how deep brackets are nested in it; the number counts from 1. */
  item(bytes: Buffer, number: number, depth: number): void;
}

/** Calls `sink` for each item. Returns what is wrong with the array, or null. */
export function eachItem(bytes: Buffer, sink: ItemSink): string | null {
  let at = skipSpace(bytes, 0);
  let depth = 0;
  let deepest = 0;
  let number = 0;
  let itemAt = 0;
  /** Whether an item must come, since a comma came before. */
  let isDue = false;
  const give = (end: number): boolean => {
    const item = trimmed(bytes, itemAt, end);
    if (item.length === 0) return false;
    number += 1;
    sink.item(item, number, deepest);
    deepest = 0;
    return true;
  };
  for (; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at);
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth += 1;
        if (depth - 1 > deepest) deepest = depth - 1;
        if (depth === 1) itemAt = at + 1;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth -= 1;
        if (depth > 0) break;
        if (bytes[at] === CLOSE_BRACE) return `a brace closes the array at byte ${at}`;
        if (!give(at) && isDue) return `no event follows the comma before byte ${at}`;
        at = skipSpace(bytes, at + 1);
        return at === bytes.length ? null : `something follows the array, at byte ${at}`;
      case COMMA:
        if (depth !== 1) break;
        if (!give(at)) return `no event stands before the comma at byte ${at}`;
        itemAt = at + 1;
        isDue = true;
        break;
    }
  }
  return `it is cut off behind ${number} whole events: ${depth} brackets are open at its end`;
}

/** The bytes' only JSON value, without white space around it; null when there are more, or it does not end. */
export function onlyObject(bytes: Buffer): { readonly object: Buffer; readonly depth: number } | null {
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== OPEN_BRACE) return null;
  let depth = 0;
  let deepest = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth -= 1;
      if (depth > 0) continue;
      const isAll = skipSpace(bytes, at + 1) === bytes.length;
      return isAll ? { object: bytes.subarray(start, at + 1), depth: deepest } : null;
    }
  }
  return null;
}

/** How deep brackets nest, counted up to NESTING_MAX. */
export function nestingOf(bytes: Buffer): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length && deepest <= NESTING_MAX; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
  }
  return deepest;
}

export function beginsAsArray(bytes: Buffer): boolean {
  return bytes[skipSpace(bytes, 0)] === OPEN_BRACKET;
}

/** Where the string that begins at a quote ends; the end of the bytes when it does not. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) return at;
  }
  return bytes.length;
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && isSpace(bytes[at])) at += 1;
  return at;
}

function trimmed(bytes: Buffer, start: number, end: number): Buffer {
  const from = Math.min(skipSpace(bytes, start), end);
  let to = end;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  return bytes.subarray(from, to);
}

/** JSON's white space: space, tab, line feed, carriage return. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
