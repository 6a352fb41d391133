/**
 * Nothing of the service may read the real clock, wait for it or reach the real network while it is simulated. The
 * globals that do so are replaced for the length of a run, and whoever calls one is told of with a stack.
 */
const FORBIDDEN: readonly (readonly [holder: object, name: string])[] = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [globalThis, 'fetch'],
  [Date, 'now'],
  [performance, 'now'],
  [AbortSignal, 'timeout'],
];

const SOURCES = new URL('../../src/', import.meta.url).pathname;

/** xstate notes when it scheduled an event, for snapshots of its own that nobody takes; vitest times what is printed. */
const IGNORED = ['/node_modules/xstate/', '/node_modules/vitest/'];

/** Returns how to take it away again. `Math.random` stays: xstate names timers with it, and nothing depends on names. */
export function setTripwire(onTripped: (what: string) => void): () => void {
  const restore = FORBIDDEN.map(([holder, name]) => {
    const real: unknown = Reflect.get(holder, name);
    if (typeof real !== 'function') throw new Error(`${name} is no function`);
    const own = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        const [caller = '', ...callers] = new Error().stack?.split('\n').slice(2) ?? [];
        const fromService = [caller, ...callers].some((frame) => frame.includes(SOURCES));
        const ignored = IGNORED.some((path) => caller.includes(path));
        if (fromService && !ignored) onTripped(`${name} was called: ${caller.trim()}`);
        return Reflect.apply(real, this, args);
      },
    });
    return () => {
      if (own === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, own);
    };
  });
  return () => {
    for (const undo of restore) undo();
  };
}
