/**
 * The table of aggregates. The engine, the checks of a pipeline file and the read models know aggregates only from here, so
 * a new aggregate is one more entry.
 */
import type { AvroDecimal, AvroField, AvroSchema } from '../messages/avro.ts';
import type { WindowValue } from '../messages/window-result.ts';
import { decimalResult, isWide, SUM_DIGITS, unscaledResult } from './aggregate-columns.ts';
import type { Aggregate, AggregateSpec, AggregateValue } from './aggregate-function.ts';
import { argMax, argMin } from './arg-aggregates.ts';
import { quantile } from './ddsketch.ts';
import { countDistinct, largest, listDistinct } from './distinct-values.ts';
import { distinct } from './hyperloglog.ts';
import { maxOfLongs, minOfLongs } from './long-extremes.ts';
import {
  average,
  boolAnd,
  boolOr,
  count,
  countValues,
  max,
  min,
  sum,
  sumOfDecimals,
  sumOfLongs,
} from './number-aggregates.ts';
import { deviationPop, deviationSample, variancePop, varianceSample } from './spread-aggregates.ts';
import { inRow, ofNumbers, ofValues, ofValuesAndNulls, type States } from './states.ts';
import { collect, first, last } from './value-aggregates.ts';
import { greatest, least } from './value-extremes.ts';
import { wideAverage, wideCount, wideSum } from './wide-decimals.ts';

export interface AggregateDefinition {
  /**
   * The fields that the aggregate reads. Behind the first may come a number from 0 to 1, a whole number from 1 on, or a
   * numeric field. `optional`: no field, or one of any type.
   */
  readonly takes: 'optional' | 'number' | 'number, share' | 'truth' | 'any' | 'any, limit' | 'any, number';
  /** The result: a number of its own, a value of the field's type or null, a list of such values, or a truth or null. */
  readonly gives: 'number' | 'number or null' | 'value or null' | 'list' | 'truth or null';
  /** Whether the result may be null though none of a group's values is. */
  readonly mayLack?: true;
  /** Whether the result is a whole number where the field's values are. */
  readonly keepsLong?: true;
  /** Whether the aggregate refuses decimals, since its number would be only roughly right for them. */
  readonly takesNoDecimal?: true;
  /** Whether the aggregate takes nulls as values too. */
  readonly keepsNulls?: true;
  /** Makes the keeper of its states. */
  states(spec: AggregateSpec): States;
}

export type AggregateTable = Readonly<Record<string, AggregateDefinition>>;

const numeric = { takes: 'number', gives: 'number or null' } as const;
const extreme = { takes: 'any', gives: 'value or null', keepsLong: true } as const;
const spread = { ...numeric, mayLack: true, takesNoDecimal: true } as const;
const truth = { takes: 'truth', gives: 'truth or null' } as const;
const deviation = { ...spread, states: () => inRow(deviationSample) };
const variance = { ...spread, states: () => inRow(varianceSample) };

export const AGGREGATES: AggregateTable = {
  count: { takes: 'optional', gives: 'number', states: countStates },
  sum: { ...numeric, keepsLong: true, states: ownIfWide(wideSum, sumStates) },
  min: { ...extreme, states: ownIfWide(least, ({ isLong }) => inRow(isLong ? minOfLongs : min)) },
  max: { ...extreme, states: ownIfWide(greatest, ({ isLong }) => inRow(isLong ? maxOfLongs : max)) },
  avg: { ...numeric, states: ownIfWide(wideAverage, () => inRow(average)) },
  stddev: deviation,
  stddev_samp: deviation,
  stddev_pop: { ...spread, states: () => inRow(deviationPop) },
  variance,
  var_samp: variance,
  var_pop: { ...spread, states: () => inRow(variancePop) },
  bool_and: { ...truth, states: () => inRow(boolAnd) },
  bool_or: { ...truth, states: () => inRow(boolOr) },
  first: { takes: 'any', gives: 'value or null', states: () => ofValues(first) },
  last: { takes: 'any', gives: 'value or null', states: () => ofValues(last) },
  arg_max: { takes: 'any, number', gives: 'value or null', states: argMax },
  arg_min: { takes: 'any, number', gives: 'value or null', states: argMin },
  collect: { takes: 'any', gives: 'list', states: () => ofValues(collect) },
  list: {
    takes: 'any',
    gives: 'list',
    keepsNulls: true,
    states: ({ isDistinct }) => (isDistinct === true ? ofValuesAndNulls(listDistinct) : ofValuesAndNulls(collect)),
  },
  list_distinct: { takes: 'any', gives: 'list', states: () => ofValues(listDistinct) },
  top: { takes: 'any, limit', gives: 'list', states: ({ argument }) => ofValues(largest(argument ?? 1)) },
  distinct: { takes: 'any', gives: 'number', states: () => ofValues(distinct) },
  quantile: {
    ...numeric,
    takesNoDecimal: true,
    takes: 'number, share',
    states: ({ argument }) => ofNumbers(quantile(argument ?? 0.5)),
  },
  median: { ...numeric, takesNoDecimal: true, states: () => ofNumbers(quantile(0.5)) },
};

