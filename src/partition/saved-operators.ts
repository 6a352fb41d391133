/** The states of a partition's operators in a snapshot, and how they find their operators again. */
import { type Operator, type OperatorAnew, type OperatorState, UnreadableStateError } from '../streams/operator.ts';

/** The state of one operator, with the operator's kind and name. */
export interface SavedOperator extends OperatorState {
  readonly kind: string;
  /** Null in snapshots of versions that had at most one operator of the kind. */
  readonly name: string | null;
}

export function savedOperator(operator: Operator): SavedOperator {
  return { kind: operator.kind, name: operator.name, ...operator.snapshot() };
}

/** Restores operators that have seen nothing. Returns the operators that have to begin anew. */
export function restoreOperators(
  operators: readonly Operator[],
  saved: readonly SavedOperator[],
): readonly OperatorAnew[] {
  return operators.flatMap((operator): OperatorAnew[] => {
    const { kind, name } = operator;
    const own = saved.find((state) => state.kind === kind && (state.name === name || state.name === null));
    if (own === undefined) return [{ kind, name, why: 'it is new here' }];
    try {
      operator.restore(own);
      return [];
    } catch (error) {
      if (!(error instanceof UnreadableStateError)) throw error;
      return [{ kind, name, why: error.message }];
    }
  });
}
