/** Which intervals of a job are done: ranges, since what follows upon each other is one range. */

export interface Ledger {
  /** [start, end) of what succeeded, rising, apart from each other. */
  readonly done: { start: number; end: number }[];
  /** Ends of the intervals whose last run failed, by their start. */
  readonly failed: Map<number, number>;
}

/** The oldest failures are forgotten beyond so many. */
const FAILED_MAX = 10_000;

export function emptyLedger(): Ledger {
  return { done: [], failed: new Map() };
}

export function noteInterval(ledger: Ledger, start: number, end: number, succeeded: boolean): void {
  if (!succeeded) {
    ledger.failed.delete(start);
    ledger.failed.set(start, end);
    for (const oldest of ledger.failed.keys()) {
      if (ledger.failed.size <= FAILED_MAX) break;
      ledger.failed.delete(oldest);
    }
    return;
  }
  ledger.failed.delete(start);
  const { done } = ledger;
  let at = done.length;
  while (at > 0 && (done[at - 1]?.start ?? 0) > start) at--;
  done.splice(at, 0, { start, end });
  for (let i = Math.max(1, at); i < done.length && i <= at + 1; ) {
    const before = done[i - 1];
    const here = done[i];
    if (before === undefined || here === undefined || here.start > before.end) {
      i++;
      continue;
    }
    before.end = Math.max(before.end, here.end);
    done.splice(i, 1);
  }
}

export function standingOf(ledger: Ledger, start: number, end: number): 'success' | 'failed' | 'none' {
  if (ledger.failed.has(start)) return 'failed';
  return ledger.done.some((range) => range.start <= start && range.end >= end) ? 'success' : 'none';
}
