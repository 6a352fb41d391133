/** What samples over time say: how fast something grows, and from which load on an answer waits. Pure. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** Slope of the line of least squares through the samples, a minute; 0 for fewer than two. */
export function slopePerMinute(samples: readonly Sample[]): number {
  const n = samples.length;
  if (n < 2) return 0;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / n;
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / n;
  let [over, under] = [0, 0];
  for (const { atMs, value } of samples) {
    over += (atMs - meanAt) * (value - mean);
    under += (atMs - meanAt) ** 2;
  }
  return under === 0 ? 0 : (over / under) * 60_000;
}

/** The value below which a share of all lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export interface Step {
  readonly offered: number;
  readonly achieved: number;
  readonly p99Ms: number;
}

/** The last step that took what it was offered, and kept its p99 below the bound; null when the first did not. */
export function kneeOf<S extends Step>(steps: readonly S[], p99BoundMs: number): S | null {
  let knee: S | null = null;
  for (const step of steps) {
    if (step.achieved < 0.95 * step.offered || step.p99Ms > p99BoundMs) break;
    knee = step;
  }
  return knee;
}
