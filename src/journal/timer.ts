/** The port to timers: the journal asks for nothing but a later turn. */
export interface Timer {
  /** Calls back once after the delay, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Does not keep the process alive. */
export const systemTimer: Timer = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
