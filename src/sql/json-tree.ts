/** JSON as DuckDB reads and writes it: keys keep their order and may repeat, numbers keep their digits. */
import { SqlError } from './value.ts';

export type JsonNode =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, value: JsonNode])[] }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  /** As it is written again. */
  | { readonly kind: 'number'; readonly text: string; readonly type: 'UBIGINT' | 'BIGINT' | 'DOUBLE' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' };

/** Deeper ones are refused, since a stack has an end. */
const MAX_DEPTH = 1000;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /-?(?:nan|infinity|inf)|true|false|null/iy;
/** Null for a text that is no JSON. A comma behind the last element is taken, and so are NaN and Infinity. */
export function parseJson(text: string): JsonNode | null {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const isAt = (sign: string): boolean => {
    take(SPACE);
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const stringAt = (): string | null => {
    const end = endOfString(text, at);
    if (end === null) return null;
    const quoted = text.slice(at, end);
    at = end;
    return quoted.includes('\\') ? unescaped(quoted) : quoted.slice(1, -1);
  };
  const listAt = (end: string, takeOne: () => boolean): boolean => {
    for (let count = 0; !isAt(end); count++) {
      if (count > 0 && !isAt(',')) return false;
      if (count > 0 && isAt(end)) return true;
      if (!takeOne()) return false;
    }
    return true;
  };
  const valueAt = (depth: number): JsonNode | null => {
    if (depth > MAX_DEPTH) throw new SqlError(`JSON is deeper than ${MAX_DEPTH}`);
    take(SPACE);
    switch (text[at]) {
      case '{': {
        at++;
        const entries: [string, JsonNode][] = [];
        const isWhole = listAt('}', () => {
          take(SPACE);
          const key = stringAt();
          const value = key !== null && isAt(':') ? valueAt(depth + 1) : null;
          if (key !== null && value !== null) entries.push([key, value]);
          return value !== null;
        });
        return isWhole ? { kind: 'object', entries } : null;
      }
      case '[': {
        at++;
        const items: JsonNode[] = [];
        const isWhole = listAt(']', () => {
          const value = valueAt(depth + 1);
          if (value !== null) items.push(value);
          return value !== null;
        });
        return isWhole ? { kind: 'array', items } : null;
      }
      case '"': {
        const value = stringAt();
        return value === null ? null : { kind: 'string', value };
      }
      default: {
        const word = take(WORD);
        if (word !== null) return nodeOfWord(word[0]);
        const number = take(NUMBER);
        return number === null ? null : nodeOfNumber(number);
      }
    }
  };
  const root = valueAt(0);
  take(SPACE);
  return at === text.length ? root : null;
}

/** The place behind the quotation mark that ends a string; null where there is none. */
function endOfString(text: string, start: number): number | null {
  if (text[start] !== '"') return null;
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code < 0x20) return null;
    if (code === 0x5c) i++;
  }
  return null;
}

function unescaped(quoted: string): string | null {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' && value.isWellFormed() ? value : null;
  } catch {
    return null;
  }
}

function nodeOfWord(word: string): JsonNode | null {
  if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
  if (word === 'null') return { kind: 'null' };
  return /^(true|false|null)$/i.test(word) ? null : { kind: 'number', text: word, type: 'DOUBLE' };
}

/** What has 64 bits is whole, what a double holds is written as one; the rest stays as it is. */
function nodeOfNumber([text, fraction, exponent]: RegExpExecArray): JsonNode {
  const isWhole = fraction === undefined && exponent === undefined;
  if (isWhole) {
    const value = BigInt(text);
    if (text.startsWith('-')) {
      const fits = value >= -(2n ** 63n);
      return { kind: 'number', text: fits ? String(value) : text, type: fits ? 'BIGINT' : 'DOUBLE' };
    }
    const fits = value < 2n ** 64n;
    return { kind: 'number', text: fits ? String(value) : text, type: fits ? 'UBIGINT' : 'DOUBLE' };
  }
  const value = Number(text);
  return { kind: 'number', text: Number.isFinite(value) ? doubleText(value) : text, type: 'DOUBLE' };
}

function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
  return /[.e]/.test(text) ? text : `${text}.0`;
}

export function writeJson(node: JsonNode): string {
  switch (node.kind) {
    case 'object':
      return `{${node.entries.map(([key, value]) => `${writeString(key)}:${writeJson(value)}`).join(',')}}`;
    case 'array':
      return `[${node.items.map(writeJson).join(',')}]`;
    case 'string':
      return writeString(node.value);
    case 'number':
      return node.text;
    case 'boolean':
      return String(node.value);
    default:
      return 'null';
  }
}

function writeString(value: string): string {
  return JSON.stringify(value).replace(
    /\\u00([01][0-9a-f])/g,
    (_all, digits: string) => `\\u00${digits.toUpperCase()}`,
  );
}
