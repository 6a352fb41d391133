/** How long a batch waits for others, to be one commit with them: `runtime.linger`. */
import type { Platform } from './platform.ts';

/**
 * Runs a callback `lingerMs` after the first of several asks for it; at once where there is no linger, or no room for more: a
 * source that a full mailbox holds up waits no longer. What comes while a commit is under way is taken when that ends.
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
