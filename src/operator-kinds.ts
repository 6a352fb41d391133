/** Every kind of operator that a partition can run: to add one is a line here. */
import { featureKind } from './features/feature-operator.ts';
import { fraudKind } from './fraud/operator.ts';
import { loadUserFunctionsBy } from './sql/user-function.ts';
import { derivedKind } from './streams/derived-operator.ts';
import { joinKind } from './streams/join-operator.ts';
import type { OperatorKind } from './streams/operator-kind.ts';
import { windowKind } from './streams/window-operator.ts';
import { loadUserFunction } from './user-code/load-function.ts';
import { userOperatorKind } from './user-code/user-operator-kind.ts';

// What prepares operators compiles their expressions.
loadUserFunctionsBy(loadUserFunction);

/** In the order in which a partition drives operators of them. */
export const OPERATOR_KINDS: readonly OperatorKind[] = [
  windowKind,
  joinKind,
  derivedKind,
  fraudKind,
  userOperatorKind,
  featureKind,
];
