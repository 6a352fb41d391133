/**
 * The usual amounts of a card, as three numbers side by side in a row of state: their count, their mean and the sum of
 * squared distances from it (Welford, Technometrics 4(3), 1962).
 */

const COUNT = 0;
const MEAN_CENTS = 1;
const SQUARES = 2;
export const NORM_NUMBERS = 3;

export function amountsSeen(rows: Float64Array, norm: number): number {
  return rows[norm + COUNT]!;
}

/** 0 without an amount. */
export function meanCents(rows: Float64Array, norm: number): number {
  return rows[norm + MEAN_CENTS]!;
}

/** Distance of an amount above the card's own mean, in standard deviations; 0 without a spread to measure by. */
export function deviationsAboveMean(rows: Float64Array, norm: number, amountCents: number): number {
  const count = rows[norm + COUNT]!;
  if (count < 2) return 0;
  const deviation = Math.sqrt(rows[norm + SQUARES]! / (count - 1));
  return deviation === 0 ? 0 : (amountCents - rows[norm + MEAN_CENTS]!) / deviation;
}

export function learnAmount(rows: Float64Array, norm: number, amountCents: number): void {
  const count = rows[norm + COUNT]! + 1;
  const before = rows[norm + MEAN_CENTS]!;
  const distance = amountCents - before;
  const mean = before + distance / count;
  rows[norm + COUNT] = count;
  rows[norm + MEAN_CENTS] = mean;
  rows[norm + SQUARES]! += distance * (amountCents - mean);
}

export function forgetAmounts(rows: Float64Array, norm: number): void {
  rows.fill(0, norm, norm + NORM_NUMBERS);
}

export function saveNorm(rows: Float64Array, norm: number): { amounts: number; meanCents: number; squares: number } {
  return { amounts: rows[norm + COUNT]!, meanCents: rows[norm + MEAN_CENTS]!, squares: rows[norm + SQUARES]! };
}

export function loadNorm(rows: Float64Array, norm: number, saved: Readonly<ReturnType<typeof saveNorm>>): void {
  rows[norm + COUNT] = saved.amounts;
  rows[norm + MEAN_CENTS] = saved.meanCents;
  rows[norm + SQUARES] = saved.squares;
}
