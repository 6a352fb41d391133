/**
 * Simulated time and the order of everything: all that waits, waits here, and chance decides what runs next among what
 * is due. Time moves a little with each step, as work takes time, and jumps to the next task when nothing is due.
 */
import type { Random } from '../../src/models/random.ts';

/** Whoever tasks belong to: a process, or the world around it. */
export interface Owner {
  readonly name: string;
  alive: boolean;
}

export interface Task {
  readonly label: string;
  cancel(): void;
}

export interface TaskOptions {
  readonly owner: Owner;
  readonly delayMs: number;
  /** Short, and the same in every run of a seed: it is part of the trace. */
  readonly label: string;
  run(): void;
}

export interface Scheduler {
  /** Epoch ms, whole. */
  nowMs(): number;
  schedule(options: TaskOptions): Task;
  /** Takes the next task; null when there is none at all. The caller runs it. */
  next(): { readonly label: string; readonly owner: Owner; run(): void } | null;
  /** Ends the owner: nothing of it ever runs again. */
  kill(owner: Owner): void;
}

interface Entry extends TaskOptions {
  readonly dueMs: number;
  readonly sequence: number;
  cancelled: boolean;
}

/** What one step takes. */
const STEP_MS = 0.05;

export function createScheduler(startMs: number, random: Random): Scheduler {
  let timeMs = startMs;
  let sequence = 0;
  /** A binary heap by due time, then sequence. */
  const later: Entry[] = [];
  const due: Entry[] = [];

  const before = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);

  function push(entry: Entry): void {
    let at = later.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, later[parent]!)) break;
      later[at] = later[parent]!;
      at = parent;
    }
    later[at] = entry;
  }

  function pop(): Entry {
    const top = later[0]!;
    const last = later.pop()!;
    if (later.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= later.length) break;
      if (child + 1 < later.length && before(later[child + 1]!, later[child]!)) child++;
      if (!before(later[child]!, last)) break;
      later[at] = later[child]!;
      at = child;
    }
    later[at] = last;
    return top;
  }

  const isOver = (entry: Entry): boolean => entry.cancelled || !entry.owner.alive;

  function takeDue(): Entry | null {
    while (due.length > 0) {
      const at = random.below(due.length);
      const entry = due[at]!;
      due[at] = due[due.length - 1]!;
      due.pop();
      if (!isOver(entry)) return entry;
    }
    return null;
  }

  return {
    nowMs: () => Math.floor(timeMs),
    schedule(options) {
      const dueMs = timeMs + Math.max(0, options.delayMs);
      const entry: Entry = { ...options, dueMs, sequence: sequence++, cancelled: false };
      push(entry);
      return {
        label: options.label,
        cancel() {
          entry.cancelled = true;
        },
      };
    },
    next() {
      timeMs += STEP_MS;
      for (;;) {
        while (later.length > 0 && later[0]!.dueMs <= timeMs) due.push(pop());
        const entry = takeDue();
        if (entry !== null) return entry;
        while (later.length > 0 && isOver(later[0]!)) pop();
        if (later.length === 0) return null;
        timeMs = Math.max(timeMs, later[0]!.dueMs);
      }
    },
    kill(owner) {
      owner.alive = false;
    },
  };
}
