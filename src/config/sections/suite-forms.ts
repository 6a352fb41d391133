/** How the expectations of a suite are written: Great Expectations' names and parameters, with its defaults. */
import { z } from 'zod';
import { duration } from '../../keys/value-schema.ts';
import type { SuiteRule } from '../../quality/suite/suite.ts';

const column = z.string().min(1);
const bound = z.union([z.number(), z.string()]).nullable().default(null);
const share = z.number().min(0).max(1);
const mostly = share.default(1).describe('The share of the values, nulls left out, that must be so.');
const flag = z.boolean().default(false);
const bounds = { min_value: bound, max_value: bound, strict_min: flag, strict_max: flag };
const count = z.int().min(0).nullable().default(null);
const counts = { min_value: count, max_value: count };
const value = z.union([z.string(), z.number(), z.boolean()]);
const value_set = z.array(value).min(1);
const columnList = z.array(column).min(1);
const pair = {
  column_A: column,
  column_B: column,
  ignore_row_if: z
    .enum(['both_values_are_missing', 'either_value_is_missing', 'neither'])
    .default('both_values_are_missing'),
  mostly,
};

function form<const Type extends SuiteRule['type'], Fields extends z.ZodRawShape>(type: Type, fields: Fields) {
  return z
    .strictObject(fields)
    .transform((own) => ({ type, ...own }))
    .optional();
}

/** The form of a rule of one column that each row is held against. */
function ofRows<const Type extends SuiteRule['type'], Fields extends z.ZodRawShape>(type: Type, fields: Fields) {
  return form(type, { column, ...fields, mostly });
}

function ofNumber<const Type extends SuiteRule['type']>(type: Type) {
  return form(type, { column, ...bounds });
}

const edge = z
  .union([z.number(), z.enum(['-inf', 'inf'])])
  .transform((own) => (own === '-inf' ? Number.NEGATIVE_INFINITY : own === 'inf' ? Number.POSITIVE_INFINITY : own));
const weights = z.array(z.number().min(0)).min(1);
const partition = z.union([
  z.strictObject({ values: z.array(value).min(1), weights }),
  z.strictObject({
    bins: z.array(edge).min(2).describe('Edges, one more than weights; -inf and inf for none.'),
    weights,
    tail_weights: z.tuple([share, share]).nullable().default(null),
  }),
]);

