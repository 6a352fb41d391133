/**
 * A thread that hosts partitions: one of `runtime.threads`. The task never ends by itself: it has the thread for as long as
 * the pool lives.
 */
import { setImmediate } from 'node:timers/promises';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { showRunningIn } from '../operators/running.ts';
import type { ThreadTask, ToThread } from './partition-protocol.ts';
import { hostPartitions } from './thread-side.ts';

/** How often it says what operators hold. */
const HELD_EVERY_MS = 1000;

export default function runThread({ port, running }: ThreadTask): Promise<never> {
  showRunningIn(running);
  const { hears, tellHeld } = hostPartitions({
    syncFs: nodeSyncFs,
    elapsedMs: () => performance.now(),
    nextTurn: () => setImmediate(),
    post: (message, memory = []) => port.postMessage(message, memory),
  });
  port.on('message', (message: ToThread) => hears(message));
  setInterval(tellHeld, HELD_EVERY_MS);
  return new Promise(() => {});
}
