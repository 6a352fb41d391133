/** The aggregates of statements, and what windows call them. */
import { type CallExpression, callOf, type Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { typeText } from '../../sql/type.ts';
import { found } from '../../sql/walk.ts';
import type { Checker } from './checker.ts';
import { asNumber, isCoded, ofNumber, ofNumbersIn } from './typed-parts.ts';

/** DuckDB's names of aggregates and the names in windows, where both give the same. */
const SAME: Readonly<Record<string, string>> = {
  count: 'count',
  sum: 'sum',
  min: 'min',
  max: 'max',
  avg: 'avg',
  mean: 'avg',
  stddev: 'stddev_samp',
  stddev_samp: 'stddev_samp',
  stddev_pop: 'stddev_pop',
  variance: 'var_samp',
  var_samp: 'var_samp',
  var_pop: 'var_pop',
  bool_and: 'bool_and',
  bool_or: 'bool_or',
  arg_max: 'arg_max',
  max_by: 'arg_max',
  argmax: 'arg_max',
  arg_min: 'arg_min',
  min_by: 'arg_min',
  argmin: 'arg_min',
  list: 'list',
  array_agg: 'list',
  approx_count_distinct: 'distinct',
  approx_quantile: 'quantile',
};

/** Aggregates that need an order, which a table has and a stream has not, and what to write instead. */
const OTHERWISE: Readonly<Record<string, string>> = {
  first: 'arg_min(x, time) is the value of the earliest event',
  last: 'arg_max(x, time) is the value of the latest event',
  any_value: 'arg_min(x, time) is the value of the earliest event',
  median: 'approx_quantile(x, 0.5) is within 1 %',
  quantile: 'approx_quantile(x, 0.5) is within 1 %',
  quantile_cont: 'approx_quantile(x, 0.5) is within 1 %',
  quantile_disc: 'approx_quantile(x, 0.5) is within 1 %',
  mode: 'no window keeps all values to count them',
  string_agg: 'list(x) keeps the values, and array_to_string joins them where they are read',
  group_concat: 'list(x) keeps the values, and array_to_string joins them where they are read',
  histogram: 'no window keeps a histogram',
};

export function isAggregate(expression: Expression): expression is CallExpression & Expression {
  if (expression.kind !== 'call') return false;
  return Object.hasOwn(SAME, expression.name) || Object.hasOwn(OTHERWISE, expression.name);
}

/** Throws an ExpressionError at an aggregate. */
export function refuseAggregate(expression: Expression, message: string): void {
  const aggregate = found(expression, isAggregate);
  if (aggregate !== null) throw new ExpressionError(message, aggregate.at);
}

/**
 * The aggregate as windows write it. Windows take numbers and texts: a time or a boolean goes in as a number and is
 * made of the number again. Throws an ExpressionError for an aggregate that a stream has no answer for.
 */
export function windowAggregate(call: CallExpression, check: Checker): Expression {
  const own = ownAggregate(call);
  const [value, ...others] = own.args;
  if (own.filter !== null) check.condition(own.filter);
  const type = value === undefined ? null : check.value(value);
  const isList = own.name === 'top' || own.name === 'list';
  // DuckDB gives null for a list of nothing.
  const given = (aggregate: CallExpression & Expression): Expression =>
    own.name === 'top' || (own.name === 'list' && own.filter !== null) ? orNull(aggregate) : aggregate;
  if (value === undefined || type === null || !isCoded(type) || READS_ALL.includes(own.name)) return given(own);
  const ofNumbers = { ...own, args: [asNumber(value, type), ...others] };
  if (isList) return ofNumbersIn(given(ofNumbers), type);
  if (own.name === 'distinct') return ofNumbers;
  if (!KEEPS_VALUES.includes(own.name)) {
    throw new ExpressionError(`${call.name} is of numbers or texts, and this is ${typeText(type)}; CAST it`, value.at);
  }
  return ofNumber(ofNumbers, type);
}

function orNull(list: CallExpression & Expression): Expression {
  return callOf('nullif', [list, { kind: 'list', items: [], at: list.at }], list.at);
}

/** Aggregates that give a value as it was. */
const KEEPS_VALUES: readonly string[] = ['min', 'max', 'arg_min', 'arg_max'];

/** Aggregates that take any value, or only booleans. */
const READS_ALL: readonly string[] = ['count', 'bool_and', 'bool_or'];

/** Aggregates of two arguments, by their written names. */
const OF_TWO: Readonly<Record<string, string | undefined>> = {
  top: 'max(x, 3)',
  quantile: 'approx_quantile(x, 0.99)',
  arg_max: 'arg_max(x, y)',
  arg_min: 'arg_min(x, y)',
};

function ownAggregate(call: CallExpression): CallExpression & Expression {
  const { name, args, isDistinct, at } = call;
  const instead = OTHERWISE[name];
  if (instead !== undefined) throw new ExpressionError(`${name} has no answer on a stream: ${instead}`, at);
  const own = name === 'max' && args.length === 2 ? 'top' : (SAME[name] ?? name);
  if (args.length !== (OF_TWO[own] === undefined ? Math.min(args.length, 1) : 2)) {
    throw new ExpressionError(`is written ${OF_TWO[own] ?? `${name}(x)`}`, at);
  }
  if (args[0]?.kind === 'star') return { ...call, name: own, args: [] };
  if (!isDistinct || own === 'count' || own === 'list') return { ...call, name: own };
  // DISTINCT changes nothing for the largest, the smallest and both aggregates of booleans.
  if (['min', 'max', 'bool_and', 'bool_or'].includes(own)) return { ...call, name: own, isDistinct: false };
  throw new ExpressionError(`DISTINCT is for count and list, not for ${name}`, at);
}