const rules = {
  expect_column_to_exist: form('expect_column_to_exist', { column, column_index: count }),
  expect_table_columns_to_match_set: form('expect_table_columns_to_match_set', {
    column_set: columnList,
    exact_match: z.boolean().default(true).describe('Further columns fail it.'),
  }),
  expect_table_columns_to_match_ordered_list: form('expect_table_columns_to_match_ordered_list', {
    column_list: columnList,
  }),
  expect_table_column_count_to_be_between: form('expect_table_column_count_to_be_between', counts),
  expect_table_row_count_to_be_between: form('expect_table_row_count_to_be_between', counts),
  expect_table_row_count_to_equal: form('expect_table_row_count_to_equal', { value: z.int().min(0) }),
  expect_column_values_to_not_be_null: ofRows('expect_column_values_to_not_be_null', {}),
  expect_column_values_to_be_null: ofRows('expect_column_values_to_be_null', {}),
  expect_column_values_to_be_unique: ofRows('expect_column_values_to_be_unique', {}),
  expect_column_values_to_be_between: ofRows('expect_column_values_to_be_between', bounds),
  expect_column_value_lengths_to_be_between: ofRows('expect_column_value_lengths_to_be_between', bounds),
  expect_column_values_to_be_in_set: ofRows('expect_column_values_to_be_in_set', { value_set }),
  expect_column_values_to_not_be_in_set: ofRows('expect_column_values_to_not_be_in_set', { value_set }),
  expect_column_values_to_match_regex: ofRows('expect_column_values_to_match_regex', { regex: z.string() }),
  expect_column_values_to_not_match_regex: ofRows('expect_column_values_to_not_match_regex', { regex: z.string() }),
  expect_column_values_to_be_increasing: ofRows('expect_column_values_to_be_increasing', { strictly: flag }),
  expect_column_values_to_be_decreasing: ofRows('expect_column_values_to_be_decreasing', { strictly: flag }),
  expect_column_values_to_be_of_type: form('expect_column_values_to_be_of_type', {
    column,
    type_: z.string().min(1).describe('As Avro, SQL or pandas names it.'),
  }),
  expect_column_values_to_be_in_type_list: form('expect_column_values_to_be_in_type_list', {
    column,
    type_list: z.array(z.string().min(1)).min(1),
  }),
  expect_column_pair_values_a_to_be_greater_than_b: form('expect_column_pair_values_a_to_be_greater_than_b', {
    ...pair,
    or_equal: flag,
  }),
  expect_column_pair_values_to_be_equal: form('expect_column_pair_values_to_be_equal', pair),
  expect_compound_columns_to_be_unique: form('expect_compound_columns_to_be_unique', {
    column_list: columnList,
    ignore_row_if: z
      .enum(['all_values_are_missing', 'any_value_is_missing', 'never'])
      .default('all_values_are_missing'),
    mostly,
  }),
  expect_column_min_to_be_between: ofNumber('expect_column_min_to_be_between'),
  expect_column_max_to_be_between: ofNumber('expect_column_max_to_be_between'),
  expect_column_mean_to_be_between: ofNumber('expect_column_mean_to_be_between'),
  expect_column_median_to_be_between: ofNumber('expect_column_median_to_be_between'),
  expect_column_stdev_to_be_between: ofNumber('expect_column_stdev_to_be_between'),
  expect_column_sum_to_be_between: ofNumber('expect_column_sum_to_be_between'),
  expect_column_unique_value_count_to_be_between: ofNumber('expect_column_unique_value_count_to_be_between'),
  expect_column_proportion_of_unique_values_to_be_between: ofNumber(
    'expect_column_proportion_of_unique_values_to_be_between',
  ),
  expect_column_quantile_values_to_be_between: z
    .strictObject({
      column,
      quantile_ranges: z
        .strictObject({ quantiles: z.array(share).min(1), value_ranges: z.array(z.tuple([bound, bound])).min(1) })
        .refine((own) => own.quantiles.length === own.value_ranges.length, {
          message: 'must have a range for each quantile',
        }),
    })
    .transform(({ column, quantile_ranges: { quantiles, value_ranges } }) => {
      return { type: 'expect_column_quantile_values_to_be_between' as const, column, quantiles, value_ranges };
    })
    .optional(),
  expect_column_distinct_values_to_be_in_set: form('expect_column_distinct_values_to_be_in_set', { column, value_set }),
  expect_column_distinct_values_to_contain_set: form('expect_column_distinct_values_to_contain_set', {
    column,
    value_set,
  }),
  expect_column_distinct_values_to_equal_set: form('expect_column_distinct_values_to_equal_set', { column, value_set }),
  expect_column_kl_divergence_to_be_less_than: form('expect_column_kl_divergence_to_be_less_than', {
    column,
    partition_object: partition.refine(
      (own) => own.weights.length === ('values' in own ? own.values.length : own.bins.length - 1),
      { message: 'must have a weight for each value, or for each bin between two edges' },
    ),
    threshold: z.number().min(0).nullable().default(null),
    tail_weight_holdout: share.default(0),
    internal_weight_holdout: share.default(0),
  }),
  expect_column_psi_to_be_less_than: form('expect_column_psi_to_be_less_than', {
    column,
    bins: z.array(z.number()).min(1).describe('Edges between bins: quantiles of the reference.'),
    weights: weights.describe('Shares of the reference, one more than edges.'),
    warn_above: z.number().min(0).default(0.1),
    threshold: z.number().min(0).default(0.25),
    min_count: z.int().min(1).default(200).describe('With fewer values there is no judgement.'),
  }),
  expect_table_to_be_fresh: z
    .strictObject({
      column: column.describe('A column of times.'),
      warn_after: duration.nullable().prefault(null),
      error_after: duration.nullable().prefault(null),
    })
    .refine((own) => own.warn_after !== null || own.error_after !== null, {
      message: 'name warn_after, error_after or both',
    })
    .transform(({ column, warn_after, error_after }) => {
      const type = 'expect_table_to_be_fresh' as const;
      return { type, column, warnAfterMs: warn_after, errorAfterMs: error_after };
    })
    .optional(),
  expect_table_row_count_to_match_past_weeks: form('expect_table_row_count_to_match_past_weeks', {
    column: column.describe('A column of times.'),
    weeks: z.int().min(1).max(104).default(8),
    min_weeks: z.int().min(1).default(3).describe('With fewer there is no judgement.'),
    k: z.number().min(0).default(5).describe('So many median absolute deviations are allowed.'),
    tolerance: share.default(0.1).describe('A share of the median that is always allowed.'),
  }),
  expect_table_schema_to_match: form('expect_table_schema_to_match', {
    columns: z.record(z.string(), z.string()).describe('Types by column, as Avro, SQL or pandas names them.'),
    mode: z.enum(['evolve', 'freeze', 'discard']).default('freeze'),
  }),
  unexpected_rows_expectation: form('unexpected_rows_expectation', {
    unexpected_rows_query: z.string().min(1).describe('SQL that finds rows that should not be; {batch} is the table.'),
    description: z.string().nullable().default(null),
  }),
};

const severity = z
  .enum(['critical', 'warning', 'info'])
  .default('critical')
  .describe('Only a critical expectation fails its suite.');

const row_condition = z.string().min(1).optional().describe('SQL: the expectation is about rows of which it is true.');

export const expectationForm = z.strictObject({ ...rules, severity, row_condition });

export const EXPECTATION_TYPES: readonly string[] = Object.keys(rules);
