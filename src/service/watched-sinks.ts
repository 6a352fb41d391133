/** Where the sinks are, as long as they run. */
import type { StageStatus } from '../http/view.ts';

export interface WatchedSink {
  /** Events that it has still to send, or to pass over. */
  lag(): number;
  /** Why what it sent was refused last, in words; null once it is taken. */
  problem(): string | null;
}

export interface WatchedSinks {
  /** Returns what ends it. */
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
      // What was refused last may have been given up since.
      return problem === null || lag === 0 ? { lag } : { lag, problem };
    },
  };
}
