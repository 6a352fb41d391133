/** A statement over two streams as the join that it means: an interval join, or one with a table as of each event's time. */
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import type { JoinItem, Statement } from '../../sql/statement.ts';
import { found, rewritten } from '../../sql/walk.ts';
import { refuseAggregate } from './aggregates.ts';
import { lengthMs } from './buckets.ts';
import { outputsOf, resolved, type Table } from './columns.ts';

/** A side of a join: the prefix of its table is `left` or `right`. */
export interface Side extends Table {
  readonly eventTime: string;
}

export interface JoinedPlan {
  readonly type: 'inner' | 'left' | 'outer';
  /** Pairs of expressions that are equal, each over the fields of its side. */
  readonly on: readonly { readonly left: string; readonly right: string }[];
  /**
   * How far the right event may be from the left one, in ms; null where the right one is a table's row as of the left
   * event.
   */
  readonly withinMs: { readonly before: number; readonly after: number } | null;
  /** The condition over results. */
  readonly where: string | null;
  readonly columns: readonly { readonly name: string; readonly expression: string }[];
}

/** The join of a statement. Throws an ExpressionError where the statement is not a join of streams. */
export function joinedPlan(statement: Statement, join: JoinItem, left: Side, right: Side): JoinedPlan {
  const tables = [left, right];
  const { where, items } = statement;
  const terms = isUsing(join.on) ? [] : termsOf(resolved(join.on, tables));
  const on = isUsing(join.on) ? join.on.map((name) => ({ left: name, right: name })) : [];
  const times: TimeBound[] = [];
  const rest: Expression[] = [];
  for (const term of terms) {
    const equal = equality(term);
    const bounds = equal === null ? timeBounds(term, left, right) : [];
    if (equal !== null) on.push(equal);
    else if (bounds.length > 0) times.push(...bounds);
    else rest.push(term);
  }
  if (on.length === 0) throw new ExpressionError('ON needs what the two have in common, such as a.id = b.id', join.at);
  const [other] = rest;
  if (other !== undefined && join.type !== 'inner') {
    throw new ExpressionError(
      'ON of a left or full join has equal fields and bounds of time; other conditions belong behind WHERE',
      other.at,
    );
  }
  const within = join.isAsOf ? asOf(join, times) : withinOf(join, times);
  const outputs = outputsOf(items, tables);
  const own = where === null ? [] : [resolved(where, tables, outputs)];
  for (const each of own) refuseAggregate(each, 'WHERE is over pairs: write the condition behind HAVING');
  const conditions = [...within.terms, ...rest, ...own].map(expressionText);
  return {
    type: join.type,
    on,
    withinMs: within.ms,
    where: conditions.length === 0 ? null : conditions.join(' AND '),
    columns: outputs.map(({ name, expression }) => ({ name, expression: expressionText(expression) })),
  };
}

function isUsing(on: JoinItem['on']): on is readonly string[] {
  return Array.isArray(on);
}

function termsOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? expression.of.flatMap(termsOf) : [expression];
}

/**
 * The two sides of an equality; null where the term does not compare something of the left side with something of the
 * right one.
 */
function equality(term: Expression): { readonly left: string; readonly right: string } | null {
  if (term.kind !== 'compare' || term.operator !== '=') return null;
  const [a, b] = [sideOf(term.left), sideOf(term.right)];
  if (a === null || b === null || a === b) return null;
  const [left, right] = a === 'left' ? [term.left, term.right] : [term.right, term.left];
  return { left: ownText(left), right: ownText(right) };
}

/** The side whose fields an expression reads; null when it reads both or none. */
function sideOf(expression: Expression): 'left' | 'right' | null {
  const isOf = (side: string): boolean =>
    found(expression, (each) => each.kind === 'column' && each.names[0] === side) !== null;
  const [isLeft, isRight] = [isOf('left'), isOf('right')];
  if (isLeft === isRight) return null;
  return isLeft ? 'left' : 'right';
}

/** The expression over its side's own fields. */
function ownText(expression: Expression): string {
  const own = rewritten(expression, (each) => {
    return each.kind === 'column' ? { ...each, names: each.names.slice(1) } : null;
  });
  return expressionText(own);
}

