/**
 * Keys of exchanges that call functions of users: computed in a thread of their own, which another one watches. A call that
 * does not return ends the thread; the block is then placed without it, as the partition that gets its row is told to do.
 */
import type { CallCutOff } from '../messages/streams.ts';
import { type RunningCall, runningMemory } from '../operators/running.ts';
import type { PlaceRowsTask } from './place-rows.ts';
import { startThreadPool } from './pool.ts';
import { watchForStuckCalls } from './stuck-calls.ts';

export interface PlacedRows {
  /** By row the partition, or NOWHERE. */
  readonly partitionOfRow: Int32Array;
  /** Calls that did not return; the rows that they were for are in the first partition. */
  readonly cutOffs: readonly CallCutOff[];
}

export interface RowPlacer {
  /** Rejects when the signal aborts. */
  place(task: PlaceRowsTask, signal: AbortSignal): Promise<PlacedRows>;
  close(): Promise<void>;
}

/** A thread that has nothing to do ends after this time. */
const IDLE_MS = 30_000;

/** A call that takes `stuckAfterMs` is cut off. The thread starts when it is first used. */
export function startRowPlacer(stuckAfterMs: number): RowPlacer {
  const pool = startThreadPool({ task: 'place-rows', threads: 1, idleMs: IDLE_MS });

  /** The rows' partitions, or the call that held the thread. */
  async function placed(task: PlaceRowsTask, cutOffs: readonly CallCutOff[], signal: AbortSignal) {
    const running = runningMemory();
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    const seen: { stuck: RunningCall | null } = { stuck: null };
    const stopWatching = watchForStuckCalls(running, stuckAfterMs, (call) => {
      seen.stuck = call;
      abort.abort();
    });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const partitionOfRow: Int32Array = await pool.run({ ...task, running, cutOffs }, { signal: abort.signal });
      return { partitionOfRow, stuck: null };
    } catch (error) {
      if (seen.stuck === null) throw error;
      return { partitionOfRow: null, stuck: seen.stuck };
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopWatching();
    }
  }

  return {
    async place(task, signal) {
      const cutOffs: CallCutOff[] = [];
      for (;;) {
        signal.throwIfAborted();
        const { partitionOfRow, stuck } = await placed(task, cutOffs, signal);
        if (partitionOfRow !== null) return { partitionOfRow, cutOffs };
        const { operator, place } = stuck;
        const what = `the function ${operator} of the keys of ${task.exchange}`;
        const error = `${what} has not returned for ${stuckAfterMs / 1000} s (supervision.stuckAfter)`;
        if (cutOffs.some(({ given }) => given === place.given)) throw new Error(error);
        cutOffs.push({ operator, ...place, error });
      }
    },
    close: () => pool.destroy(),
  };
}
