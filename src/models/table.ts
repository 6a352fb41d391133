/** Rows of numbers, as models are trained on: one row an event, one column a feature. */

export interface Table {
  readonly names: readonly string[];
  readonly rows: number;
  /** Row after row, `names.length` values each. NaN stands for a value that is missing. */
  readonly values: Float64Array;
}

/** A table and the class of each of its rows: 1 is what the model looks for. */
export interface LabelledTable extends Table {
  readonly labels: Uint8Array;
}
