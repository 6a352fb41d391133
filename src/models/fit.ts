/** Trains a model by its recipe, and gives the scorer of a row. */
import { type BoostOptions, boostTrees } from './boost.ts';
import { type DescentOptions, descendLogistic } from './gradient-descent.ts';
import { fitLogistic, type Linear, type LogisticOptions, linearLogOdds } from './logistic.ts';
import { quickScorer } from './quick-scorer.ts';
import type { LabelledTable } from './table.ts';
import { addTreeContributions, expectedLogOdds } from './tree-contributions.ts';
import type { Trees } from './trees.ts';

export type Recipe =
  | { readonly form: 'linear'; readonly options: LogisticOptions }
  | { readonly form: 'descent'; readonly options: DescentOptions }
  | { readonly form: 'trees'; readonly options: BoostOptions };

export type Fitted =
  | { readonly form: 'linear'; readonly linear: Linear }
  | { readonly form: 'trees'; readonly trees: Trees };

/** Throws, in words for people, for rows that nothing can be learned from. */
export function trainOn(table: LabelledTable, recipe: Recipe): Fitted {
  checkTable(table);
  if (recipe.form === 'linear') return { form: 'linear', linear: fitLogistic(table, recipe.options) };
  if (recipe.form === 'descent') return { form: 'linear', linear: descendLogistic(table, recipe.options) };
  return { form: 'trees', trees: boostTrees(table, recipe.options) };
}

/** Fewest rows of each class that training takes. */
const FEWEST = 10;

function checkTable({ names, rows, values, labels }: LabelledTable): void {
  let positives = 0;
  for (const label of labels) positives += label;
  if (positives < FEWEST || rows - positives < FEWEST) {
    const few = positives < FEWEST ? `${positives} positives` : `${rows - positives} negatives`;
    throw new Error(`of ${rows} rows there are ${few}: training takes ${FEWEST} of each class; take a longer range`);
  }
  for (let at = 0; at < values.length; at++) {
    if (Number.isFinite(values[at])) continue;
    const row = Math.floor(at / names.length);
    throw new Error(`${names[at % names.length]} of row ${row} is ${values[at]}: training takes numbers`);
  }
}

/** Gives the log odds of the row that begins at `offset` of `values`. */
export function scorerOf(fitted: Fitted): (values: Float64Array, offset: number) => number {
  if (fitted.form === 'trees') return quickScorer(fitted.trees);
  return (values, offset) => linearLogOdds(fitted.linear, values, offset);
}

/** What each column adds to the log odds of a row: all of them and `baseOf` add up to its score. */
export function contributionsOf(fitted: Fitted, values: Float64Array, offset: number): Float64Array {
  if (fitted.form === 'linear') {
    const { weights, means, deviations } = fitted.linear;
    return weights.map((weight, column) =>
      deviations[column] === 0 ? 0 : (weight * (values[offset + column]! - means[column]!)) / deviations[column]!,
    );
  }
  const { column } = fitted.trees;
  const sums = new Float64Array(column.reduce((most, asked) => Math.max(most, asked + 1), 0));
  addTreeContributions(fitted.trees, values, offset, sums);
  return sums;
}

/** Log odds of a row of which nothing is known. */
export function baseOf(fitted: Fitted): number {
  return fitted.form === 'linear' ? fitted.linear.intercept : expectedLogOdds(fitted.trees);
}
