/** How well scores tell two classes apart. `labels` are 0 or 1, `scores` larger for 1. */

/** Rows by falling score; rows of one score by their number. Throws on a score that is NaN. */
export function rankedRows(scores: Float64Array): Int32Array {
  for (let row = 0; row < scores.length; row++) {
    if (Number.isNaN(scores[row])) throw new Error(`the score of row ${row} is NaN: it can't be ranked`);
  }
  return Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Area under the ROC curve: the chance that a 1 scores above a 0, a tie counting half. NaN without both classes. */
export function rocAuc(scores: Float64Array, labels: Uint8Array, order: Int32Array): number {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  for (let start = 0; start < order.length; ) {
    let tiedPositives = 0;
    let end = start;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++)
      tiedPositives += labels[order[end]!]!;
    const tiedNegatives = end - start - tiedPositives;
    area += tiedNegatives * (positives + tiedPositives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return area / (positives * negatives);
}

/** Σ (recall step) × precision over falling thresholds, as scikit-learn's average_precision_score. NaN without a 1. */
export function averagePrecision(scores: Float64Array, labels: Uint8Array, order: Int32Array): number {
  let positives = 0;
  let sum = 0;
  for (let start = 0; start < order.length; ) {
    let tied = 0;
    let end = start;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) tied += labels[order[end]!]!;
    positives += tied;
    sum += (tied * positives) / end;
    start = end;
  }
  return sum / positives;
}

/** Mean squared distance of scores, taken as chances, from what came true (Brier, 1950). NaN without a row. */
export function brierScore(scores: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) sum += (scores[row]! - labels[row]!) ** 2;
  return sum / scores.length;
}

export interface CalibrationPart {
  readonly rows: number;
  /** Mean of the scores. */
  readonly expected: number;
  /** Share of rows of class 1. */
  readonly observed: number;
}

/** Upper bounds of the parts of a calibration table: finer where few rows are. */
const CALIBRATION_CUTS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1];

/** Scores from 0 to 1 beside what came true, in parts of the scale; parts without a row are left out. */
export function calibration(scores: Float64Array, labels: Uint8Array): (CalibrationPart & { readonly upTo: number })[] {
  const parts = CALIBRATION_CUTS.map((upTo) => ({ upTo, rows: 0, expected: 0, observed: 0 }));
  for (let row = 0; row < scores.length; row++) {
    const part = parts.find(({ upTo }) => scores[row]! <= upTo);
    if (part === undefined) continue;
    part.rows += 1;
    part.expected += scores[row]!;
    part.observed += labels[row]!;
  }
  return parts
    .filter(({ rows }) => rows > 0)
    .map(({ upTo, rows, expected, observed }) => ({
      upTo,
      rows,
      expected: expected / rows,
      observed: observed / rows,
    }));
}
