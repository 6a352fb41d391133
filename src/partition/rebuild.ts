/**
 * Rebuilds the state of new or changed operators: all input of the log is folded into them anew, while the others stand by.
 * Results on the way are dropped: the log has those of that time.
 */
import type { Commit } from '../messages/commit.ts';
import type { OperatorAnew } from '../streams/operator.ts';
import type { PartitionFold } from './derivation.ts';
import { drive } from './drive.ts';
import { restoreOperators, type SavedOperator, savedOperator } from './saved-operators.ts';

/** `fold` is a second fold of the same derivation, at the start of the log. The rebuild uses it up. */
export interface Rebuild {
  /** The commits from the start of the log on, in order. */
  take(commit: Commit): void;
  states(): readonly SavedOperator[];
}

export function createRebuild(fold: PartitionFold, anew: readonly OperatorAnew[]): Rebuild {
  const operators = operatorsOf(fold, anew);
  const followed = operators.flatMap(({ follows }) => follows?.stream ?? []);
  const driven = fold.operators.filter(
    (operator) => operators.includes(operator) || operator.outputs.some(({ stream }) => followed.includes(stream)),
  );
  return {
    take(commit) {
      fold.partition.replay(commit, (steps) => {
        for (const operator of driven) drive(operator, steps);
      });
    },
    states: () => operators.map(savedOperator),
  };
}

/** Restores the states into those operators of a fold that are still at the start of the log. */
export function takeRebuilt(
  fold: PartitionFold,
  anew: readonly OperatorAnew[],
  states: readonly SavedOperator[],
): void {
  restoreOperators(operatorsOf(fold, anew), states);
}

function operatorsOf({ operators }: PartitionFold, anew: readonly OperatorAnew[]) {
  return operators.filter(({ kind, name }) => anew.some((each) => each.kind === kind && each.name === name));
}
