/**
 * One deadline for a whole exchange with another machine. The timer is held here until the exchange is over: a signal of
 * AbortSignal.any() over AbortSignal.timeout() may be collected before it fires, and the exchange then never ends
 * (nodejs/node#57736).
 */

/** Calls back once after the time; the returned function cancels that. */
export type StartTimer = (ms: number, callback: () => void) => () => void;

/** The exchange was not over in time. */
export class DeadlinePassed extends Error {
  constructor(deadlineMs: number) {
    super(`The deadline of ${deadlineMs} ms has passed`);
    this.name = 'DeadlinePassed';
  }
}

/**
 * What the exchange resolves with. Rejects with DeadlinePassed, or with the reason of `outer` once that aborts, whether
 * or not the exchange heeds its signal.
 */
export async function withinDeadline<T>(
  deadlineMs: number,
  startTimer: StartTimer,
  outer: AbortSignal | undefined,
  exchange: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const abort = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
  });
  const onOuter = (): void => abort.abort(outer?.reason);
  outer?.addEventListener('abort', onOuter, { once: true });
  const cancel = startTimer(deadlineMs, () => abort.abort(new DeadlinePassed(deadlineMs)));
  try {
    return await Promise.race([exchange(abort.signal), aborted]);
  } finally {
    cancel();
    outer?.removeEventListener('abort', onOuter);
  }
}

/** The timers of Node. They keep the process alive, as the exchange does. */
export const nodeTimer: StartTimer = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
