/** What a scenario gives. */
export interface Figures {
  readonly events: number;
  /** CPU time of the service and the processes of its stores, user and system, over the measured events. Null where it is not the point. */
  readonly nsPerEvent: number | null;
  /** Until all that the input causes is done. */
  readonly seconds: number;
  readonly peakRssMiB: number;
  /** From the handover to the durable commit, in ms. Of a saturated run it is time in full queues. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Of a recovery. */
  readonly secondsWithSnapshot?: number;
  /** What came of the input in the end: the same for the same events, whatever ran them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The run of the median CPU time, or wall time where there is none; of an even number the lower. */
export function medianOf(runs: readonly Figures[]): Figures {
  const cost = ({ nsPerEvent, seconds }: Figures): number => nsPerEvent ?? seconds;
  const sorted = [...runs].sort((a, b) => cost(a) - cost(b));
  const median = sorted[(sorted.length - 1) >> 1];
  if (median === undefined) throw new Error('A median is of one run at least');
  return median;
}

export function eventsPerCoreSecond({ nsPerEvent }: Pick<Figures, 'nsPerEvent'>): number | null {
  return nsPerEvent === null ? null : Math.round(1e9 / nsPerEvent);
}
