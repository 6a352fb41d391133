/**
 * Event-time timers: a binary min-heap over (deadline, key). Ties go by key, so the order depends on the timers alone, and a
 * restored heap fires as the lost one would have.
 *
 * They are plain functions over a record, as everywhere in a partition's hot loops: V8 compiles a function once, but a
 * closure each time that it is made, and a process has many partitions.
 */
export interface Timers {
  size: number;
  /** The heap, in its first `size` places. */
  deadlinesMs: Float64Array;
  /** The keys, in the same places. */
  keys: Float64Array;
}

const INITIAL_PLACES = 64;

export function createTimers(): Timers {
  return { size: 0, deadlinesMs: new Float64Array(INITIAL_PLACES), keys: new Float64Array(INITIAL_PLACES) };
}

/** The earliest deadline; Infinity when there is none. */
export function nextDeadlineMs(timers: Timers): number {
  return timers.size === 0 ? Number.POSITIVE_INFINITY : timers.deadlinesMs[0]!;
}

export function addTimer(timers: Timers, deadlineMs: number, key: number): void {
  if (timers.size === timers.keys.length) grow(timers);
  const { deadlinesMs, keys } = timers;
  let place = timers.size++;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!isBefore(deadlineMs, key, deadlinesMs[parent]!, keys[parent]!)) break;
    deadlinesMs[place] = deadlinesMs[parent]!;
    keys[place] = keys[parent]!;
    place = parent;
  }
  deadlinesMs[place] = deadlineMs;
  keys[place] = key;
}

/** Removes the earliest timer and returns its key. Throws when there is none. */
export function takeTimer(timers: Timers): number {
  const { deadlinesMs, keys } = timers;
  if (timers.size === 0) throw new Error('No timer is left to take');
  const taken = keys[0]!;
  timers.size -= 1;
  const { size } = timers;
  // The last timer goes down from the top to its place.
  const deadlineMs = deadlinesMs[size]!;
  const key = keys[size]!;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= size) break;
    const right = child + 1;
    if (right < size && isBefore(deadlinesMs[right]!, keys[right]!, deadlinesMs[child]!, keys[child]!)) child = right;
    if (!isBefore(deadlinesMs[child]!, keys[child]!, deadlineMs, key)) break;
    deadlinesMs[place] = deadlinesMs[child]!;
    keys[place] = keys[child]!;
    place = child;
  }
  deadlinesMs[place] = deadlineMs;
  keys[place] = key;
  return taken;
}

function grow(timers: Timers): void {
  const { deadlinesMs, keys, size } = timers;
  timers.deadlinesMs = new Float64Array(2 * size);
  timers.deadlinesMs.set(deadlinesMs);
  timers.keys = new Float64Array(2 * size);
  timers.keys.set(keys);
}

function isBefore(deadlineMs: number, key: number, otherMs: number, otherKey: number): boolean {
  return deadlineMs < otherMs || (deadlineMs === otherMs && key < otherKey);
}
