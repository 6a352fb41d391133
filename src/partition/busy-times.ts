/** How long operators have been at work, batch by batch: two looks at a clock for each batch of an operator, none for an event. */
import type { Operator } from '../streams/operator.ts';
import { drive } from './drive.ts';
import type { Step } from './steps.ts';

export interface BusyTimes {
  /** Drives an operator over a batch. Throws what the operator throws; the time counts all the same. */
  drive(operator: Operator, steps: readonly Step[]): void;
  /** Milliseconds that the operator has worked since the operators began. */
  of(operator: Operator): number;
}

/** `elapsedMs` never goes back, and has fractions of a millisecond. */
export function createBusyTimes(elapsedMs: () => number): BusyTimes {
  const spent = new Map<Operator, number>();
  return {
    drive(operator, steps) {
      const startMs = elapsedMs();
      try {
        drive(operator, steps);
      } finally {
        spent.set(operator, (spent.get(operator) ?? 0) + elapsedMs() - startMs);
      }
    },
    of: (operator) => spent.get(operator) ?? 0,
  };
}
