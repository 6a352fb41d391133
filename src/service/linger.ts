/** How long a batch waits for others, to be one commit with them: `runtime.linger`. */
import type { Platform } from './platform.ts';

/**
 * Runs a callback `lingerMs` after the first batch asks for it. The callback runs at once where there is no linger, or
 * where the mailbox has no room: a source that a full mailbox holds up must not wait longer. Batches that come while a
 * commit is under way are taken when it ends.
 */
export function afterLinger(
  { sleep, later }: Pick<Platform, 'sleep' | 'later'>,
  lingerMs: number,
  hasRoom: () => boolean,
): Platform['later'] {
  let isWaiting = false;
  return (callback) => {
    if (lingerMs === 0 || !hasRoom()) return later(callback);
    if (isWaiting) return;
    isWaiting = true;
    void sleep(lingerMs).then(() => {
      isWaiting = false;
      callback();
    });
  };
}
