/**
 * Conditions over an event's fields, as in `where: amount > 0 and country == 'DE'`: a Pratt parser, and a check of types.
 *
 *   condition  = condition ("and" | "or") condition | "not" condition | comparison
 *   comparison = value ("==" | "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
 *              | value "is" ["not"] "null" | value ["not"] "in" "(" value { "," value } ")"
 *   value      = value ("+" | "-" | "*" | "/" | "%") value | "-" value | "(" condition ")"
 *              | number | 'text' | "text" | "true" | "false" | field { "." field }
 *
 * From loose to tight: or, and, not, comparisons, + and −, * / %, unary −. Words may be in capitals. A quote within a text is
 * doubled. Null works as in SQL: a computation with null is null, and an event is taken only when its condition is true. A
 * number that is not finite, such as 1 / 0, is null. Texts compare by UTF-16 code unit, as in JavaScript.
 *
 * A chain of equally binding operators is one node, and so is a list: only nesting makes a tree deep, and it is bounded.
 */
export type ValueType = 'number' | 'text' | 'truth';

export type Expression = { readonly at: number } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'truth'; readonly value: boolean }
  | { readonly kind: 'field'; readonly path: string }
  | { readonly kind: 'not' | 'minus' | 'isNull'; readonly of: Expression }
  /** Two or more operands. */
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  /** Whether `of` equals any of the values. */
  | { readonly kind: 'in'; readonly of: Expression; readonly values: readonly Expression[] }
  /** Computes from left to right. */
  | { readonly kind: 'compute'; readonly first: Expression; readonly steps: readonly Computation[] }
);

export interface Computation {
  readonly operator: string;
  readonly operand: Expression;
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** The fault of an expression's text, and its character, from 1. */
export class ExpressionError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.name = 'ExpressionError';
    this.position = position;
  }
}

interface Token {
  readonly kind: 'number' | 'text' | 'word' | 'symbol' | 'end';
  /** A text without its quotes; an operator's word in small letters. */
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|('(?:[^']|'')*'|"(?:[^"]|"")*")|([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)|(==|!=|<>|<=|>=|[-+*/%<>=(),]))/y;
const RESERVED: readonly string[] = ['and', 'or', 'not', 'in', 'is', 'null', 'true', 'false'];
const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  ...Object.fromEntries(['==', '=', '!=', '<>', '<', '<=', '>', '>=', 'is', 'in', 'not'].map((word) => [word, 4])),
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};
const NOT_BINDING = 3;
const COMPARISON_BINDING = 4;
const MINUS_BINDING = 7;
const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['==', '=='],
  ['=', '=='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);
/** How deep operators may nest: far below what a stack holds. */
const MAX_DEPTH = 200;

