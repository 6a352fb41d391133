/**
 * Event-time timers: a binary min-heap over (deadline, key). Ties go by key, so that timers fire in an order that
 * depends on their content alone: a restored heap fires as the lost one would have.
 */
export interface Timers {
  readonly size: number;
  add(deadlineMs: number, key: number): void;
  /** The earliest deadline; Infinity when there is none. */
  nextDeadlineMs(): number;
  /** Removes the earliest timer and returns its key. Throws when there is none. */
  take(): number;
}

export function createTimers(): Timers {
  const deadlines: number[] = [];
  const keys: number[] = [];

  const before = (a: number, b: number): boolean => {
    const difference = deadlines[a]! - deadlines[b]!;
    return difference < 0 || (difference === 0 && keys[a]! < keys[b]!);
  };
  const swap = (a: number, b: number): void => {
    const deadline = deadlines[a]!;
    const key = keys[a]!;
    deadlines[a] = deadlines[b]!;
    keys[a] = keys[b]!;
    deadlines[b] = deadline;
    keys[b] = key;
  };

  return {
    get size() {
      return keys.length;
    },
    add(deadlineMs, key) {
      let child = deadlines.push(deadlineMs) - 1;
      keys.push(key);
      while (child > 0) {
        const parent = (child - 1) >> 1;
        if (!before(child, parent)) break;
        swap(child, parent);
        child = parent;
      }
    },
    nextDeadlineMs: () => deadlines[0] ?? Number.POSITIVE_INFINITY,
    take() {
      const taken = keys[0];
      if (taken === undefined) throw new Error('No timer is left to take');
      const last = keys.length - 1;
      swap(0, last);
      deadlines.pop();
      keys.pop();
      let parent = 0;
      for (;;) {
        const left = 2 * parent + 1;
        if (left >= last) break;
        const right = left + 1;
        const child = right < last && before(right, left) ? right : left;
        if (!before(child, parent)) break;
        swap(child, parent);
        parent = child;
      }
      return taken;
    },
  };
}
