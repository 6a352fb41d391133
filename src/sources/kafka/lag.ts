/**
 * How a partition's lag is judged: by whether it moves, not by how large it is.
 * Source: the rules of Burrow's consumer lag evaluation (github.com/linkedin/Burrow/wiki/Consumer-Lag-Evaluation-Rules).
 */
export type LagState =
  /** It has caught up within the window, or gets nearer. */
  | 'ok'
  /** It moves, and does not get nearer: the lag never fell within the window. */
  | 'warning'
  /** It does not move, and there is something to read. */
  | 'stalled'
  /** Nothing is known yet. */
  | 'unknown';

interface Sample {
  readonly next: number;
  readonly lag: number;
}

export interface LagWatch {
  /** To be called at equal intervals. */
  sample(next: number, end: number): void;
  state(): LagState;
}

/** Burrow looks at ten samples. */
const SAMPLES = 10;

export function createLagWatch(): LagWatch {
  let samples: readonly Sample[] = [];
  return {
    sample(next, end) {
      samples = [...samples, { next, lag: Math.max(0, end - next) }].slice(-SAMPLES);
    },
    state() {
      const first = samples[0];
      const last = samples.at(-1);
      if (first === undefined || last === undefined) return 'unknown';
      if (samples.some(({ lag }) => lag === 0)) return 'ok';
      if (samples.length < SAMPLES) return 'unknown';
      if (last.next === first.next) return last.lag >= first.lag ? 'stalled' : 'ok';
      const neverFell = samples.every(({ lag }, i) => i === 0 || lag >= (samples[i - 1]?.lag ?? 0));
      return neverFell ? 'warning' : 'ok';
    },
  };
}
