/** A join of either kind. */
import type { JoinOperator, JoinSpec } from './join-kind.ts';
import { createStreamJoin } from './stream-join.ts';
import { createTableJoin } from './table-join.ts';

export function createJoin(spec: JoinSpec): JoinOperator {
  return spec.kind === 'table' ? createTableJoin(spec) : createStreamJoin(spec);
}

/** How far the results of a join may be behind its watermark: none with a time up to that, less this, is still to come. */
export function heldBackMs(spec: JoinSpec): number {
  switch (spec.kind) {
    case 'interval':
      return spec.graceMs + (spec.type === 'inner' ? 0 : spec.withinMs);
    case 'window':
      return spec.graceMs + spec.sizeMs;
    case 'table':
      return spec.graceMs;
  }
}
