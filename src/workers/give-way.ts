/** Work that may wait: a thread that gives the event loop, and whoever else has few cores, the first turn. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** From 0, as all others, to 19. */
const NICENESS = 5;

/** Lowers the priority of the thread that calls it, where threads have one of their own: on Linux. */
export function giveWay(): void {
  try {
    const thread = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (thread !== undefined) setPriority(Number(thread), NICENESS);
  } catch {
    // Elsewhere threads share what the process has.
  }
}
