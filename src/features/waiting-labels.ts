/** Labels that came before the time at which they are known, in order of that time, then of their content. */
import type { Key } from '../streams/key-column.ts';

export interface Label {
  readonly key: Key;
  readonly knownAtMs: number;
  /** Of the event that it is for. */
  readonly id: number;
  /** The event's time, where the label says it; else NaN. */
  readonly eventMs: number;
  /** By the columns of rows that are of labels. */
  readonly values: readonly number[];
}

export interface WaitingLabels {
  push(label: Label): void;
  /** Infinity when there is none. */
  nextMs(): number;
  take(): Label | undefined;
  all(): readonly Label[];
}

export function createWaitingLabels(): WaitingLabels {
  const heap: Label[] = [];
  return {
    push(label) {
      let at = heap.length;
      heap.push(label);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(label, heap[parent]!)) break;
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = label;
    },
    nextMs: () => heap[0]?.knownAtMs ?? Number.POSITIVE_INFINITY,
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return first;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
        if (!isBefore(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
      return first;
    },
    all: () => [...heap].sort((a, b) => (isBefore(a, b) ? -1 : 1)),
  };
}

/** Of labels of one time for one event the one of larger values holds: it comes last. */
function isBefore(one: Label, other: Label): boolean {
  if (one.knownAtMs !== other.knownAtMs) return one.knownAtMs < other.knownAtMs;
  if (one.id !== other.id) return one.id < other.id;
  for (const [i, value] of one.values.entries()) {
    const own = other.values[i]!;
    if (value !== own && !(Number.isNaN(value) && Number.isNaN(own))) return value < own || Number.isNaN(value);
  }
  return false;
}