/** Texts, and decimals that are no whole numbers of 64 bits, have states of their own. */
function ownIfWide<State>(
  other: Aggregate<State, AggregateValue>,
  narrow: (spec: AggregateSpec) => States,
): (spec: AggregateSpec) => States {
  return (spec) => {
    const isOther = spec.decimal === undefined ? spec.isText === true && spec.fn !== 'count' : isWide(spec.decimal);
    return isOther ? ofValues(other) : narrow(spec);
  };
}

function sumStates({ isLong, decimal }: AggregateSpec): States {
  if (decimal !== undefined) return inRow(sumOfDecimals);
  return inRow(isLong ? sumOfLongs : sum);
}

function countStates(spec: AggregateSpec): States {
  if (spec.field === null) return inRow(count);
  return spec.isDistinct === true ? ofValues(countDistinct) : ownIfWide(wideCount, () => inRow(countValues))(spec);
}

/** Whether the aggregate is the number of a group's events, as count() is. */
export function isEventCount({ fn, field }: AggregateSpec): boolean {
  return fn === 'count' && field === null;
}

/** Throws when the table has no aggregate of that name. */
export function definitionOf(
  { fn }: Pick<AggregateSpec, 'fn'>,
  table: AggregateTable = AGGREGATES,
): AggregateDefinition {
  const definition = Object.hasOwn(table, fn) ? table[fn] : undefined;
  if (definition === undefined) throw new Error(`There is no aggregate ${fn}; known: ${Object.keys(table).join(', ')}`);
  return definition;
}

function decimalOf({ fn, decimal }: AggregateSpec): AvroDecimal | null {
  if (decimal === undefined) return null;
  const { precision, scale } = decimal;
  return { type: 'bytes', logicalType: 'decimal', precision: fn === 'sum' ? SUM_DIGITS : precision, scale };
}

/**
 * Turns a result of whole numbers that stand for decimals into the result that is given; null where the result is given as
 * it is.
 */
export function decimalFinish(
  spec: AggregateSpec,
  table: AggregateTable,
): ((value: WindowValue) => WindowValue) | null {
  const { decimal, fn } = spec;
  if (decimal === undefined) return null;
  const { gives, keepsLong = false } = definitionOf(spec, table);
  if (keepsLong || gives === 'value or null' || gives === 'list') return decimalResult;
  return fn === 'avg' ? unscaledResult(decimal) : null;
}

/** The field of a window's results that an aggregate gives. */
export function resultField(spec: AggregateSpec, table: AggregateTable = AGGREGATES): AvroField {
  const { name, isText = false, isNullable = false, isLong = false } = spec;
  const { gives, mayLack = false, keepsLong = false, keepsNulls = false } = definitionOf(spec, table);
  if (gives === 'truth or null') return { name, type: ['null', 'boolean'] };
  const isValue = gives === 'value or null' || gives === 'list';
  const decimal = isValue || keepsLong ? decimalOf(spec) : null;
  const items = (of: AvroSchema): AvroSchema => ({ type: 'array', items: keepsNulls ? ['null', of] : of });
  if (decimal !== null) return { name, type: gives === 'list' ? items(decimal) : ['null', decimal] };
  const value = isText && isValue ? 'string' : isLong && (isValue || keepsLong) ? 'long' : 'double';
  if (gives === 'list') return { name, type: items(value) };
  return { name, type: (isNullable || mayLack || value === 'long') && gives !== 'number' ? ['null', value] : value };
}
