/**
 * The parser: Pratt's, with the precedence of PostgreSQL's grammar, which is DuckDB's. From loose to tight:
 *
 *   ->   OR   AND   NOT   IS   comparisons   BETWEEN IN LIKE   || ->>   + −   * / // %   ^ **   AT TIME ZONE   unary −   [] :: .
 *
 * Of the operators that take two, all but comparisons may stand in a row and bind to the left. `==` is `=`.
 */
import { type Cursor, cursorOver } from './cursor.ts';
import { type Comparison, type Computation, callOf, type Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { parsePrefix, refuseQuery } from './parse-prefix.ts';
import { castTarget } from './parse-type.ts';
import { named, type Token } from './tokens.ts';

const ARROW = 1;
const OR = 2;
const AND = 3;
const NOT = 4;
const IS = 5;
const COMPARISON = 6;
const MATCH = 7;
const OTHER = 8;
const SUM = 9;
const PRODUCT = 10;
const POWER = 11;
const AT = 12;
const MINUS = 13;
const POSTFIX = 14;

const BINDING: ReadonlyMap<string, number> = new Map([
  ['->', ARROW],
  ['or', OR],
  ['and', AND],
  ...['is', 'isnull', 'notnull'].map((word) => [word, IS] as const),
  ...['=', '==', '!=', '<>', '<', '<=', '>', '>='].map((word) => [word, COMPARISON] as const),
  ...['between', 'in', 'like', 'ilike', 'not'].map((word) => [word, MATCH] as const),
  ['||', OTHER],
  ['->>', OTHER],
  ['+', SUM],
  ['-', SUM],
  ['*', PRODUCT],
  ['/', PRODUCT],
  ['//', PRODUCT],
  ['%', PRODUCT],
  ['^', POWER],
  ['**', POWER],
  ['at', AT],
  ['[', POSTFIX],
  ['::', POSTFIX],
  ['.', POSTFIX],
]);

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['==', '='],
  ['=', '='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);

/** Throws an ExpressionError. */
export function parseExpression(text: string): Expression {
  const cursor = cursorOver(text);
  const whole = expressionAt(cursor);
  const rest = cursor.peek();
  if (rest.kind !== 'end') throw new ExpressionError(`an operator is missing before ${named(rest)}`, rest.at);
  return whole;
}

/** Reads as far as one expression goes. Throws an ExpressionError. */
export function expressionAt(cursor: Cursor): Expression {
  return operand(cursor, 0);
}

/** Reads what binds more tightly than this. */
function operand(cursor: Cursor, binding: number): Expression {
  return cursor.nested(() => {
    let left = prefix(cursor);
    for (;;) {
      const token = cursor.peek();
      const own = bindingOf(cursor, token);
      if (own <= binding) return left;
      left = infix(cursor, left, cursor.take(), own);
      refuseChain(cursor, own, left);
    }
  });
}

/** 0 for what is no operator. */
function bindingOf(cursor: Cursor, { kind, text }: Token): number {
  if (kind !== 'symbol' && kind !== 'word') return 0;
  const word = text.toLowerCase();
  // Only `not in`, `not like` and the like stand behind a value; AT may be an alias.
  if (word === 'not' && !['in', 'between', 'like', 'ilike'].some((next) => cursor.is(next, 1))) return 0;
  if (word === 'at' && !cursor.is('time', 1)) return 0;
  return BINDING.get(word) ?? 0;
}

/** 1 < x < 9 would compare a condition with a number. */
function refuseChain(cursor: Cursor, own: number, left: Expression): void {
  const isWhole = left.kind === 'in' || left.kind === 'isNull' || left.kind === 'isTruth';
  if ((own !== COMPARISON && own !== MATCH && own !== IS) || isWhole) return;
  const next = cursor.peek();
  if (bindingOf(cursor, next) === own) {
    throw new ExpressionError('a comparison of a comparison; write `and` between the two, or brackets', next.at);
  }
}

function prefix(cursor: Cursor): Expression {
  const { at } = cursor.peek();
  if (cursor.accept('not')) return { kind: 'not', of: operand(cursor, NOT), at };
  if (cursor.accept('+')) return operand(cursor, MINUS);
  if (cursor.accept('-')) return negative(operand(cursor, MINUS), at);
  return parsePrefix(cursor, (at, isTight) => operand(at, isTight === true ? MATCH : 0));
}

function negative(of: Expression, at: number): Expression {
  if (of.kind !== 'literal') return { kind: 'minus', of, at };
  const { type, value } = of;
  if (typeof value === 'number' && (type.kind === 'bigint' || type.kind === 'double')) {
    return { ...of, value: value === 0 && type.kind === 'bigint' ? 0 : -value, at };
  }
  if (typeof value === 'bigint') return { ...of, value: -value, at };
  if (type.kind === 'decimal' && isDecimal(value)) {
    return { ...of, value: { unscaled: -value.unscaled, scale: value.scale }, at };
  }
  return { kind: 'minus', of, at };
}

function isDecimal(value: unknown): value is { readonly unscaled: bigint; readonly scale: number } {
  return typeof value === 'object' && value !== null && 'unscaled' in value && 'scale' in value;
}

function infix(cursor: Cursor, left: Expression, { text, at }: Token, binding: number): Expression {
  const word = text.toLowerCase();
  const comparison = COMPARISONS.get(word);
  if (comparison !== undefined) {
    return { kind: 'compare', operator: comparison, left, right: operand(cursor, COMPARISON), at };
  }
  switch (word) {
    case 'and':
    case 'or': {
      const of = [left, operand(cursor, binding)];
      while (cursor.accept(word)) of.push(operand(cursor, binding));
      return { kind: word, of, at };
    }
    case 'is':
      return afterIs(cursor, left, at);
    case 'isnull':
    case 'notnull':
      return { kind: 'isNull', isNegated: word === 'notnull', of: left, at };
    case 'not':
      return match(cursor, left, cursor.take().text.toLowerCase(), true, at);
    case 'in':
    case 'between':
    case 'like':
    case 'ilike':
      return match(cursor, left, word, false, at);
    case '->':
    case '->>': {
      const name = word === '->' ? 'json_extract' : 'json_extract_string';
      return callOf(name, [left, operand(cursor, binding)], at);
    }
    case '[':
      return element(cursor, left, at);
    case '::':
      return { kind: 'cast', of: left, to: castTarget(cursor), isTry: false, at };
    case '.':
      return { kind: 'member', of: left, name: memberName(cursor), at };
    case 'at':
      cursor.expect('time');
      cursor.expect('zone');
      return callOf('timezone', [operand(cursor, AT), left], at);
    default:
      return computation(cursor, left, word, binding, at);
  }
}

function computation(cursor: Cursor, first: Expression, operator: string, binding: number, at: number): Expression {
  const steps: Computation[] = [{ operator: powerAs(operator), at, operand: operand(cursor, binding) }];
  for (;;) {
    const next = cursor.peek();
    if (next.kind !== 'symbol' || next.text === '->>' || BINDING.get(next.text) !== binding) break;
    cursor.take();
    steps.push({ operator: powerAs(next.text), at: next.at, operand: operand(cursor, binding) });
  }
  return { kind: 'compute', first, steps, at };
}

function powerAs(operator: string): string {
  return operator === '**' ? '^' : operator;
}

function afterIs(cursor: Cursor, of: Expression, at: number): Expression {
  const isNegated = cursor.accept('not');
  if (cursor.accept('null')) return { kind: 'isNull', isNegated, of, at };
  for (const word of ['true', 'false']) {
    if (cursor.accept(word)) return { kind: 'isTruth', truth: word === 'true', isNegated, of, at };
  }
  if (cursor.accept('unknown')) return { kind: 'isNull', isNegated, of, at };
  if (cursor.accept('distinct')) {
    cursor.expect('from');
    return { kind: 'distinct', isNegated, left: of, right: operand(cursor, IS), at };
  }
  const next = cursor.peek();
  throw new ExpressionError(
    `null, true, false or distinct from is missing before ${named(next)}; two values are compared by =`,
    next.at,
  );
}

function match(cursor: Cursor, of: Expression, word: string, isNegated: boolean, at: number): Expression {
  switch (word) {
    case 'in': {
      cursor.expect('(');
      refuseQuery(cursor);
      const values = [expressionAt(cursor)];
      while (cursor.accept(',')) values.push(expressionAt(cursor));
      cursor.expect(')');
      return { kind: 'in', isNegated, of, values, at };
    }
    case 'between': {
      const low = operand(cursor, MATCH);
      cursor.expect('and');
      return { kind: 'between', isNegated, of, low, high: operand(cursor, MATCH), at };
    }
    default: {
      const pattern = operand(cursor, MATCH);
      const escaping = cursor.accept('escape') ? operand(cursor, MATCH) : null;
      return { kind: 'like', isNegated, ignoresCase: word === 'ilike', of, pattern, escaping, at };
    }
  }
}

function element(cursor: Cursor, of: Expression, at: number): Expression {
  const from = cursor.is(':') ? null : expressionAt(cursor);
  if (!cursor.accept(':')) {
    cursor.expect(']');
    if (from === null) throw new ExpressionError('an index is missing', at);
    return { kind: 'element', of, index: from, at };
  }
  const to = cursor.is(']') ? null : expressionAt(cursor);
  cursor.expect(']');
  return { kind: 'slice', of, from, to, at };
}

function memberName(cursor: Cursor): string {
  const { kind, text, at } = cursor.take();
  if (kind === 'word' || kind === 'quoted') return text;
  throw new ExpressionError("a field's name is missing behind the point", at);
}
