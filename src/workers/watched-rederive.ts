/**
 * Deriving a log anew, watched from outside: an operator of a user that does not return now where it did before is a
 * difference like any other, and is named. The thread that it holds is ended.
 */
import type { Piscina } from 'piscina';
import { runningMemory } from '../operators/running.ts';
import type { Rederived } from '../partition/rederive.ts';
import type { Lacking, RederiveTask, WatchedTask } from './rederive-log.ts';
import { watchForStuckCalls } from './stuck-calls.ts';

/** A log can't be derived anew here, so it can't be said whether the journal differs. */
class CannotCompare extends Error {
  readonly isDown = true;
}

/** Rejects when a frame can't be read, and when something is not there that the log was derived with. */
export async function rederiveWatched(
  pool: Piscina,
  filename: string,
  task: RederiveTask,
  stuckAfterMs: number,
): Promise<Rederived> {
  const watched: WatchedTask = { ...task, running: runningMemory(), reached: new SharedArrayBuffer(8) };
  const abort = new AbortController();
  let problem: string | null = null;
  const stopWatching = watchForStuckCalls(watched.running, stuckAfterMs, ({ operator, stream }) => {
    const what = stream === null ? 'operator' : 'function';
    problem = `The ${what} ${operator} has not returned for ${stuckAfterMs / 1000} s (supervision.stuckAfter)`;
    abort.abort();
  });
  try {
    const found: Rederived | Lacking = await pool.run(watched, { filename, signal: abort.signal });
    if ('lacking' in found) throw new CannotCompare(`${task.log} can't be derived anew: ${found.lacking}`);
    return found;
  } catch (error) {
    if (problem === null) throw error;
    const [offset = 0] = new Float64Array(watched.reached);
    const first = { offset, detail: `${problem}: the log was not derived any further` };
    return { commits: 1, inputEvents: 0, derivedEvents: 0, differences: 1, first };
  } finally {
    stopWatching();
  }
}
