/** What operators hold, over all partitions: a state that only grows is the leak that is found last. */
import { logPlace } from '../messages/log-name.ts';
import type { HeldState } from '../streams/operator.ts';
import type { PartitionUnit } from './partition-unit.ts';

export interface HeldInPartition extends HeldState {
  readonly log: string;
  readonly partition: number;
}

/** The shortest time between two estimates of bytes, which look at some of the keys. */
const LOOK_EVERY_MS = 1000;

export function createHeldStates(
  units: () => readonly PartitionUnit[],
  nowMs: () => number,
): () => readonly HeldInPartition[] {
  let held: readonly HeldInPartition[] = [];
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const now = nowMs();
    if (now - lookedAtMs < LOOK_EVERY_MS) return held;
    lookedAtMs = now;
    held = units().flatMap((unit) => {
      const partition = logPlace(unit.log.name)?.partition ?? 0;
      return unit.held().map((state) => ({ ...state, log: unit.log.name, partition }));
    });
    return held;
  };
}

export interface OperatorHealth extends Pick<HeldState, 'operator' | 'keys'> {
  readonly bytes: number;
  /** Calls that failed since the start, each a dead letter. */
  readonly failed: number;
}

/** Keys and bytes of users' operators, summed over partitions. Other operators do not say how many bytes they hold. */
export function heldByOperator(
  held: readonly HeldInPartition[],
  failedCalls: ReadonlyMap<string, number>,
): readonly OperatorHealth[] {
  const sums = new Map<string, Omit<OperatorHealth, 'failed'>>();
  for (const { operator, keys, bytes } of held) {
    if (bytes === null) continue;
    const before = sums.get(operator) ?? { operator, keys: 0, bytes: 0 };
    sums.set(operator, { operator, keys: before.keys + keys, bytes: before.bytes + bytes });
  }
  return [...sums.values()].map((sum) => ({ ...sum, failed: failedCalls.get(sum.operator) ?? 0 }));
}
