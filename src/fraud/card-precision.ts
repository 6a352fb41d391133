/**
 * Card Precision@k of the Fraud Detection Handbook: each day every customer has his highest score, the k highest
 * customers are looked at, and their share with a fraud that day is the day's precision. Customers found are removed
 * from later days. Ties go to the smaller customer number.
 */

export interface ScoredCards {
  /** Whole UTC days since the epoch, a row. */
  readonly days: Int32Array;
  readonly customers: Float64Array;
  readonly labels: Uint8Array;
}

interface Card {
  readonly customer: number;
  score: number;
  isFraud: boolean;
}

/** The mean over the days; NaN without a row. */
export function cardPrecision(rows: ScoredCards, scores: Float64Array, k: number): number {
  const found = new Set<number>();
  const days = cardsByDay(rows, scores);
  let sum = 0;
  for (const cards of days) {
    const looked = cards.filter(({ customer }) => !found.has(customer)).slice(0, k);
    const hits = looked.filter(({ isFraud }) => isFraud);
    for (const { customer } of hits) found.add(customer);
    sum += hits.length / k;
  }
  return sum / days.length;
}

/** What who knows the answer would reach. */
export function bestCardPrecision(rows: ScoredCards, k: number): number {
  return cardPrecision(rows, Float64Array.from(rows.labels), k);
}

/** Each day's cards by falling score, the days in order. */
function cardsByDay({ days, customers, labels }: ScoredCards, scores: Float64Array): Card[][] {
  const byDay = new Map<number, Map<number, Card>>();
  for (let row = 0; row < days.length; row++) {
    const cards = byDay.get(days[row]!) ?? new Map<number, Card>();
    byDay.set(days[row]!, cards);
    const customer = customers[row]!;
    const isFraud = labels[row] === 1;
    const card = cards.get(customer);
    if (card === undefined) cards.set(customer, { customer, score: scores[row]!, isFraud });
    else {
      card.score = Math.max(card.score, scores[row]!);
      card.isFraud ||= isFraud;
    }
  }
  return [...byDay]
    .sort(([a], [b]) => a - b)
    .map(([, cards]) => [...cards.values()].sort((a, b) => b.score - a.score || a.customer - b.customer));
}
