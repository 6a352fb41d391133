/**
 * Which operator's code runs in this thread: what guards the clock, and what looks for code that does not return, ask
 * here. Set around each call of a handler, so it costs a store and no more.
 */
export const running: { operator: string | null; calls: number } = { operator: null, calls: 0 };
