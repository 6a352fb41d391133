/** A join of any kind. */
import type { JoinOperator, JoinSpec } from './join-kind.ts';
import { createStreamJoin, streamJoinHeldBackMs } from './stream-join.ts';
import { createTableJoin } from './table-join.ts';
import { createTablesJoin } from './tables-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  if (spec.kind === 'tables') return createTablesJoin(spec);
  return spec.kind === 'table' ? createTableJoin(spec) : createStreamJoin(spec);
}

/**
 * Milliseconds that a join's results may be behind its watermark: no result up to the watermark less this is still to come.
 */
export function heldBackMs(spec: JoinSpec): number {
  return spec.kind === 'table' || spec.kind === 'tables' ? spec.graceMs : streamJoinHeldBackMs(spec);
}
