/** Conditions, and choices that depend on conditions, once their parts are checked. */
import { BOOLEAN, type Checked } from './checked.ts';
import { coerced, commonTypeOf, named, unified } from './coerce.ts';
import { ExpressionError } from './expression-error.ts';

/** Throws an ExpressionError for what is neither true nor false. */
export function truth(node: Checked): Checked {
  if (node.type.kind === 'boolean') return node;
  if (node.type.kind === 'null') return coerced(node, BOOLEAN);
  throw new ExpressionError(`must be true or false, and is ${named(node.type)}`, node.at);
}

export function negation(of: Checked, at: number): Checked {
  return { kind: 'not', type: BOOLEAN, of, at };
}

/** Throws an ExpressionError when they are of types that don't compare. */
export function compared(nodes: readonly Checked[]): Checked[] {
  return unified(nodes, 'be compared');
}

/** Of the results, which are one more than the conditions, that of the first that holds. */
export function choice(whens: readonly Checked[], results: readonly Checked[], at: number): Checked {
  const type = commonTypeOf(results, 'be results of one choice');
  const all = results.map((result) => coerced(result, type));
  const branches = whens.map((when, i) => ({ when, result: all[i]! }));
  return { kind: 'case', type, branches, otherwise: all.at(-1)!, at };
}
