/** A statement with a join and a group as one over the join's pairs, of which the group is a window. */

import { DERIVED_TIME } from '../../messages/derived-event.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import type { JoinItem, Statement } from '../../sql/statement.ts';
import { found, rewritten } from '../../sql/walk.ts';
import { hasField, outputsOf, resolved } from './columns.ts';
import type { Side } from './joined.ts';

/**
 * The statement over pairs. The time of a pair is the later one of its two, or that of the left event where the right
 * one is a row of a table.
 */
export function overPairs(pairs: string, statement: Statement, join: JoinItem, left: Side, right: Side): Statement {
  const sides = [left, right];
  const outputs = outputsOf(statement.items, sides);
  const isOutput = (expression: Expression): boolean => {
    if (expression.kind !== 'column' || expression.names.length > 1) return false;
    const [name = ''] = expression.names;
    const isField = sides.some(({ schema }) => hasField(schema, name));
    return !isField && outputs.some((output) => output.name.toLowerCase() === name.toLowerCase());
  };
  const own = (expression: Expression): Expression => {
    const known = rewritten(expression, (each) => {
      if (isOutput(each)) return each;
      return each.kind === 'column' ? resolved(each, sides) : null;
    });
    return withTime(known, join, left, right);
  };
  const { groupBy, having } = statement;
  return {
    items: outputs.map(({ name, expression, at }) => {
      return { kind: 'column', name, expression: withTime(expression, join, left, right), at };
    }),
    from: { stream: pairs, alias: null, window: null, at: statement.from.at },
    join: null,
    where: null,
    groupBy: Array.isArray(groupBy) ? groupBy.map(own) : groupBy,
    having: having === null ? null : own(having),
  };
}

/** Throws an ExpressionError for a bucket of a time that is not the pair's. */
function withTime(expression: Expression, { isAsOf }: JoinItem, left: Side, right: Side): Expression {
  const isTimeOf = (each: Expression, { prefix, eventTime }: Side): boolean =>
    each.kind === 'column' && each.names.join('.').toLowerCase() === [...prefix, eventTime].join('.').toLowerCase();
  const isTime = (each: Expression): boolean => {
    if (isAsOf) return isTimeOf(each, left);
    if (each.kind !== 'call' || each.name !== 'greatest' || each.args.length !== 2) return false;
    return [left, right].every((side) => each.args.some((arg) => isTimeOf(arg, side)));
  };
  const over = rewritten(expression, (each) => {
    return isTime(each) ? { kind: 'column', names: [DERIVED_TIME], isQuoted: false, at: each.at } : null;
  });
  const bucket = found(over, (each) => each.kind === 'call' && BUCKETS.includes(each.name));
  const [, time] = bucket?.kind === 'call' ? bucket.args : [];
  if (time !== undefined && !isAsOf && [left, right].some((side) => isTimeOf(time, side))) {
    const [one, other] = [left, right].map(({ source, eventTime }) => `${source.alias ?? source.stream}.${eventTime}`);
    throw new ExpressionError(`the time of a pair is the later of its two: greatest(${one}, ${other})`, time.at);
  }
  return over;
}

const BUCKETS: readonly string[] = ['time_bucket', 'date_trunc', 'datetrunc'];
