/**
 * Calls of an operator's code that do not return. A single thread can't have one, so the operator of the scenario asks here: in
 * a simulated thread the call ends in an error that nobody hears of, since the thread is silent from then on.
 */
import { type RunningCall, runningCall, runningMemory, showRunningIn } from '../../src/operators/running.ts';

/** As test/fixtures/operators/payments.js calls it. */
const ASKED = Symbol.for('millrace.simulation.hang');

export interface Hangs {
  /** Who hears of a call that does not return. */
  listen(hears: (call: RunningCall) => void): void;
  restore(): void;
}

let isOff = false;

/** `stuckAfterMs` as the configuration has it. */
export function simulateHangs(stuckAfterMs: number): Hangs {
  const memory = runningMemory();
  showRunningIn(memory);
  let listener: (call: RunningCall) => void = () => {};
  Reflect.set(globalThis, ASKED, () => {
    const call = runningCall(memory);
    if (call === null) throw new Error('A call of nobody hangs');
    if (!isOff) listener(call);
    // As the dead letter says it of the call that is cut off.
    const words = `has not returned for ${stuckAfterMs / 1000} s (supervision.stuckAfter)`;
    throw new Error(`the operator ${call.operator} ${words}`);
  });
  return {
    listen(hears) {
      listener = hears;
    },
    restore() {
      Reflect.deleteProperty(globalThis, ASKED);
      showRunningIn(runningMemory());
    },
  };
}

/** What runs in no thread of the service: a call that hangs there fails, and says why. */
export function withoutHangs<T>(run: () => T): T {
  isOff = true;
  try {
    return run();
  } finally {
    isOff = false;
  }
}
