/** The forms that an expression may begin with: literals, names, calls, brackets, CASE and CAST. */
import type { Cursor } from './cursor.ts';
import type { CallExpression, Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { literalAt, typedLiteral } from './parse-literal.ts';
import { isSpecialCall, specialCall } from './parse-special.ts';
import { castTarget } from './parse-type.ts';
import { named } from './tokens.ts';

/** Reads an expression; a tight one ends before IN, LIKE and comparisons. */
type Inner = (cursor: Cursor, isTight?: boolean) => Expression;

/** Throws an ExpressionError when none of them is next. */
export function parsePrefix(cursor: Cursor, inner: Inner): Expression {
  const token = cursor.peek();
  const literal = literalAt(cursor);
  if (literal !== null) return literal;
  if (token.kind === 'word') return word(cursor, inner);
  if (token.kind === 'quoted') return column(cursor, true);
  if (token.kind === 'symbol') {
    switch (token.text) {
      case '(': {
        cursor.take();
        refuseQuery(cursor);
        const whole = inner(cursor);
        cursor.expect(')');
        return whole;
      }
      case '[':
        return list(cursor, inner);
      case '{':
        return struct(cursor, inner);
      case '*':
        cursor.take();
        return { kind: 'star', table: null, at: token.at };
    }
  }
  throw new ExpressionError(`a field or a value is missing before ${named(token)}`, token.at);
}

/** Throws an ExpressionError at a SELECT in brackets. */
export function refuseQuery(cursor: Cursor): void {
  const { kind } = cursor.peek(1);
  // A field may be called so.
  if (!cursor.is('select') || kind === 'end' || (kind === 'symbol' && !cursor.is('*', 1) && !cursor.is('(', 1))) return;
  throw new ExpressionError(
    'an expression is of one event, so that no SELECT stands in it: JOIN the other stream',
    cursor.peek().at,
  );
}

/** Words that stand between operands: none is a field's name without quotes. */
const RESERVED: readonly string[] = ['and', 'or', 'not', 'in', 'is'];

function word(cursor: Cursor, inner: Inner): Expression {
  const { text, at } = cursor.peek();
  const name = text.toLowerCase();
  if (RESERVED.includes(name)) {
    throw new ExpressionError(`a field or a value is missing before ${name}`, at);
  }
  const next = cursor.peek(1);
  if (name === 'case' && (next.kind !== 'symbol' || '([{-+'.includes(next.text)) && next.kind !== 'end') {
    return caseAt(cursor, inner);
  }
  const typed = typedLiteral(cursor, inner);
  if (typed !== null) return typed;
  if (cursor.is('(', 1)) {
    if (name === 'cast' || name === 'try_cast') return cast(cursor, inner);
    if (isSpecialCall(name)) return specialCall(cursor, inner);
    return call(cursor, inner);
  }
  if (name === 'map' && cursor.is('{', 1)) return map(cursor, inner);
  return column(cursor, false);
}

/** `a.b.c`; a quoted name is one name, whatever is in it. */
function column(cursor: Cursor, isQuoted: boolean): Expression {
  const { text, at } = cursor.take();
  const names = [text];
  while (cursor.is('.')) {
    const { kind, text: name } = cursor.peek(1);
    if (kind === 'symbol' && name === '*') {
      cursor.take();
      cursor.take();
      return { kind: 'star', table: names.join('.'), at };
    }
    if (kind !== 'word' && kind !== 'quoted') break;
    cursor.take();
    cursor.take();
    names.push(name);
  }
  return { kind: 'column', names, isQuoted, at };
}

function call(cursor: Cursor, inner: Inner): CallExpression {
  const { text, at } = cursor.take();
  cursor.expect('(');
  refuseQuery(cursor);
  const isDistinct = cursor.is('distinct') && !cursor.is(')', 1) && !cursor.is(',', 1) && cursor.accept('distinct');
  const args: Expression[] = [];
  if (!cursor.is(')')) {
    do args.push(lambda(cursor, inner) ?? inner(cursor));
    while (cursor.accept(','));
  }
  refuseOrder(cursor);
  cursor.expect(')');
  if (cursor.is('over') && cursor.is('(', 1)) {
    throw new ExpressionError(
      'OVER looks at rows to come: group by a time bucket, or write an operator',
      cursor.peek().at,
    );
  }
  let filter: Expression | null = null;
  if (cursor.is('filter') && cursor.is('(', 1)) {
    cursor.take();
    cursor.take();
    cursor.accept('where');
    filter = inner(cursor);
    cursor.expect(')');
  }
  return { kind: 'call', name: text.toLowerCase(), args, isDistinct, filter, at };
}

/** Throws an ExpressionError at the ORDER BY of an aggregate. */
function refuseOrder(cursor: Cursor): void {
  if (!cursor.is('order') || !cursor.is('by', 1)) return;
  const instead =
    'list_sort(list(x)) sorts a list, and arg_min(x, t) or arg_max(x, t) is the one of the least or most t';
  throw new ExpressionError(
    `values are taken as they come, so ORDER BY has no place here: ${instead}`,
    cursor.peek().at,
  );
}

/** `lambda x, y: body`; null where the argument is another. */
function lambda(cursor: Cursor, inner: Inner): Expression | null {
  const { kind } = cursor.peek(1);
  if (!cursor.is('lambda') || (kind !== 'word' && kind !== 'quoted')) return null;
  const { at } = cursor.take();
  const params: string[] = [];
  do {
    const name = cursor.take();
    if (name.kind !== 'word' && name.kind !== 'quoted') {
      throw new ExpressionError(`a parameter's name is missing before ${named(name)}`, name.at);
    }
    params.push(name.text);
  } while (cursor.accept(','));
  cursor.expect(':');
  return { kind: 'lambda', params, body: inner(cursor), at };
}

function cast(cursor: Cursor, inner: Inner): Expression {
  const { text, at } = cursor.take();
  cursor.expect('(');
  const of = inner(cursor);
  cursor.expect('as');
  const to = castTarget(cursor);
  cursor.expect(')');
  return { kind: 'cast', of, to, isTry: text.toLowerCase() === 'try_cast', at };
}

function caseAt(cursor: Cursor, inner: Inner): Expression {
  const { at } = cursor.take();
  const of = cursor.is('when') ? null : inner(cursor);
  const branches: { readonly when: Expression; readonly result: Expression }[] = [];
  do {
    cursor.expect('when');
    const when = inner(cursor);
    cursor.expect('then');
    branches.push({ when, result: inner(cursor) });
  } while (cursor.is('when'));
  const otherwise = cursor.accept('else') ? inner(cursor) : null;
  cursor.expect('end');
  return { kind: 'case', of, branches, otherwise, at };
}

function list(cursor: Cursor, inner: Inner): Expression {
  const { at } = cursor.take();
  const items: Expression[] = [];
  if (!cursor.is(']')) {
    do items.push(inner(cursor));
    while (cursor.accept(','));
  }
  cursor.expect(']');
  return { kind: 'list', items, at };
}

function struct(cursor: Cursor, inner: Inner): Expression {
  const { at } = cursor.take();
  const fields: { readonly name: string; readonly value: Expression }[] = [];
  do {
    const { kind, text: name, at: nameAt } = cursor.take();
    if (kind !== 'text' && kind !== 'word' && kind !== 'quoted') {
      throw new ExpressionError("a field's name is missing, as in {'a': 1}", nameAt);
    }
    if (fields.some((field) => field.name.toLowerCase() === name.toLowerCase())) {
      throw new ExpressionError(`there are two fields ${name}`, nameAt);
    }
    cursor.expect(':');
    fields.push({ name, value: inner(cursor) });
  } while (cursor.accept(','));
  cursor.expect('}');
  return { kind: 'struct', fields, at };
}

function map(cursor: Cursor, inner: Inner): Expression {
  const { at } = cursor.take();
  cursor.expect('{');
  const entries: { readonly key: Expression; readonly value: Expression }[] = [];
  if (!cursor.is('}')) {
    do {
      const key = inner(cursor);
      cursor.expect(':');
      entries.push({ key, value: inner(cursor) });
    } while (cursor.accept(','));
  }
  cursor.expect('}');
  return { kind: 'map', entries, at };
}
