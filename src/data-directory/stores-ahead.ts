/** A store vouches for nothing that its journal has not: it is then of another journal, or of one that was cut. */

/** Whether a store that stands at these offsets has been given more of a log than there is. */
export function isAhead(
  offsets: Readonly<Record<string, number>>,
  endOf: (log: string) => number | undefined,
): boolean {
  return Object.entries(offsets).some(([log, next]) => next > (endOf(log) ?? next));
}
