/** Every kind of operator that a partition can run. */
import { featureKind } from '../features/feature-operator.ts';
import { fraudOperators } from '../fraud/pipeline/section.ts';
import { loadUserFunctionsBy } from '../sql/user-function.ts';
import { derivedKind } from '../streams/derived-operator.ts';
import { joinKind } from '../streams/join-operator.ts';
import type { OperatorKind } from '../streams/operator-kind.ts';
import { windowKind } from '../streams/window-operator.ts';
import { loadUserFunction } from '../user-code/load-function.ts';
import { userOperatorKind } from '../user-code/user-operator-kind.ts';

// The code that prepares operators compiles their expressions.
loadUserFunctionsBy(loadUserFunction);

/** Kinds that bring a section of the pipeline file with them. To add one takes a file, and a line here. */
export const KINDS_WITH_SECTION = [fraudOperators] as const;

/** The kinds in the order in which a partition drives their operators. */
export const OPERATOR_KINDS: readonly OperatorKind[] = [
  windowKind,
  joinKind,
  derivedKind,
  ...KINDS_WITH_SECTION.map(({ kind }) => kind),
  userOperatorKind,
  featureKind,
];
