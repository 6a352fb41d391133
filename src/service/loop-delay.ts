/** How long the event loop kept somebody waiting. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  /** Since the start or the last reset, in milliseconds. */
  p99Ms(): number;
  reset(): void;
}

const RESOLUTION_MS = 10;

export function monitorLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    // The delay beyond the timer's own period is what somebody waited for.
    p99Ms: () => Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS),
    reset: () => histogram.reset(),
  };
}
