/** A join of either kind. */
import type { JoinOperator, JoinSpec } from './join-kind.ts';
import { createStreamJoin, streamJoinHeldBackMs } from './stream-join.ts';
import { createTableJoin } from './table-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  return spec.kind === 'table' ? createTableJoin(spec) : createStreamJoin(spec);
}

/** How far the results of a join may be behind its watermark: none with a time up to that, less this, is still to come. */
export function heldBackMs(spec: JoinSpec): number {
  return spec.kind === 'table' ? spec.graceMs : streamJoinHeldBackMs(spec);
}
