/**
 * How long to wait after Open-Meteo's 429. It sends no Retry-After; the body's reason names the limit that is spent,
 * and the counters start again on the UTC clock.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Milliseconds until the limit that `reason` names starts again; null when it names none. */
export function quotaWaitMs(reason: string, nowMs: number): number | null {
  const periodMs = periodOf(reason);
  return periodMs === null ? null : periodMs - (nowMs % periodMs);
}

function periodOf(reason: string): number | null {
  if (/\bminutely\b/i.test(reason)) return MINUTE_MS;
  if (/\bhourly\b/i.test(reason)) return HOUR_MS;
  if (/\bdaily\b/i.test(reason)) return DAY_MS;
  return null;
}
