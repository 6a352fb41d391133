/**
 * Looks from outside whether a thread still leaves the operators that it calls. One that does not return can say nothing
 * and take no message; the memory that it writes around each call shows which it is.
 */
import { type RunningCall, runningCall } from '../operators/running.ts';

/** So many looks in a row must see the same call. A process that was held up itself looks less often, and blames nobody. */
const LOOKS = 5;

/** Tells once of a call that takes so long. Returns what ends the watch. */
export function watchForStuckCalls(
  running: SharedArrayBuffer,
  stuckAfterMs: number,
  onStuck: (call: RunningCall) => void,
): () => void {
  let seen: RunningCall | null = null;
  let again = 0;
  const timer = setInterval(
    () => {
      const now = runningCall(running);
      again = now !== null && now.number === seen?.number ? again + 1 : 0;
      seen = now;
      if (now === null || again < LOOKS) return;
      clearInterval(timer);
      onStuck(now);
    },
    Math.max(1, stuckAfterMs / LOOKS),
  );
  timer.unref();
  return () => clearInterval(timer);
}
