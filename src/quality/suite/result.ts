/** The result of a suite, in the form and with the words of Great Expectations' validation results. */
import type { Severity, Suite, SuiteExpectation, SuiteRule } from './suite.ts';

/** How many unexpected values a result shows, as in Great Expectations. */
export const PARTIAL_UNEXPECTED_COUNT = 20;

/** A cell of a row that SQL gives. */
export type Cell = string | number | boolean | null;
export type ResultRow = Readonly<Record<string, Cell>>;

/** `warning` is no success either: there was nothing to judge, or the severity is not critical. */
export type Outcome = 'passed' | 'warning' | 'failed';

/** Of one expectation, before its severity counts. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Why it did not pass, for people; null when it passed. */
  readonly message: string | null;
  /** Great Expectations' fields. */
  readonly result: Readonly<Record<string, unknown>>;
}

export interface ExpectationResult extends Verdict {
  readonly success: boolean;
  readonly expectation_config: {
    readonly type: SuiteRule['type'];
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly severity: Severity;
  };
  readonly exception_info: { readonly raised_exception: boolean; readonly exception_message: string | null };
}

export interface SuiteResult {
  readonly suite_name: string;
  /** Every expectation was met. */
  readonly success: boolean;
  /** `failed` when a critical one was not met, or could not be judged. */
  readonly outcome: Outcome;
  readonly statistics: {
    readonly evaluated_expectations: number;
    readonly successful_expectations: number;
    readonly unsuccessful_expectations: number;
    /** Null for a suite without expectations, as in Great Expectations. */
    readonly success_percent: number | null;
  };
  readonly results: readonly ExpectationResult[];
}

export const PASSED = { outcome: 'passed', message: null } as const;

export function judged(expectation: SuiteExpectation, verdict: Verdict): ExpectationResult {
  const { severity } = expectation;
  const outcome = verdict.outcome === 'failed' && severity !== 'critical' ? 'warning' : verdict.outcome;
  return {
    success: outcome === 'passed',
    ...verdict,
    outcome,
    expectation_config: configOf(expectation),
    exception_info: { raised_exception: false, exception_message: null },
  };
}

/** Of an expectation that can't be judged, whatever its severity. */
export function raised(expectation: SuiteExpectation, message: string): ExpectationResult {
  return {
    success: false,
    outcome: 'failed',
    message,
    result: {},
    expectation_config: configOf(expectation),
    exception_info: { raised_exception: true, exception_message: message },
  };
}

function configOf({ rule, severity, rowCondition }: SuiteExpectation): ExpectationResult['expectation_config'] {
  const { type, ...kwargs } = rule;
  if (rowCondition === undefined) return { type, kwargs, severity };
  return { type, kwargs: { ...kwargs, row_condition: rowCondition }, severity };
}

export function suiteResult({ name }: Suite, results: readonly ExpectationResult[]): SuiteResult {
  const successful = results.filter(({ success }) => success).length;
  const evaluated = results.length;
  const has = (outcome: Outcome): boolean => results.some((each) => each.outcome === outcome);
  return {
    suite_name: name,
    success: successful === evaluated,
    outcome: has('failed') ? 'failed' : has('warning') ? 'warning' : 'passed',
    statistics: {
      evaluated_expectations: evaluated,
      successful_expectations: successful,
      unsuccessful_expectations: evaluated - successful,
      success_percent: evaluated === 0 ? null : (successful / evaluated) * 100,
    },
    results,
  };
}
