/**
 * When an alert that a sink refused is tried again, and when it is given up. An alert is given up by its age, so that an
 * outage of the receiver loses no younger alert. Retries wait by exponential backoff with full jitter (Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog 2015). A circuit breaker waits longer once refusals follow each
 * other, whichever alerts they were for.
 */
export interface DeliveryPolicy {
  /** An alert of this age is given up when it is refused. */
  readonly giveUpAfterMs: number;
  /**
   * Attempts in a row at one alert before the alerts behind it have their turn, so that an alert that the receiver can't
   * take holds up no other.
   */
  readonly turnAttempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Refusals in a row, over all alerts of the sink, that open the circuit. */
  readonly breakerFailures: number;
  /** How long an open circuit waits before the next attempt. */
  readonly breakerMs: number;
}

export const DEFAULT_DELIVERY_POLICY: DeliveryPolicy = {
  giveUpAfterMs: 3 * 86_400_000,
  turnAttempts: 5,
  minBackoffMs: 500,
  maxBackoffMs: 30_000,
  breakerFailures: 4,
  breakerMs: 60_000,
};

export function circuitOpen(failuresInARow: number, policy: DeliveryPolicy): boolean {
  return failuresInARow >= policy.breakerFailures;
}

/** The wait after the given failed attempt (from 1) of an alert; `randomUnit` is from 0 to 1. */
export function retryDelayMs(
  attempt: number,
  failuresInARow: number,
  randomUnit: number,
  policy: DeliveryPolicy,
): number {
  const ceilingMs = Math.min(policy.maxBackoffMs, policy.minBackoffMs * 2 ** (attempt - 1));
  const backoffMs = randomUnit * ceilingMs;
  return circuitOpen(failuresInARow, policy) ? Math.max(policy.breakerMs, backoffMs) : backoffMs;
}
