/** The delay of the event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  /** The 99th percentile of the delay since the start or the last reset, in milliseconds. */
  p99Ms(): number;
  reset(): void;
}

const RESOLUTION_MS = 10;

export function monitorLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    // Only the part of the delay beyond the timer's own period kept anybody waiting.
    p99Ms: () => Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS),
    reset: () => histogram.reset(),
  };
}
