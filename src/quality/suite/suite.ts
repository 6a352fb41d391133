/**
 * A suite of expectations about a table, as plain data. Names and parameters are those of Great Expectations 1.x where
 * it has the expectation; a parameter that was not written is null, or has Great Expectations' default.
 */

/** A number, a text, or a time as ISO 8601 text; null for no bound. */
export type Bound = number | string | null;
export type SetValue = string | number | boolean;

export interface Bounds {
  readonly min_value: Bound;
  readonly max_value: Bound;
  readonly strict_min: boolean;
  readonly strict_max: boolean;
}

/** Share of the values that are not null, from 0 to 1, which must be as expected. */
interface Mostly {
  readonly mostly: number;
}

interface OfColumn {
  readonly column: string;
}

/** Which rows of two columns are left out, by what of them is null. */
type IgnorePairs = 'both_values_are_missing' | 'either_value_is_missing' | 'neither';
/** The same of several columns. */
type IgnoreRows = 'all_values_are_missing' | 'any_value_is_missing' | 'never';

/** Rules that each row meets or does not. */
export type RowRule = Mostly &
  (
    | (OfColumn & {
        readonly type:
          | 'expect_column_values_to_not_be_null'
          | 'expect_column_values_to_be_null'
          | 'expect_column_values_to_be_unique';
      })
    | (OfColumn & Bounds & { readonly type: 'expect_column_values_to_be_between' })
    | (OfColumn & Bounds & { readonly type: 'expect_column_value_lengths_to_be_between' })
    | (OfColumn & {
        readonly type: 'expect_column_values_to_be_in_set' | 'expect_column_values_to_not_be_in_set';
        readonly value_set: readonly SetValue[];
      })
    | (OfColumn & {
        readonly type: 'expect_column_values_to_match_regex' | 'expect_column_values_to_not_match_regex';
        readonly regex: string;
      })
    | (OfColumn & {
        readonly type: 'expect_column_values_to_be_increasing' | 'expect_column_values_to_be_decreasing';
        readonly strictly: boolean;
      })
    | {
        readonly type: 'expect_column_pair_values_a_to_be_greater_than_b';
        readonly column_A: string;
        readonly column_B: string;
        readonly or_equal: boolean;
        readonly ignore_row_if: IgnorePairs;
      }
    | {
        readonly type: 'expect_column_pair_values_to_be_equal';
        readonly column_A: string;
        readonly column_B: string;
        readonly ignore_row_if: IgnorePairs;
      }
    | {
        readonly type: 'expect_compound_columns_to_be_unique';
        readonly column_list: readonly string[];
        readonly ignore_row_if: IgnoreRows;
      }
  );

/** Rules for one number, or one value, of a column. */
export type ColumnRule =
  | (OfColumn &
      Bounds & {
        readonly type:
          | 'expect_column_min_to_be_between'
          | 'expect_column_max_to_be_between'
          | 'expect_column_mean_to_be_between'
          | 'expect_column_median_to_be_between'
          | 'expect_column_stdev_to_be_between'
          | 'expect_column_sum_to_be_between'
          | 'expect_column_unique_value_count_to_be_between'
          | 'expect_column_proportion_of_unique_values_to_be_between';
      })
  | (OfColumn & {
      readonly type: 'expect_column_quantile_values_to_be_between';
      readonly quantiles: readonly number[];
      readonly value_ranges: readonly (readonly [Bound, Bound])[];
    })
  | (OfColumn & {
      readonly type:
        | 'expect_column_distinct_values_to_be_in_set'
        | 'expect_column_distinct_values_to_contain_set'
        | 'expect_column_distinct_values_to_equal_set';
      readonly value_set: readonly SetValue[];
    });

/** Rules for the columns themselves. */
export type ShapeRule =
  | (OfColumn & { readonly type: 'expect_column_to_exist'; readonly column_index: number | null })
  | (OfColumn & { readonly type: 'expect_column_values_to_be_of_type'; readonly type_: string })
  | (OfColumn & { readonly type: 'expect_column_values_to_be_in_type_list'; readonly type_list: readonly string[] })
  | {
      readonly type: 'expect_table_columns_to_match_set';
      readonly column_set: readonly string[];
      /** Further columns fail the rule. */
      readonly exact_match: boolean;
    }
  | { readonly type: 'expect_table_columns_to_match_ordered_list'; readonly column_list: readonly string[] }
  | (Pick<Bounds, 'min_value' | 'max_value'> & { readonly type: 'expect_table_column_count_to_be_between' })
  | {
      readonly type: 'expect_table_schema_to_match';
      /** By column: its type, as Avro, SQL or pandas names it. */
      readonly columns: Readonly<Record<string, string>>;
      readonly mode: 'evolve' | 'freeze' | 'discard';
    };

export type RowCountRule =
  | (Pick<Bounds, 'min_value' | 'max_value'> & { readonly type: 'expect_table_row_count_to_be_between' })
  | { readonly type: 'expect_table_row_count_to_equal'; readonly value: number };

/** Weights of values, or of the bins between edges, which may begin at -Infinity and end at Infinity. */
export type Partition =
  | { readonly values: readonly SetValue[]; readonly weights: readonly number[] }
  | {
      readonly bins: readonly number[];
      readonly weights: readonly number[];
      /** Below the first edge, and above the last. */
      readonly tail_weights: readonly [number, number] | null;
    };

export type DistributionRule =
  | (OfColumn & {
      readonly type: 'expect_column_kl_divergence_to_be_less_than';
      readonly partition_object: Partition;
      readonly threshold: number | null;
      readonly tail_weight_holdout: number;
      readonly internal_weight_holdout: number;
    })
  | (OfColumn & {
      readonly type: 'expect_column_psi_to_be_less_than';
      /** Edges between bins; what is below the first and above the last are bins too. */
      readonly bins: readonly number[];
      /** Of the reference: one more than there are edges. */
      readonly weights: readonly number[];
      readonly warn_above: number;
      readonly threshold: number;
      /** With fewer values there is no judgement. */
      readonly min_count: number;
    });

/** Rules that look at a column of times. */
export type TimeRule =
  | (OfColumn & {
      readonly type: 'expect_table_to_be_fresh';
      readonly warnAfterMs: number | null;
      readonly errorAfterMs: number | null;
    })
  | (OfColumn & {
      readonly type: 'expect_table_row_count_to_match_past_weeks';
      readonly weeks: number;
      readonly min_weeks: number;
      /** So many median absolute deviations from the median of the past weeks. */
      readonly k: number;
      /** A share of the median that is always allowed, since a steady past has a deviation of 0. */
      readonly tolerance: number;
    });

/** Great Expectations' custom SQL: a statement that finds the rows that should not be; `{batch}` is the table. */
export interface SqlRule {
  readonly type: 'unexpected_rows_expectation';
  readonly unexpected_rows_query: string;
  readonly description: string | null;
}

export type SuiteRule = RowRule | ColumnRule | ShapeRule | RowCountRule | DistributionRule | TimeRule | SqlRule;

/** Only a critical expectation that is not met fails its suite. */
export type Severity = 'critical' | 'warning' | 'info';

export interface SuiteExpectation {
  readonly rule: SuiteRule;
  readonly severity: Severity;
  /** SQL: only rows of which it is true are looked at; all, when not given. */
  readonly rowCondition?: string;
}

export interface Suite {
  readonly name: string;
  readonly expectations: readonly SuiteExpectation[];
}
