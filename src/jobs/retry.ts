/**
 * How long a failed attempt waits. The base grows by a factor with each attempt and the wait lies in [b, 2b), as
 * Airflow's exponential backoff: the jitter comes from the attempt's identity, so the same attempt always waits equally
 * long, and jobs that failed together don't return together.
 */
import { createHash } from 'node:crypto';

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly baseMs: number;
  /** Each wait's base is so many times the one before. */
  readonly factor: number;
  readonly capMs: number;
}

/** The wait after failed attempt `attempt` (from 1) of the run `runId`. */
export function retryDelayMs(policy: RetryPolicy, runId: string, attempt: number): number {
  const lowMs = policy.baseMs * policy.factor ** (attempt - 1);
  if (lowMs >= policy.capMs) return policy.capMs;
  const digest = createHash('sha1').update(`${runId}#${attempt}`).digest();
  const jitter = digest.readUInt32BE(0) / 2 ** 32;
  return Math.min(policy.capMs, Math.floor(lowMs * (1 + jitter)));
}