/** A bound on the right event's time less the left one's. */
interface TimeBound {
  readonly is: 'least' | 'most';
  readonly ms: number;
  readonly at: number;
  readonly term: Expression;
}

function timeBounds(term: Expression, left: Side, right: Side): TimeBound[] {
  if (term.kind === 'between' && !term.isNegated) {
    const { of, low, high, at } = term;
    return [
      ...timeBounds({ kind: 'compare', operator: '>=', left: of, right: low, at }, left, right),
      ...timeBounds({ kind: 'compare', operator: '<=', left: of, right: high, at }, left, right),
    ];
  }
  if (term.kind !== 'compare' || term.operator === '!=') return [];
  const [a, b] = [timeOf(term.left, left, right), timeOf(term.right, left, right)];
  if (a === null || b === null || a.side === b.side) return [];
  // right + r ⊕ left + l  ⇔  right − left ⊕ l − r
  const isSwapped = a.side === 'left';
  const [own, other] = isSwapped ? [b, a] : [a, b];
  const ms = other.plusMs - own.plusMs;
  const isLeast = term.operator.startsWith('>') !== isSwapped;
  const step = term.operator.length === 1 ? 1 : 0;
  return [{ is: isLeast ? 'least' : 'most', ms: isLeast ? ms + step : ms - step, at: term.at, term }];
}

/** The event time of a side and the ms that are added to it; null for anything else. */
function timeOf(expression: Expression, left: Side, right: Side): { side: 'left' | 'right'; plusMs: number } | null {
  if (expression.kind === 'column') {
    const [side, ...names] = expression.names;
    const own = side === 'left' ? left : right;
    const isTime = names.join('.').toLowerCase() === own.eventTime.toLowerCase();
    return isTime && (side === 'left' || side === 'right') ? { side, plusMs: 0 } : null;
  }
  if (expression.kind !== 'compute') return null;
  const first = timeOf(expression.first, left, right);
  if (first === null) return null;
  const steps = expression.steps.map(({ operator, operand }) => {
    return operator === '+' ? lengthMs(operand) : operator === '-' ? -lengthMs(operand) : Number.NaN;
  });
  const plusMs = steps.reduce((sum, ms) => sum + ms, first.plusMs);
  return Number.isNaN(plusMs) ? null : { side: first.side, plusMs };
}

/**
 * How far the events may be apart. `within` has an end on each side of the left event's time; what bounds say beyond it
 * becomes a condition.
 */
function withinOf({ at, type }: JoinItem, times: readonly TimeBound[]): Within {
  const least = times.filter(({ is }) => is === 'least').map(({ ms }) => ms);
  const most = times.filter(({ is }) => is === 'most').map(({ ms }) => ms);
  if (least.length === 0 || most.length === 0) {
    throw new ExpressionError(
      'a join without a bound of time keeps all events for ever: AND b.time BETWEEN a.time - INTERVAL 5 MINUTE AND a.time + INTERVAL 1 MINUTE',
      at,
    );
  }
  const [before, after] = [-Math.max(...least), Math.min(...most)];
  if (before < 0 || after < 0) {
    const [bound] = times;
    if (type !== 'inner') {
      const reason = "bounds of a left or full join begin at or before the left event's time, and end at or behind it";
      throw new ExpressionError(reason, bound?.at ?? at);
    }
    return { ms: { before: Math.max(0, before), after: Math.max(0, after) }, terms: times.map(({ term }) => term) };
  }
  return { ms: { before: before || 0, after: after || 0 }, terms: [] };
}

interface Within {
  readonly ms: { readonly before: number; readonly after: number } | null;
  readonly terms: readonly Expression[];
}

/** The row of the table for ASOF JOIN, which DuckDB chooses by `left.time >= right.time`. */
function asOf({ at, type }: JoinItem, times: readonly TimeBound[]): Within {
  const [only, ...others] = times;
  if (type === 'outer') throw new ExpressionError('ASOF is INNER or LEFT: a table has no row without an event', at);
  if (only !== undefined && others.length === 0 && only.is === 'most' && only.ms === 0) return { ms: null, terms: [] };
  throw new ExpressionError('ASOF takes the row as of the left event: AND left.time >= right.time', only?.at ?? at);
}
