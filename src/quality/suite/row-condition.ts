/**
 * Great Expectations' row conditions as SQL: an expectation with one is about the rows that meet it alone. Great
 * Expectations writes them as an expression of pandas, of `col("…")`, or (1.x) as a tree. As in pandas, a comparison
 * with null is false, and `!=` is true.
 */

import { quotedName, quotedText } from '../../sql-quotes.ts';
import { CheckError } from './table-column.ts';

/** `written`: a text, or the tree. `parser` as in `condition_parser`; `sql` for a text of DuckDB. Throws a CheckError. */
export function conditionSql(written: unknown, parser: string): string {
  if (typeof written !== 'string') return treeSql(written);
  return parser === 'sql' ? written : expressionSql(written);
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function treeSql(written: unknown): string {
  const node = isNode(written) ? written : {};
  const { type, conditions, column, operator, parameter, is_null: isNull, pass_through_filter: text } = node;
  if (type === 'pass_through' && typeof text === 'string') return expressionSql(text);
  if ((type === 'and' || type === 'or') && Array.isArray(conditions) && conditions.length > 0) {
    return `(${conditions.map(treeSql).join(` ${type.toUpperCase()} `)})`;
  }
  const name = isNode(column) && typeof column.name === 'string' ? quotedName(column.name) : null;
  if (type === 'nullity' && name !== null) return `(${name} IS ${isNull === true ? '' : 'NOT '}NULL)`;
  if (type === 'comparison' && name !== null) return comparisonSql(name, String(operator), parameter);
  throw new CheckError('row_condition is none of a comparison, nullity, and, or');
}

function comparisonSql(left: string, operator: string, value: unknown): string {
  if (operator === 'IN' || operator === 'NOT_IN') {
    const items = Array.isArray(value) ? value.map(literal).join(', ') : literal(value);
    return membership(left, items, operator === 'NOT_IN');
  }
  return compared(left, operator, literal(value));
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quotedText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new CheckError(`row_condition compares with ${JSON.stringify(value)}, which is no number, text or truth value`);
}

function compared(left: string, operator: string, right: string): string {
  if (operator === '==') return `(${left} = ${right}) IS TRUE`;
  if (operator === '!=') return `(${left} IS DISTINCT FROM ${right})`;
  if (['<', '<=', '>', '>='].includes(operator)) return `(${left} ${operator} ${right}) IS TRUE`;
  throw new CheckError(`row_condition has the operator ${operator}, which is not supported`);
}

function membership(left: string, items: string, isNot: boolean): string {
  const within = `coalesce(${left} IN (${items}), FALSE)`;
  return isNot ? `(NOT ${within})` : within;
}

const TOKEN =
  /\s*(?:(?<number>\d+\.?\d*(?:[eE][+-]?\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|`(?<quoted>[^`]+)`|(?<word>[A-Za-z_]\w*)|(?<sign>==|!=|<=|>=|[<>&|~()[\],.+*/%-]))/y;

interface Token {
  readonly kind: 'number' | 'text' | 'quoted' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    const [kind, own] = Object.entries(groups ?? {}).find(([, each]) => each !== undefined) ?? [];
    if (own === undefined) throw wrong(text, at);
    if (kind === 'number' || kind === 'text' || kind === 'quoted' || kind === 'word' || kind === 'sign') {
      tokens.push({ kind, text: own, at });
    }
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

function wrong(text: string, at: number): CheckError {
  return new CheckError(`row_condition can't be read from character ${at + 1} on: ${JSON.stringify(text.slice(at))}`);
}

/** Python's precedence: or, and, not, comparisons, sums, products. `&` and `|` are and and or, as pandas.query has them. */
function expressionSql(text: string): string {
  const tokens = tokensOf(text);
  let next = 0;
  const peek = (): Token => tokens[next] ?? { kind: 'end', text: '', at: text.length };
  const take = (...texts: readonly string[]): string | null => {
    const { kind, text: own } = peek();
    if ((kind !== 'word' && kind !== 'sign') || !texts.includes(own)) return null;
    next += 1;
    return own;
  };
  const need = (sign: string): void => {
    if (take(sign) === null) throw wrong(text, peek().at);
  };

  function either(): string {
    const parts = [both()];
    while (take('or', '|') !== null) parts.push(both());
    return parts.length === 1 ? parts[0]! : `(${parts.join(' OR ')})`;
  }
  function both(): string {
    const parts = [negated()];
    while (take('and', '&') !== null) parts.push(negated());
    return parts.length === 1 ? parts[0]! : `(${parts.join(' AND ')})`;
  }
  function negated(): string {
    return take('not', '~') === null ? comparison() : `(NOT ${negated()})`;
  }
  /** A chain, `0 < a < 5`, is each of its pairs. */
  function comparison(): string {
    let left = sum();
    const pairs: string[] = [];
    for (;;) {
      const isNot = peek().text === 'not' && tokens[next + 1]?.text === 'in';
      if (isNot) next += 1;
      if (take('in') !== null) {
        need('[');
        const items = [sum()];
        while (take(',') !== null) items.push(sum());
        need(']');
        pairs.push(membership(left, items.join(', '), isNot));
        continue;
      }
      const operator = take('==', '!=', '<=', '>=', '<', '>');
      if (operator === null) break;
      const right = sum();
      pairs.push(compared(left, operator, right));
      left = right;
    }
    if (pairs.length === 0) return left;
    return pairs.length === 1 ? pairs[0]! : `(${pairs.join(' AND ')})`;
  }
  function sum(): string {
    let left = product();
    for (let sign = take('+', '-'); sign !== null; sign = take('+', '-')) left = `(${left} ${sign} ${product()})`;
    return left;
  }
  function product(): string {
    let left = value();
    for (let sign = take('*', '/', '%'); sign !== null; sign = take('*', '/', '%'))
      left = `(${left} ${sign} ${value()})`;
    return left;
  }
  function value(): string {
    const token = peek();
    if (take('(') !== null) {
      const inner = either();
      need(')');
      return suffixed(inner);
    }
    if (take('-') !== null) return `(-${value()})`;
    next += 1;
    if (token.kind === 'number') return token.text;
    if (token.kind === 'text') return quotedText(unquoted(token.text));
    if (token.kind === 'quoted') return suffixed(quotedName(token.text));
    if (token.kind !== 'word') throw wrong(text, token.at);
    if (token.text === 'True' || token.text === 'False') return token.text.toUpperCase();
    if (take('(') === null) return suffixed(quotedName(token.text));
    const argument = peek();
    next += 1;
    need(')');
    if (argument.kind !== 'text') throw wrong(text, token.at);
    if (token.text === 'col') return suffixed(quotedName(unquoted(argument.text)));
    if (token.text === 'date') return `CAST(${quotedText(unquoted(argument.text))} AS TIMESTAMP)`;
    throw wrong(text, token.at);
  }
  function suffixed(left: string): string {
    if (take('.') === null) return left;
    const method = take('notNull', 'notnull', 'notna', 'isNull', 'isnull', 'isna');
    if (method === null) throw wrong(text, peek().at);
    need('(');
    need(')');
    return `(${left} IS ${method.startsWith('not') ? 'NOT ' : ''}NULL)`;
  }

  const sql = either();
  if (peek().kind !== 'end') throw wrong(text, peek().at);
  return sql;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}
