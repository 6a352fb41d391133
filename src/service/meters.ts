/** Counters with a rate: events a second over the last few seconds, from a clock that the caller reads. */
export interface Meter {
  add(count: number): void;
  readonly total: number;
  readonly perSecond: number;
}

export interface Meters {
  meter(id: string): Meter;
  /** Takes the time; call it about once a second. */
  tick(nowMs: number): void;
}

/** Weight of the newest second in a rate. */
const NEWEST = 0.4;

export function createMeters(startMs: number): Meters {
  const meters = new Map<string, { total: number; seen: number; perSecond: number }>();
  let lastMs = startMs;
  return {
    meter(id) {
      const state = meters.get(id) ?? { total: 0, seen: 0, perSecond: 0 };
      meters.set(id, state);
      return {
        add(count) {
          state.total += count;
        },
        get total() {
          return state.total;
        },
        get perSecond() {
          return state.perSecond;
        },
      };
    },
    tick(nowMs) {
      const seconds = (nowMs - lastMs) / 1000;
      if (seconds <= 0) return;
      lastMs = nowMs;
      for (const state of meters.values()) {
        const rate = (state.total - state.seen) / seconds;
        state.seen = state.total;
        state.perSecond = state.perSecond === 0 ? rate : state.perSecond + NEWEST * (rate - state.perSecond);
        if (state.perSecond < 0.01) state.perSecond = 0;
      }
    },
  };
}
