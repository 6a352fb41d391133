/** The state of the sinks while they run. */
import type { StageStatus } from '../http/view.ts';

export interface WatchedSink {
  /** Events that the sink has still to send or to pass over. */
  lag(): number;
  /** Why the receiver last refused an event, in words; null once it takes events again. */
  problem(): string | null;
}

export interface WatchedSinks {
  /** Watches a sink. Returns a function that ends the watching. */
  watch(sink: string, watched: WatchedSink): () => void;
  where(sink: string): Pick<StageStatus, 'lag' | 'problem'>;
}

export function createWatchedSinks(): WatchedSinks {
  const all = new Map<string, WatchedSink>();
  return {
    watch(sink, watched) {
      all.set(sink, watched);
      return () => {
        if (all.get(sink) === watched) all.delete(sink);
      };
    },
    where(sink) {
      const watched = all.get(sink);
      const lag = watched?.lag() ?? null;
      const problem = watched?.problem() ?? null;
      // The event that was refused last may have been given up since.
      return problem === null || lag === 0 ? { lag } : { lag, problem };
    },
  };
}
