/**
 * When a failed child is restarted, and when its supervisor gives up. Intensity is Erlang/OTP's (supervisor.erl,
 * add_restart): restarts are counted over all children of a supervisor, and more than `intensity` of them within `periodMs`
 * escalate. Backoff is Pekko's (BackoffSupervisor): it is counted for each unit that restarts together.
 */
export interface RestartPolicy {
  readonly intensity: number;
  readonly periodMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Share of the backoff that chance may add. */
  readonly jitter: number;
}

/** A failure that every restart would meet again: the supervisor gives up at once. */
export class LastingError extends Error {}

export interface RestartHistory {
  /** Times of the restarts that were granted within the period of the last one; ascending, at most `intensity` of them. */
  readonly grantedAtMs: readonly number[];
  readonly backoff: ReadonlyMap<string, UnitBackoff>;
}

interface UnitBackoff {
  /** Restarts since the last quiet stretch. */
  readonly streak: number;
  /** When the unit was due to run again after the last restart. */
  readonly dueAtMs: number;
}

export const NO_RESTARTS: RestartHistory = { grantedAtMs: [], backoff: new Map() };

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly kind: 'escalate' };

/**
 * Decides about a failure of `unit`: one child, or all of a group that restarts together. The delay is
 * min(max, min·2^n)·(1 + random·jitter), and n starts over once the unit has run for (min + max)/2 without a failure.
 */
export function decideRestart(
  history: RestartHistory,
  unit: string,
  nowMs: number,
  randomUnit: number,
  policy: RestartPolicy,
): RestartDecision {
  const { intensity, periodMs, minBackoffMs, maxBackoffMs, jitter } = policy;
  const recent = history.grantedAtMs.filter((at) => at >= nowMs - periodMs);
  if (recent.length + 1 > intensity) return { kind: 'escalate' };
  const before = history.backoff.get(unit);
  const quietMs = (minBackoffMs + maxBackoffMs) / 2;
  const streak = before === undefined || nowMs - before.dueAtMs >= quietMs ? 0 : before.streak;
  const delayMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** streak) * (1 + randomUnit * jitter);
  const backoff = new Map(history.backoff).set(unit, { streak: streak + 1, dueAtMs: nowMs + delayMs });
  return { kind: 'restart', delayMs, history: { grantedAtMs: [...recent, nowMs], backoff } };
}
