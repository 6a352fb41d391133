import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideRestart,
  NO_RESTARTS,
  type RestartDecision,
  type RestartPolicy,
} from '../../src/actors/restart-policy.ts';

const policy: RestartPolicy = { intensity: 3, periodMs: 5000, minBackoffMs: 100, maxBackoffMs: 1000, jitter: 0 };

/** Decides about failures of one unit at the given times, until it escalates. */
function decisions(times: readonly number[], using: RestartPolicy, random: () => number = () => 0): RestartDecision[] {
  const made: RestartDecision[] = [];
  let history = NO_RESTARTS;
  for (const at of times) {
    const decision = decideRestart(history, 'unit', at, random(), using);
    made.push(decision);
    if (decision.kind === 'escalate') break;
    history = decision.history;
  }
  return made;
}

const kinds = (times: readonly number[], using = policy): string[] => decisions(times, using).map(({ kind }) => kind);
const delays = (times: readonly number[], using: RestartPolicy): number[] =>
  decisions(times, using).map((decision) => (decision.kind === 'restart' ? decision.delayMs : Number.NaN));

describe('restart intensity, as supervisor(3) of Erlang/OTP has it', () => {
  // "If more than MaxR number of restarts occur in the last MaxT seconds, the supervisor terminates".
  it('grants MaxR restarts within the period and escalates the next failure', () => {
    expect(kinds([0, 1, 2, 3])).toEqual(['restart', 'restart', 'restart', 'escalate']);
  });

  it('counts a restart that is exactly one period old, and not an older one', () => {
    expect(kinds([0, 1, 2, 5000])).toEqual(['restart', 'restart', 'restart', 'escalate']);
    expect(kinds([0, 1, 2, 5001])).toEqual(['restart', 'restart', 'restart', 'restart']);
  });

  it('escalates the first failure when the intensity is zero', () => {
    expect(kinds([0], { ...policy, intensity: 0 })).toEqual(['escalate']);
  });

  it('counts the failures of all units of the supervisor together', () => {
    let history = NO_RESTARTS;
    for (const unit of ['a', 'b', 'c']) {
      const decision = decideRestart(history, unit, 0, 0, policy);
      if (decision.kind === 'restart') history = decision.history;
    }
    expect(decideRestart(history, 'd', 1, 0, policy).kind).toBe('escalate');
  });
});

describe('backoff, as BackoffSupervisor of Pekko has it', () => {
  // min(max, min·2^n): 100, 200, 400, 800, then the maximum.
  it('doubles up to its maximum', () => {
    const patient = { ...policy, intensity: 100 };
    expect(delays([0, 200, 500, 1000, 2000, 3200], patient)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('starts over after (min + max)/2 of running without a failure, and not a moment sooner', () => {
    const patient = { ...policy, intensity: 100 };
    // The second restart is due at 200 + 200; (100 + 1000)/2 is 550.
    expect(delays([0, 200, 400 + 549], patient)).toEqual([100, 200, 400]);
    expect(delays([0, 200, 400 + 550], patient)).toEqual([100, 200, 100]);
  });

  it('is counted for each unit on its own', () => {
    const first = decideRestart(NO_RESTARTS, 'a', 0, 0, policy);
    if (first.kind !== 'restart') throw new Error('the first failure was not restarted');
    expect(decideRestart(first.history, 'a', 1, 0, policy)).toMatchObject({ delayMs: 200 });
    expect(decideRestart(first.history, 'b', 1, 0, policy)).toMatchObject({ delayMs: 100 });
  });
});

const anyPolicy = fc
  .record({
    intensity: fc.integer({ min: 0, max: 8 }),
    periodMs: fc.integer({ min: 1, max: 10_000 }),
    minBackoffMs: fc.integer({ min: 1, max: 1000 }),
    spanMs: fc.integer({ min: 0, max: 30_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ spanMs, ...rest }): RestartPolicy => ({ ...rest, maxBackoffMs: rest.minBackoffMs + spanMs }));

const gapsMs = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 60 });

describe('any sequence of failures', () => {
  it('never gets more than `intensity` restarts within any window of the period', () => {
    fc.assert(
      fc.property(anyPolicy, gapsMs, (using, gaps) => {
        let nowMs = 0;
        const times = gaps.map((gap) => {
          nowMs += gap;
          return nowMs;
        });
        const granted = times.filter((_, i) => decisions(times, using)[i]?.kind === 'restart');
        for (const start of granted) {
          const inWindow = granted.filter((at) => at >= start && at <= start + using.periodMs);
          expect(inWindow.length).toBeLessThanOrEqual(using.intensity);
        }
      }),
    );
  });

  it('is restarted after at least the minimum and at most the maximum with full jitter', () => {
    fc.assert(
      fc.property(anyPolicy, gapsMs, fc.double({ min: 0, max: 1, noNaN: true }), (using, gaps, random) => {
        let nowMs = 0;
        const times = gaps.map((gap) => {
          nowMs += gap;
          return nowMs;
        });
        for (const decision of decisions(times, using, () => random)) {
          if (decision.kind === 'escalate') continue;
          expect(decision.delayMs).toBeGreaterThanOrEqual(using.minBackoffMs);
          expect(decision.delayMs).toBeLessThanOrEqual(using.maxBackoffMs * (1 + using.jitter));
        }
      }),
    );
  });
});
