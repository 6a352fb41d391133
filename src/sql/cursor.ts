/** A place in a list of tokens. */
import { ExpressionError } from './expression-error.ts';
import { named, type Token, tokensOf } from './tokens.ts';

export interface Cursor {
  /** The next token, or one of those after it. */
  peek(ahead?: number): Token;
  take(): Token;
  /** Whether the next token is this symbol or word, in any case. */
  is(text: string, ahead?: number): boolean;
  /** Takes the next token if it is this one. */
  accept(text: string): boolean;
  /** Throws an ExpressionError when the next token is another. */
  expect(text: string): Token;
  /** Runs what reads one level of a nested expression. Throws an ExpressionError too deep down. */
  nested<T>(read: () => T): T;
}

/** How deep expressions nest: far below what a stack holds. */
const MAX_DEPTH = 200;

/** Throws an ExpressionError when the text has what is no token. */
export function cursorOver(text: string): Cursor {
  const tokens = tokensOf(text);
  const last = tokens.length - 1;
  let next = 0;
  let depth = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(next + ahead, last)]!;
  const is = (wanted: string, ahead = 0): boolean => {
    const { kind, text: found } = peek(ahead);
    return kind === 'symbol' ? found === wanted : kind === 'word' && found.toLowerCase() === wanted;
  };
  const take = (): Token => {
    const token = peek();
    next += 1;
    return token;
  };
  return {
    peek,
    is,
    take,
    accept(wanted) {
      if (!is(wanted)) return false;
      next += 1;
      return true;
    },
    expect(wanted) {
      if (!is(wanted)) throw new ExpressionError(`${wanted} is missing before ${named(peek())}`, peek().at);
      return take();
    },
    nested(read) {
      depth += 1;
      if (depth > MAX_DEPTH) throw new ExpressionError(`is nested more than ${MAX_DEPTH} deep`, peek().at);
      const result = read();
      depth -= 1;
      return result;
    },
  };
}