/** Throws an ExpressionError. */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  let next = 0;
  let depth = 0;
  const peek = (): Token => tokens[next] ?? { kind: 'end', text: '', at: text.length + 1 };
  const take = (): Token => {
    const token = peek();
    next += 1;
    return token;
  };
  const isOperator = ({ kind, text: word }: Token, operator: string): boolean =>
    (kind === 'symbol' || kind === 'word') && word === operator;
  function expect(operator: string): void {
    const token = take();
    if (!isOperator(token, operator))
      throw new ExpressionError(`${operator} is missing before ${named(token)}`, token.at);
  }

  function expression(binding: number): Expression {
    depth += 1;
    if (depth > MAX_DEPTH) throw new ExpressionError(`is nested more than ${MAX_DEPTH} deep`, peek().at);
    let left = prefix(take());
    for (;;) {
      const token = peek();
      const own = token.kind === 'word' || token.kind === 'symbol' ? BINDING[token.text] : undefined;
      if (own === undefined || own <= binding) break;
      next += 1;
      left = infix(left, token, own);
      // 1 < x < 9 would compare a condition with a number.
      if (own === COMPARISON_BINDING && BINDING[peek().text] === own && peek().kind !== 'text') {
        throw new ExpressionError('a comparison of a comparison; write `and` between the two', peek().at);
      }
    }
    depth -= 1;
    return left;
  }

  function prefix(token: Token): Expression {
    const { kind, text: word, at } = token;
    if (kind === 'number') return { kind: 'number', value: finite(Number(word), at), at };
    if (kind === 'text') return { kind: 'text', value: word, at };
    if (isOperator(token, '(')) {
      const inner = expression(0);
      expect(')');
      return inner;
    }
    if (isOperator(token, '-')) {
      const of = expression(MINUS_BINDING);
      return of.kind === 'number' ? { kind: 'number', value: -of.value, at } : { kind: 'minus', of, at };
    }
    if (kind === 'word') {
      if (word === 'not') return { kind: 'not', of: expression(NOT_BINDING), at };
      if (word === 'true' || word === 'false') return { kind: 'truth', value: word === 'true', at };
      if (word === 'null') throw new ExpressionError('nothing equals null; write `is null` or `is not null`', at);
      if (!RESERVED.includes(word)) return { kind: 'field', path: word, at };
    }
    throw new ExpressionError(`a field or a value is missing before ${named(token)}`, at);
  }

  function infix(left: Expression, { text: operator, at }: Token, binding: number): Expression {
    const comparison = COMPARISONS.get(operator);
    if (comparison !== undefined)
      return { kind: 'compare', operator: comparison, left, right: expression(binding), at };
    switch (operator) {
      case 'and':
      case 'or': {
        const of = [left, expression(binding)];
        while (isOperator(peek(), operator)) {
          next += 1;
          of.push(expression(binding));
        }
        return { kind: operator, of, at };
      }
      case 'is': {
        const isNegated = isOperator(peek(), 'not');
        if (isNegated) next += 1;
        expect('null');
        const isNull: Expression = { kind: 'isNull', of: left, at };
        return isNegated ? { kind: 'not', of: isNull, at } : isNull;
      }
      case 'not':
        expect('in');
        return { kind: 'not', of: oneOf(left, at), at };
      case 'in':
        return oneOf(left, at);
      default: {
        const steps = [{ operator, operand: expression(binding) }];
        while (peek().kind === 'symbol' && BINDING[peek().text] === binding) {
          const { text: further } = take();
          steps.push({ operator: further, operand: expression(binding) });
        }
        return { kind: 'compute', first: left, steps, at };
      }
    }
  }

  function oneOf(of: Expression, at: number): Expression {
    expect('(');
    const values = [expression(COMPARISON_BINDING)];
    while (isOperator(peek(), ',')) {
      next += 1;
      values.push(expression(COMPARISON_BINDING));
    }
    expect(')');
    return { kind: 'in', of, values, at };
  }

  const whole = expression(0);
  const rest = take();
  if (rest.kind !== 'end') throw new ExpressionError(`an operator is missing before ${named(rest)}`, rest.at);
  return whole;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  for (let from = 0; from < end; from = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) {
      const at = from + (text.slice(from).match(/^\s*/)?.[0].length ?? 0);
      const isQuote = /['"]/.test(text[at] ?? '');
      throw new ExpressionError(isQuote ? 'the quote is not closed' : `${text[at]} has no meaning here`, at + 1);
    }
    const [whole, number, quoted, word, symbol] = match;
    const at = from + whole.length - whole.trimStart().length + 1;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: unquoted(quoted), at });
    else if (word !== undefined) {
      const small = word.toLowerCase();
      tokens.push({ kind: 'word', text: RESERVED.includes(small) ? small : word, at });
    } else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, at });
  }
  return tokens;
}

function finite(value: number, at: number): number {
  if (!Number.isFinite(value)) throw new ExpressionError('a number beyond the largest that there is', at);
  return value;
}

function unquoted(quoted: string): string {
  const quote = quoted[0] ?? '';
  return quoted.slice(1, -1).replaceAll(quote + quote, quote);
}

function named({ kind, text }: Token): string {
  return kind === 'end' ? 'the end' : text;
}

/**
 * The type of an expression. Throws an ExpressionError when an operator does not take its operands; `typeOf` throws one for
 * an unknown field.
 */
export function checkExpression(expression: Expression, typeOf: (path: string, at: number) => ValueType): ValueType {
  const need = (operand: Expression, wanted: ValueType): ValueType => {
    const found = checkExpression(operand, typeOf);
    if (found !== wanted) throw new ExpressionError(`must be ${NAMES[wanted]}, and is ${NAMES[found]}`, operand.at);
    return wanted;
  };
  switch (expression.kind) {
    case 'number':
    case 'text':
    case 'truth':
      return expression.kind;
    case 'field':
      return typeOf(expression.path, expression.at);
    case 'isNull':
      checkExpression(expression.of, typeOf);
      return 'truth';
    case 'not':
      return need(expression.of, 'truth');
    case 'minus':
      return need(expression.of, 'number');
    case 'and':
    case 'or':
      for (const operand of expression.of) need(operand, 'truth');
      return 'truth';
    case 'compute':
      need(expression.first, 'number');
      for (const { operand } of expression.steps) need(operand, 'number');
      return 'number';
    case 'in': {
      const type = checkExpression(expression.of, typeOf);
      for (const value of expression.values) need(value, type);
      return 'truth';
    }
    case 'compare': {
      const type = checkExpression(expression.left, typeOf);
      need(expression.right, type);
      if (type === 'truth' && !/^[=!]=$/.test(expression.operator)) {
        throw new ExpressionError(`${expression.operator} has no meaning for true and false`, expression.at);
      }
      return 'truth';
    }
  }
}

const NAMES: Readonly<Record<ValueType, string>> = { number: 'a number', text: 'text', truth: 'true or false' };
