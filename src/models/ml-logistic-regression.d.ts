/** The package has no types of its own. */
declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  export default class LogisticRegression {
    constructor(options: { readonly numSteps: number; readonly learningRate: number });
    train(rows: Matrix, classes: Matrix): void;
    /** One a class: the first tells class 0, as 0, from all others, as 1. */
    readonly classifiers: readonly { readonly weights: Matrix }[];
  }
}
