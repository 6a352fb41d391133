/**
 * Event-time timers: the earliest first, ties by key, so the order depends on the timers alone, and restored ones fire as the
 * lost ones would have.
 *
 * Most deadlines are an event's time and a constant, so they come nearly in order. A timer that is not before the last one of
 * the run goes behind it, which costs no comparison with others; any other goes to a binary min-heap. The next one is the first
 * of the run or the top of the heap.
 *
 * They are plain functions over a record, as everywhere in a partition's hot loops: V8 compiles a function once, but a
 * closure each time that it is made, and a process has many partitions.
 */
export interface Timers {
  size: number;
  /** The run: a ring from `first` to before `last`, both counted on; its number of places is a power of 2. */
  first: number;
  last: number;
  runMs: Float64Array;
  runKeys: Float64Array;
  /** The heap, in its first `heaped` places. */
  heaped: number;
  heapMs: Float64Array;
  heapKeys: Float64Array;
}

const INITIAL_PLACES = 64;
/** Stands where the run or the heap begins while it is empty. */
const NEVER_MS = Number.POSITIVE_INFINITY;

export function createTimers(): Timers {
  return {
    size: 0,
    first: 0,
    last: 0,
    runMs: new Float64Array(INITIAL_PLACES).fill(NEVER_MS, 0, 1),
    runKeys: new Float64Array(INITIAL_PLACES),
    heaped: 0,
    heapMs: new Float64Array(INITIAL_PLACES).fill(NEVER_MS, 0, 1),
    heapKeys: new Float64Array(INITIAL_PLACES),
  };
}

/** The earliest deadline; Infinity when there is none. */
export function nextDeadlineMs({ first, runMs, heapMs }: Timers): number {
  const ofRunMs = runMs[first & (runMs.length - 1)]!;
  const ofHeapMs = heapMs[0]!;
  return Math.min(ofRunMs, ofHeapMs);
}

export function addTimer(timers: Timers, deadlineMs: number, key: number): void {
  timers.size += 1;
  if (timers.last - timers.first === timers.runMs.length) growRun(timers);
  const { first, last, runMs, runKeys } = timers;
  const mask = runMs.length - 1;
  const before = (last - 1) & mask;
  if (first === last || !isBefore(deadlineMs, key, runMs[before]!, runKeys[before]!)) {
    runMs[last & mask] = deadlineMs;
    runKeys[last & mask] = key;
    timers.last = last + 1;
  } else addToHeap(timers, deadlineMs, key);
}

/** Removes the earliest timer and returns its key. Throws when there is none. */
export function takeTimer(timers: Timers): number {
  const { first, last, runMs, runKeys, heapMs, heapKeys } = timers;
  if (timers.size === 0) throw new Error('No timer is left to take');
  timers.size -= 1;
  const place = first & (runMs.length - 1);
  const isOfRun =
    first !== last && (timers.heaped === 0 || isBefore(runMs[place]!, runKeys[place]!, heapMs[0]!, heapKeys[0]!));
  if (!isOfRun) return takeFromHeap(timers);
  timers.first = first + 1;
  if (first + 1 === last) runMs[last & (runMs.length - 1)] = NEVER_MS;
  return runKeys[place]!;
}

function addToHeap(timers: Timers, deadlineMs: number, key: number): void {
  if (timers.heaped === timers.heapKeys.length) growHeap(timers);
  const { heapMs, heapKeys } = timers;
  let place = timers.heaped++;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!isBefore(deadlineMs, key, heapMs[parent]!, heapKeys[parent]!)) break;
    heapMs[place] = heapMs[parent]!;
    heapKeys[place] = heapKeys[parent]!;
    place = parent;
  }
  heapMs[place] = deadlineMs;
  heapKeys[place] = key;
}

function takeFromHeap(timers: Timers): number {
  const { heapMs, heapKeys } = timers;
  const taken = heapKeys[0]!;
  timers.heaped -= 1;
  const size = timers.heaped;
  // The last timer goes down from the top to its place.
  const deadlineMs = heapMs[size]!;
  const key = heapKeys[size]!;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= size) break;
    const right = child + 1;
    if (right < size && isBefore(heapMs[right]!, heapKeys[right]!, heapMs[child]!, heapKeys[child]!)) child = right;
    if (!isBefore(heapMs[child]!, heapKeys[child]!, deadlineMs, key)) break;
    heapMs[place] = heapMs[child]!;
    heapKeys[place] = heapKeys[child]!;
    place = child;
  }
  heapMs[place] = size === 0 ? NEVER_MS : deadlineMs;
  heapKeys[place] = key;
  return taken;
}

function growRun(timers: Timers): void {
  const { first, last, runMs, runKeys } = timers;
  const mask = runMs.length - 1;
  timers.runMs = new Float64Array(2 * runMs.length);
  timers.runKeys = new Float64Array(2 * runKeys.length);
  const largerMask = timers.runMs.length - 1;
  for (let i = first; i < last; i++) {
    timers.runMs[i & largerMask] = runMs[i & mask]!;
    timers.runKeys[i & largerMask] = runKeys[i & mask]!;
  }
}

function growHeap(timers: Timers): void {
  const { heapMs, heapKeys, heaped } = timers;
  timers.heapMs = new Float64Array(2 * heaped);
  timers.heapMs.set(heapMs);
  timers.heapKeys = new Float64Array(2 * heaped);
  timers.heapKeys.set(heapKeys);
}

function isBefore(deadlineMs: number, key: number, otherMs: number, otherKey: number): boolean {
  return deadlineMs < otherMs || (deadlineMs === otherMs && key < otherKey);
}
