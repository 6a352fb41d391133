/** Literals: numbers, texts, truths, NULL, and those that name their type, as DATE '2026-11-30' and INTERVAL 5 MINUTES. */
import type { Cursor } from './cursor.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { intervalOf, parseInterval, unitNamed } from './interval.ts';
import { daysOf, timestampOf } from './times-text.ts';
import { named } from './tokens.ts';
import { MAX_PRECISION, type SqlType, typeText } from './type.ts';
import { exactInteger, type SqlValue } from './value.ts';

type Inner = (cursor: Cursor, isTight?: boolean) => Expression;

/** Null, and nothing taken, when no literal is next. */
export function literalAt(cursor: Cursor): Expression | null {
  const { kind, text, at } = cursor.peek();
  if (kind === 'number') {
    cursor.take();
    return numberOf(text, at);
  }
  if (kind === 'text') {
    cursor.take();
    return literal({ kind: 'varchar' }, text, at);
  }
  if (kind !== 'word') return null;
  switch (text.toLowerCase()) {
    case 'true':
    case 'false':
      cursor.take();
      return literal({ kind: 'boolean' }, text.toLowerCase() === 'true', at);
    case 'null':
      cursor.take();
      return literal({ kind: 'null' }, null, at);
    default:
      return null;
  }
}

function literal(type: SqlType, value: SqlValue, at: number): Expression {
  return { kind: 'literal', type, value, at };
}

/** The smallest BIGINT is written as the negative of what is none. */
const BEYOND_BIGINT = 2n ** 63n;

/** Whole numbers are BIGINT, those with a point DECIMAL, those with an exponent DOUBLE; as in DuckDB, whose INTEGER is BIGINT here. */
function numberOf(text: string, at: number): Expression {
  if (/[eE]/.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new ExpressionError('a number beyond the largest that there is', at);
    return literal({ kind: 'double' }, value, at);
  }
  if (!text.includes('.')) {
    const value = BigInt(text);
    if (value > BEYOND_BIGINT) throw new ExpressionError(`${text} is beyond the 64 bits of a BIGINT`, at);
    return literal({ kind: 'bigint' }, value === BEYOND_BIGINT ? value : exactInteger(value), at);
  }
  const [whole = '', fraction = ''] = text.split('.');
  const precision = Math.max(1, whole.length + fraction.length);
  if (precision > MAX_PRECISION) return literal({ kind: 'double' }, Number(text), at);
  const unscaled = BigInt(whole + fraction || '0');
  return literal({ kind: 'decimal', precision, scale: fraction.length }, { unscaled, scale: fraction.length }, at);
}

/** Null, and nothing taken, when no literal of a type is next. */
export function typedLiteral(cursor: Cursor, inner: Inner): Expression | null {
  const { text, at } = cursor.peek();
  const next = cursor.peek(1);
  switch (text.toLowerCase()) {
    case 'date':
      return next.kind === 'text' ? timeLiteral(cursor, { kind: 'date' }, daysOf, '2026-11-30') : null;
    case 'timestamp':
    case 'datetime':
      if (next.kind === 'text') return timeLiteral(cursor, { kind: 'timestamp' }, timestampOf, '2026-11-30 12:34:56');
      return isZonedLiteral(cursor) ? zonedLiteral(cursor) : null;
    case 'timestamptz':
      return next.kind === 'text' ? timeLiteral(cursor, ZONED, timestampOf, ZONED_EXAMPLE) : null;
    case 'interval':
      if (next.kind === 'text') return intervalText(cursor, at);
      if (next.kind === 'number' || (next.kind === 'symbol' && next.text === '(')) return counted(cursor, inner, at);
      return null;
    default:
      return null;
  }
}

const ZONED: SqlType = { kind: 'timestamptz' };
const ZONED_EXAMPLE = '2026-11-30 12:34:56+01';

/** TIMESTAMP WITH TIME ZONE '…' */
function isZonedLiteral(cursor: Cursor): boolean {
  return ['with', 'time', 'zone'].every((word, i) => cursor.is(word, i + 1)) && cursor.peek(4).kind === 'text';
}

function zonedLiteral(cursor: Cursor): Expression {
  const { at } = cursor.peek();
  for (let taken = 0; taken < 3; taken++) cursor.take();
  return { ...timeLiteral(cursor, ZONED, timestampOf, ZONED_EXAMPLE), at };
}

function timeLiteral(
  cursor: Cursor,
  type: SqlType,
  parse: (text: string) => number | null,
  example: string,
): Expression {
  const { at } = cursor.take();
  const { text, at: textAt } = cursor.take();
  const value = parse(text);
  if (value !== null) return literal(type, value, at);
  throw new ExpressionError(`'${text}' is no ${typeText(type)}; write one as '${example}'`, textAt);
}

function intervalText(cursor: Cursor, at: number): Expression {
  cursor.take();
  const { text, at: textAt } = cursor.take();
  const unit = cursor.peek().kind === 'word' ? unitNamed(cursor.peek().text) : undefined;
  const count = Number(text.trim());
  const value =
    unit === undefined || text.trim() === ''
      ? parseInterval(text)
      : Number.isFinite(count)
        ? intervalOf(count, unit)
        : null;
  if (value === null) {
    throw new ExpressionError(`'${text}' is no INTERVAL; write one as '1 day 2 hours', or INTERVAL '1' DAY`, textAt);
  }
  if (unit !== undefined) cursor.take();
  return literal({ kind: 'interval' }, value, at);
}

/** INTERVAL 5 MINUTES, and INTERVAL (a + 1) MINUTES; what is no constant is computed. */
function counted(cursor: Cursor, inner: Inner, at: number): Expression | null {
  const word = cursor.is('(', 1) ? null : cursor.peek(2);
  // `interval` may be a field or a function.
  if (word !== null && (word.kind !== 'word' || unitNamed(word.text) === undefined)) {
    throw new ExpressionError(`a unit such as MINUTES is missing before ${named(word)}`, word.at);
  }
  cursor.take();
  let of: Expression | null;
  if (cursor.accept('(')) {
    of = inner(cursor);
    cursor.expect(')');
  } else of = literalAt(cursor);
  const { text, at: unitAt } = cursor.take();
  const unit = unitNamed(text);
  if (of === null || unit === undefined) {
    throw new ExpressionError(`there is no unit ${text}; write INTERVAL (x) MINUTES, HOURS, DAYS or MONTHS`, unitAt);
  }
  const value = of.kind === 'literal' && typeof of.value === 'number' ? intervalOf(of.value, unit) : null;
  return value === null ? { kind: 'interval', of, unit, at } : literal({ kind: 'interval' }, value, at);
}
