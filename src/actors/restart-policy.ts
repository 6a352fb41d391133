/**
 * When a failed child is restarted, and when its supervisor gives up: Erlang/OTP's restart intensity with Pekko's
 * backoff. More than `intensity` restarts within `periodMs` escalate.
 */
export interface RestartPolicy {
  readonly intensity: number;
  readonly periodMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Share of the backoff that chance may add. */
  readonly jitter: number;
}

export interface RestartHistory {
  /** Times of the restarts within the period, ascending. */
  readonly restartsAtMs: readonly number[];
  /** Failures since the last quiet stretch. */
  readonly streak: number;
  readonly lastFailureMs: number;
}

export const NO_RESTARTS: RestartHistory = { restartsAtMs: [], streak: 0, lastFailureMs: Number.NEGATIVE_INFINITY };

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly kind: 'escalate' };

/**
 * Backoff is min(max, min·2^n)·(1 + random·jitter), and starts over after (min + max)/2 without a failure.
 * `random` is from 0 to 1.
 */
export function decideRestart(
  history: RestartHistory,
  policy: RestartPolicy,
  nowMs: number,
  random: number,
): RestartDecision {
  const recent = history.restartsAtMs.filter((at) => nowMs - at < policy.periodMs);
  if (recent.length >= policy.intensity) return { kind: 'escalate' };
  const quiet = nowMs - history.lastFailureMs > (policy.minBackoffMs + policy.maxBackoffMs) / 2;
  const streak = quiet ? 0 : history.streak;
  const backoffMs = Math.min(policy.maxBackoffMs, policy.minBackoffMs * 2 ** streak);
  return {
    kind: 'restart',
    delayMs: backoffMs * (1 + random * policy.jitter),
    history: { restartsAtMs: [...recent, nowMs], streak: streak + 1, lastFailureMs: nowMs },
  };
}
