/**
 * The profile of a customer at a moment, from which a model of activity predicts whether more transactions will come. A
 * customer is gone when none comes within the horizon.
 */
import type { LabelledTable } from '../models/table.ts';

const DAY_MS = 86_400_000;
/** Who had no transaction for so long is no customer any more, and not asked about. */
const HISTORY_DAYS = 90;

/** Of one customer, in order of time. */
export interface CustomerHistory {
  readonly customerId: number;
  readonly timesMs: Float64Array;
  readonly amountsCents: Float64Array;
}

/** The columns of a profile. Counts and means are of the days before the moment. */
export const PROFILE_COLUMNS = [
  'days_since_last',
  'transactions_7day',
  'transactions_30day',
  'transactions_90day',
  'active_days_30day',
  'mean_gap_days',
  'last_gap_to_mean',
  'mean_amount_90day',
] as const;

/** Null for who had no transaction in the last 90 days before it. Only what came before the moment counts. */
export function profileAt({ timesMs, amountsCents }: CustomerHistory, atMs: number): Float64Array | null {
  const end = firstFrom(timesMs, atMs);
  const begin = firstFrom(timesMs, atMs - HISTORY_DAYS * DAY_MS);
  const count = end - begin;
  if (count <= 0) return null;
  const sinceLast = (atMs - timesMs[end - 1]!) / DAY_MS;
  const within = (days: number): number => end - firstFrom(timesMs, atMs - days * DAY_MS);
  const activeDays = new Set<number>();
  for (let at = end - within(30); at < end; at++) activeDays.add(Math.floor(timesMs[at]! / DAY_MS));
  let cents = 0;
  for (let at = begin; at < end; at++) cents += amountsCents[at]!;
  // Of a single transaction the whole history is the gap.
  const meanGap = count > 1 ? (timesMs[end - 1]! - timesMs[begin]!) / DAY_MS / (count - 1) : HISTORY_DAYS;
  return Float64Array.of(
    sinceLast,
    within(7),
    within(30),
    count,
    activeDays.size,
    meanGap,
    sinceLast / Math.max(meanGap, 1 / 24),
    cents / count / 100,
  );
}

/** Whether none came in the days from the moment on. */
export function isGone({ timesMs }: CustomerHistory, atMs: number, horizonDays: number): boolean {
  return firstFrom(timesMs, atMs) === firstFrom(timesMs, atMs + horizonDays * DAY_MS);
}

/** A row for each customer at each of the moments; with `ofRow` whose it is. */
export function activityTable(
  all: readonly CustomerHistory[],
  momentsMs: readonly number[],
  horizonDays: number,
): LabelledTable & { readonly ofRow: readonly CustomerHistory[] } {
  const found = momentsMs.flatMap((atMs) =>
    all.flatMap((history) => {
      const profile = profileAt(history, atMs);
      return profile === null ? [] : [{ history, profile, gone: isGone(history, atMs, horizonDays) }];
    }),
  );
  const width = PROFILE_COLUMNS.length;
  const values = new Float64Array(found.length * width);
  for (const [row, { profile }] of found.entries()) values.set(profile, row * width);
  return {
    names: PROFILE_COLUMNS,
    rows: found.length,
    values,
    labels: Uint8Array.from(found, ({ gone }) => (gone ? 1 : 0)),
    ofRow: found.map(({ history }) => history),
  };
}

/** The first place with this time or a later one. */
function firstFrom(timesMs: Float64Array, fromMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
