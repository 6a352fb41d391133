/** The operator of a join of either kind. */
import { createIntervalJoin } from './interval-join.ts';
import type { JoinOperator, JoinSpec } from './join.ts';
import { createTableJoin } from './table-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  return spec.kind === 'interval' ? createIntervalJoin(spec) : createTableJoin(spec);
}
