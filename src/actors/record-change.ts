/**
 * A supervisor's ports, and how a change of one of its children becomes an event. Time, chance and timers come in here, so
 * that a test decides about all three.
 */
import type { ActorChanged } from '../messages/operations.ts';
import type { Child } from './child-table.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { Clock } from './supervised.ts';

export interface SupervisionPorts {
  readonly policy: RestartPolicy;
  /** How long an orderly stop of one child may take before the child is killed. */
  readonly shutdownMs: number;
  readonly clock?: Clock;
  nowMs(): number;
  /** From 0 to 1. */
  random(): number;
  record(change: ActorChanged): void;
}

/** Tells that a child of the supervisor at `path` has changed. */
export function note(
  path: string,
  ports: SupervisionPorts,
  child: Child,
  change: ActorChanged['change'],
  error: string | null,
): void {
  const { restarts, spec } = child;
  ports.record({ actor: `${path}/${spec.id}`, change, restarts, error, changedAt: ports.nowMs() });
}
