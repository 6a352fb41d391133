/** The words of SQL, each with its place; what statements and expressions are read from. */
import { ExpressionError } from './expression-error.ts';

export interface Token {
  /** `quoted` is an identifier in double quotes. */
  readonly kind: 'number' | 'text' | 'word' | 'quoted' | 'symbol' | 'end';
  /** As it is written; a text and a quoted identifier without their quotes. */
  readonly text: string;
  /** Its character, from 1. */
  readonly at: number;
  /** That behind its last one. */
  readonly end: number;
}

/** A longer expression is refused before it takes the memory. */
const MAX_CHARACTERS = 2_000_000;

const SPACE = /(?:\s+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/)*/y;
const TOKEN =
  /((?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|('(?:[^']|'')*')|("(?:[^"]|"")*")|([\p{L}_][\p{L}\p{N}_$]*)|(->>|::|==|!=|<>|<=|>=|\|\||\/\/|\*\*|->|[-+*/%^<>=(),.[\]{}:])/uy;

/** Throws an ExpressionError at what is no token. The last token is the end. */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_CHARACTERS) {
    throw new ExpressionError(`is longer than ${MAX_CHARACTERS} characters`, MAX_CHARACTERS + 1);
  }
  const tokens: Token[] = [];
  let from = spaceEnd(text, 0);
  while (from < text.length) {
    TOKEN.lastIndex = from;
    const match = text.startsWith('/*', from) ? null : TOKEN.exec(text);
    if (match === null) throw new ExpressionError(faultAt(text, from), from + 1);
    tokens.push(tokenOf(match, from + 1));
    from = spaceEnd(text, TOKEN.lastIndex);
  }
  tokens.push({ kind: 'end', text: '', at: text.length + 1, end: text.length + 1 });
  return tokens;
}

function tokenOf([whole, number, text, quoted, word]: RegExpExecArray, at: number): Token {
  const end = at + whole.length;
  if (number !== undefined) return { kind: 'number', text: number.replaceAll('_', ''), at, end };
  if (text !== undefined) return { kind: 'text', text: text.slice(1, -1).replaceAll("''", "'"), at, end };
  if (quoted !== undefined) return { kind: 'quoted', text: quoted.slice(1, -1).replaceAll('""', '"'), at, end };
  return { kind: word === undefined ? 'symbol' : 'word', text: whole, at, end };
}

function spaceEnd(text: string, from: number): number {
  SPACE.lastIndex = from;
  return SPACE.exec(text) === null ? from : SPACE.lastIndex;
}

function faultAt(text: string, from: number): string {
  const character = String.fromCodePoint(text.codePointAt(from) ?? 0);
  if (/['"]/.test(character)) return 'the quote is not closed';
  if (text.startsWith('/*', from)) return 'the comment is not closed';
  return `${character} has no meaning here`;
}

/** As a message says it. */
export function named({ kind, text }: Token): string {
  if (kind === 'end') return 'the end';
  return kind === 'text' ? `'${text}'` : text;
}
