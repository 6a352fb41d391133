/**
 * Statements as views write them: one SELECT over a stream, or over two that a join brings together. The grammar is
 * DuckDB's; a clause that an endless stream can't answer is refused by its name.
 *
 *   SELECT item {, item} FROM source {join} [WHERE e] [GROUP BY ALL | e {, e}] [HAVING e]
 *   item   = e [[AS] name] | * | alias.*
 *   source = name [[AS] alias] | tumble|hop|session ( name, time, … ) [[AS] alias] | latest ( name ) [[AS] alias]
 *   join   = [ASOF] [INNER | LEFT | FULL [OUTER]] JOIN source (ON e | USING (name {, name}))
 */
import { type Cursor, cursorOver } from './cursor.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { expressionAt } from './parse.ts';
import { named } from './tokens.ts';

export interface Statement {
  readonly items: readonly SelectItem[];
  readonly from: SourceItem;
  readonly join: JoinItem | null;
  readonly where: Expression | null;
  /** `all`: by every item without an aggregate. Null for no grouping. */
  readonly groupBy: 'all' | readonly Expression[] | null;
  readonly having: Expression | null;
}

export type SelectItem =
  | { readonly kind: 'star'; readonly table: string | null; readonly at: number }
  /** Without a name of its own, `name` is null. */
  | { readonly kind: 'column'; readonly expression: Expression; readonly name: string | null; readonly at: number };

export interface SourceItem {
  /** The stream's whole name, points included. */
  readonly stream: string;
  /** What columns may be prefixed with. */
  readonly alias: string | null;
  /** A window as a table function. */
  readonly window: {
    readonly name: 'tumble' | 'hop' | 'session' | 'latest';
    readonly args: readonly Expression[];
    readonly at: number;
  } | null;
  readonly at: number;
}

export interface JoinItem {
  readonly type: 'inner' | 'left' | 'outer';
  /** Of the newest row of the right side at each event's time. */
  readonly isAsOf: boolean;
  readonly right: SourceItem;
  readonly on: Expression | readonly string[];
  readonly at: number;
}

/** Why a stream has no answer to what DuckDB answers for a table. */
const REFUSED: Readonly<Record<string, string>> = {
  order: 'a stream gives its results as they come: ORDER BY has no place in a view',
  limit: 'a stream has no last row: LIMIT has no place in a view; a window has `top`',
  offset: 'a stream has no last row: OFFSET has no place in a view',
  union: 'a view is of one SELECT: write one view each',
  intersect: 'a view is of one SELECT: write one view each',
  except: 'a view is of one SELECT: write one view each',
  window: 'WINDOW looks at rows to come; group by a time bucket, or write an operator',
  qualify: 'QUALIFY looks at rows to come; a window has `top`, or write an operator',
  using: 'a view takes every row: USING SAMPLE has no place in it',
};

const AFTER_SOURCE: readonly string[] = [
  ...['where', 'group', 'having', 'join', 'inner', 'left', 'right', 'full', 'asof', 'cross', 'natural', 'on', 'using'],
  ...Object.keys(REFUSED),
];

/** Throws an ExpressionError. */
export function parseStatement(text: string): Statement {
  const cursor = cursorOver(text.replace(/;\s*$/, ''));
  if (cursor.is('with')) refuse(cursor, 'a view is of one SELECT: write what stands behind WITH as a view of its own');
  if (cursor.is('from')) refuse(cursor, 'SELECT comes first in a view');
  cursor.expect('select');
  if (cursor.is('distinct')) refuse(cursor, 'a stream has no last row to tell apart: GROUP BY the columns in a window');
  const items = [item(cursor)];
  while (cursor.accept(',')) {
    if (cursor.is('from')) break;
    items.push(item(cursor));
  }
  cursor.expect('from');
  const from = source(cursor);
  if (cursor.is(',')) refuse(cursor, 'two streams are brought together by JOIN … ON');
  const join = joinOf(cursor);
  if (join !== null && joinOf(cursor) !== null) refuse(cursor, 'a view joins two: write a view of the first join');
  const where = cursor.accept('where') ? expressionAt(cursor) : null;
  const groupBy = grouping(cursor);
  const having = cursor.accept('having') ? expressionAt(cursor) : null;
  const rest = cursor.peek();
  if (rest.kind === 'end') return { items, from, join, where, groupBy, having };
  const reason = rest.kind === 'word' ? REFUSED[rest.text.toLowerCase()] : undefined;
  throw new ExpressionError(reason ?? `the statement ends before ${named(rest)}`, rest.at);
}

