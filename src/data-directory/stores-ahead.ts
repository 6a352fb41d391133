/** A store vouches for nothing that its journal has not: it is then of another journal, or of one that was cut. */

/** Whether a store has more of a log than the log has. */
export function isAhead(
  offsets: Readonly<Record<string, number>>,
  endOf: (log: string) => number | undefined,
): boolean {
  return Object.entries(offsets).some(([log, next]) => next > (endOf(log) ?? next));
}
