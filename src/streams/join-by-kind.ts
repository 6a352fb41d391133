/** A join of any kind. */
import type { JoinOperator, JoinSpec } from './join-kind.ts';
import { createStreamJoin, streamJoinHeldBackMs } from './stream-join.ts';
import { createTableJoin } from './table-join.ts';
import { createTablesJoin } from './tables-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  if (spec.kind === 'tables') return createTablesJoin(spec);
  return spec.kind === 'table' ? createTableJoin(spec) : createStreamJoin(spec);
}

/** How far the results of a join may be behind its watermark: none with a time up to that, less this, is still to come. */
export function heldBackMs(spec: JoinSpec): number {
  return spec.kind === 'table' || spec.kind === 'tables' ? spec.graceMs : streamJoinHeldBackMs(spec);
}
