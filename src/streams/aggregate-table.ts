/**
 * The table of aggregates. The engine, the checks of a pipeline file and the read models know aggregates only from here, so
 * a new aggregate is one more entry.
 */
import type { AvroField } from '../messages/avro.ts';
import type { AggregateSpec } from './aggregate-function.ts';
import { argMax, argMin } from './arg-aggregates.ts';
import { quantile } from './ddsketch.ts';
import { distinct } from './hyperloglog.ts';
import { average, count, max, min, sum } from './number-aggregates.ts';
import { inRow, ofNumbers, ofValues, type States } from './states.ts';
import { collect, first, last } from './value-aggregates.ts';

export interface AggregateDefinition {
  /** The fields that it reads; behind the first may come a number from 0 to 1, or a numeric field. */
  readonly takes: 'nothing' | 'number' | 'number, share' | 'any' | 'any, number';
  /** The result: a number of its own, a value of the field's type or null, or a list of such values. */
  readonly gives: 'number' | 'number or null' | 'value or null' | 'list';
  /** Makes the keeper of its states. */
  states(spec: AggregateSpec): States;
}

export type AggregateTable = Readonly<Record<string, AggregateDefinition>>;

export const AGGREGATES: AggregateTable = {
  count: { takes: 'nothing', gives: 'number', states: () => inRow(count) },
  sum: { takes: 'number', gives: 'number or null', states: () => inRow(sum) },
  min: { takes: 'number', gives: 'number or null', states: () => inRow(min) },
  max: { takes: 'number', gives: 'number or null', states: () => inRow(max) },
  avg: { takes: 'number', gives: 'number or null', states: () => inRow(average) },
  first: { takes: 'any', gives: 'value or null', states: () => ofValues(first) },
  last: { takes: 'any', gives: 'value or null', states: () => ofValues(last) },
  arg_max: { takes: 'any, number', gives: 'value or null', states: argMax },
  arg_min: { takes: 'any, number', gives: 'value or null', states: argMin },
  collect: { takes: 'any', gives: 'list', states: () => ofValues(collect) },
  distinct: { takes: 'any', gives: 'number', states: () => ofValues(distinct) },
  quantile: {
    takes: 'number, share',
    gives: 'number or null',
    states: ({ argument }) => ofNumbers(quantile(argument ?? 0.5)),
  },
};

/** Throws when the table has no aggregate of that name. */
export function definitionOf(
  { fn }: Pick<AggregateSpec, 'fn'>,
  table: AggregateTable = AGGREGATES,
): AggregateDefinition {
  const definition = Object.hasOwn(table, fn) ? table[fn] : undefined;
  if (definition === undefined) throw new Error(`There is no aggregate ${fn}; known: ${Object.keys(table).join(', ')}`);
  return definition;
}

/** The field of a window's results that an aggregate gives. */
export function resultField(spec: AggregateSpec, table: AggregateTable = AGGREGATES): AvroField {
  const { name, isText = false, isNullable = false } = spec;
  const { gives } = definitionOf(spec, table);
  const value = isText && (gives === 'value or null' || gives === 'list') ? 'string' : 'double';
  if (gives === 'list') return { name, type: { type: 'array', items: value } };
  return { name, type: isNullable && gives !== 'number' ? ['null', value] : value };
}
