/**
 * An expectation as SQL: its part of the scan that all expectations share, its own statement if it needs one, and its
 * judgement.
 */
import type { Cell, ResultRow, Verdict } from './result.ts';
import type { TableColumn } from './table-column.ts';

export interface Table {
  /** What stands behind FROM. */
  readonly relation: string;
  readonly columns: readonly TableColumn[];
  readonly nowMs: number;
}

export interface Check {
  /** Aggregates over the whole table. Equal texts are computed once. */
  readonly scan: readonly string[];
  /** One more statement, for what no aggregate gives; null for none. */
  readonly statement: string | null;
  /** `values` are of the aggregates, in their order; `rows` are of the statement. */
  judge(values: readonly Cell[], rows: readonly ResultRow[]): Verdict;
  /** Finds unexpected rows, for a verdict that has some; null where there is nothing to look for. */
  readonly samples: Samples | null;
}

export interface Samples {
  readonly statement: string;
  readonly columns: readonly string[];
  /** How their values are shown: one column's, a pair's as a list, those of several by their names. */
  readonly as: 'value' | 'pair' | 'record';
}

export function numberOf(cell: Cell | undefined): number {
  return Number(cell ?? 0);
}