function refuse(cursor: Cursor, reason: string): never {
  throw new ExpressionError(reason, cursor.peek().at);
}

function item(cursor: Cursor): SelectItem {
  const { at } = cursor.peek();
  if (cursor.is('from')) refuse(cursor, 'a column is missing before FROM');
  const expression = expressionAt(cursor);
  if (expression.kind === 'star') {
    if (cursor.is('exclude') || cursor.is('replace') || cursor.is('rename')) {
      refuse(cursor, 'write the columns that are wanted, each by its name');
    }
    return { kind: 'star', table: expression.table, at };
  }
  return { kind: 'column', expression, name: aliasOf(cursor, ['from']), at };
}

/** Null, and nothing taken, when there is none; a word that goes on with the statement is none. */
function aliasOf(cursor: Cursor, not: readonly string[]): string | null {
  const isNamed = cursor.accept('as');
  const token = cursor.peek();
  const isName = token.kind === 'quoted' || (token.kind === 'word' && !not.includes(token.text.toLowerCase()));
  if (isName) return cursor.take().text;
  if (isNamed) throw new ExpressionError(`a name is missing behind AS, before ${named(token)}`, token.at);
  return null;
}

function source(cursor: Cursor): SourceItem {
  const { at } = cursor.peek();
  if (cursor.is('(')) refuse(cursor, 'a view is of streams by name: write the SELECT in brackets as a view of its own');
  const word = cursor.peek().text.toLowerCase();
  if ((word === 'tumble' || word === 'hop' || word === 'session' || word === 'latest') && cursor.is('(', 1)) {
    cursor.take();
    cursor.take();
    if (cursor.is('table')) refuse(cursor, `write ${word}(stream, time, INTERVAL 1 MINUTE): TABLE(…) is not of DuckDB`);
    const stream = streamName(cursor);
    const args: Expression[] = [];
    while (cursor.accept(',')) args.push(expressionAt(cursor));
    cursor.expect(')');
    return { stream, alias: aliasOf(cursor, AFTER_SOURCE), window: { name: word, args, at }, at };
  }
  const stream = streamName(cursor);
  return { stream, alias: aliasOf(cursor, AFTER_SOURCE), window: null, at };
}

function streamName(cursor: Cursor): string {
  const names: string[] = [];
  do {
    const token = cursor.take();
    if (token.kind !== 'word' && token.kind !== 'quoted') {
      throw new ExpressionError(`a stream's name is missing before ${named(token)}`, token.at);
    }
    names.push(token.text);
  } while (cursor.accept('.'));
  return names.join('.');
}

function joinOf(cursor: Cursor): JoinItem | null {
  const { at } = cursor.peek();
  if (cursor.is('cross') || cursor.is('natural') || cursor.is('right')) {
    refuse(cursor, `a join of streams is INNER, LEFT or FULL; ${cursor.peek().text.toUpperCase()} is none of them`);
  }
  const isAsOf = cursor.accept('asof');
  const isOuter = cursor.accept('full');
  const isLeft = !isOuter && cursor.accept('left');
  if (isOuter || isLeft) cursor.accept('outer');
  else cursor.accept('inner');
  if (!cursor.accept('join')) {
    if (cursor.peek().at === at) return null;
    refuse(cursor, `JOIN is missing before ${named(cursor.peek())}`);
  }
  const right = source(cursor);
  const type = isOuter ? 'outer' : isLeft ? 'left' : 'inner';
  if (cursor.accept('using')) {
    cursor.expect('(');
    const names = [fieldName(cursor)];
    while (cursor.accept(',')) names.push(fieldName(cursor));
    cursor.expect(')');
    return { type, isAsOf, right, on: names, at };
  }
  if (!cursor.accept('on')) refuse(cursor, `ON is missing before ${named(cursor.peek())}: what the two have in common`);
  return { type, isAsOf, right, on: expressionAt(cursor), at };
}

function fieldName(cursor: Cursor): string {
  const token = cursor.take();
  if (token.kind === 'word' || token.kind === 'quoted') return token.text;
  throw new ExpressionError(`a field is missing before ${named(token)}`, token.at);
}

function grouping(cursor: Cursor): Statement['groupBy'] {
  if (!cursor.accept('group')) return null;
  cursor.expect('by');
  if (cursor.accept('all')) return 'all';
  for (const word of ['rollup', 'cube', 'grouping']) {
    if (cursor.is(word)) refuse(cursor, `${word.toUpperCase()} groups several ways at once: write a view each`);
  }
  const keys = [expressionAt(cursor)];
  while (cursor.accept(',')) keys.push(expressionAt(cursor));
  return keys;
}
