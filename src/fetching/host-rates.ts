/**
 * How often a host is asked, over all jobs: a token bucket for the rate, and a circuit breaker that leaves a host alone which
 * fails again and again. Both answer with how long to wait, in milliseconds; 0 is now.
 */
export interface Rate {
  readonly limit: number;
  readonly perMs: number;
}

interface Host {
  /** Tokens at `atMs`; below 0 for what was taken on credit. */
  tokens: number;
  atMs: number;
  failures: number;
  openUntilMs: number;
}

export interface HostRates {
  /** Takes the weight when there is room for it; otherwise takes nothing and says how long to wait. */
  take(host: string, rate: Rate | null, weight: number, nowMs: number): number;
  succeeded(host: string): void;
  /** Counts failures that were the host's: no answer, 5xx. */
  failed(host: string, nowMs: number): void;
}

/** So many failures in a row open the breaker. */
const FAILURES = 5;
const OPEN_MS = 10_000;
const OPEN_MAX_MS = 600_000;

export function createHostRates(): HostRates {
  const hosts = new Map<string, Host>();
  const of = (name: string, nowMs: number, limit: number): Host => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const host = { tokens: limit, atMs: nowMs, failures: 0, openUntilMs: 0 };
    hosts.set(name, host);
    return host;
  };
  return {
    take(name, rate, weight, nowMs) {
      const host = of(name, nowMs, rate?.limit ?? 0);
      if (host.openUntilMs > nowMs) return host.openUntilMs - nowMs;
      if (rate === null) return 0;
      const { limit, perMs } = rate;
      // A clock that went back gives nothing and takes nothing.
      const refilled = host.tokens + (Math.max(0, nowMs - host.atMs) * limit) / perMs;
      host.tokens = Math.min(limit, refilled);
      host.atMs = nowMs;
      // What weighs more than the bucket holds goes when it is full, and is paid for afterwards.
      const needed = Math.min(weight, limit);
      if (host.tokens < needed) return Math.ceil(((needed - host.tokens) * perMs) / limit);
      host.tokens -= weight;
      return 0;
    },
    succeeded(name) {
      const host = hosts.get(name);
      if (host !== undefined) host.failures = 0;
    },
    failed(name, nowMs) {
      const host = of(name, nowMs, 0);
      host.failures++;
      if (host.failures < FAILURES) return;
      host.openUntilMs = nowMs + Math.min(OPEN_MAX_MS, OPEN_MS * 2 ** (host.failures - FAILURES));
    },
  };
}
