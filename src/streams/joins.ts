/** The operator of a join of either kind. */
import type { JoinOperator, JoinSpec } from './join.ts';
import { createStreamJoin } from './stream-join.ts';
import { createTableJoin } from './table-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  return spec.kind === 'table' ? createTableJoin(spec) : createStreamJoin(spec);
}
