/** The port that a suite is run through: a relation, and whoever runs one statement of DuckDB's SQL over it. */

import { profileStatements } from '../quality/suite/profile.ts';
import type { ResultRow, SuiteResult } from '../quality/suite/result.ts';
import { suiteStatements } from '../quality/suite/run-suite.ts';
import type { Suite } from '../quality/suite/suite.ts';

export type RunQuery = (sql: string) => Promise<readonly ResultRow[]>;

export interface CheckedTable {
  /** What stands behind FROM: a table's quoted name, a function of tables, or a statement in brackets. */
  readonly relation: string;
  readonly rows: RunQuery;
  /** Records of a file that could not be read, and are in no row; null for none. */
  readonly refused: { readonly count: number; readonly first: string } | null;
  close(): Promise<void>;
}

/** Throws when the relation can't be read at all; what fails in one expectation is that one's result. */
export async function runSuite(
  suite: Suite,
  { relation, rows }: Pick<CheckedTable, 'relation' | 'rows'>,
  nowMs: number,
): Promise<SuiteResult> {
  const statements = suiteStatements(suite, relation, nowMs);
  for (let step = statements.next([]); ; ) {
    if (step.done === true) return step.value;
    step = statements.next(await attempt(rows, step.value));
  }
}

async function attempt(rows: RunQuery, sql: string): Promise<readonly ResultRow[] | Error> {
  try {
    return await rows(sql);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A suite that the table meets as it is. */
export async function profileTable({
  relation,
  rows,
}: Pick<CheckedTable, 'relation' | 'rows'>): Promise<Suite['expectations']> {
  const statements = profileStatements(relation);
  for (let step = statements.next([]); ; ) {
    if (step.done === true) return step.value;
    step = statements.next(await rows(step.value));
  }
}
