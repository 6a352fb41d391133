/** Lets a thread of patient work give the event loop the first turn on few cores. */
import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** Steps of priority below the other threads of the process. */
const STEPS = 5;

/** Lowers the priority of the thread that calls it, where threads have one of their own: on Linux. */
export function giveWay(): void {
  try {
    const thread = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (thread === undefined) return;
    const lower = getPriority(Number(thread)) + STEPS;
    setPriority(Number(thread), Math.min(lower, constants.priority.PRIORITY_LOW));
  } catch {
    // Elsewhere threads share what the process has.
  }
}
