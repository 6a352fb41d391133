/**
 * Calls that are not made again, because they did not return when they were made. A call is recognised by the number of
 * events that the operator had been given, and the number of calls since. Both are the same in every replay, whatever the
 * batches.
 */
import type { CallCutOff } from '../messages/streams.ts';
import type { CallPlace } from './running.ts';

/** The error by which a call that is cut off fails. */
export class CutOffError extends Error {}

/** Cut-offs as a snapshot has them. */
export interface SavedCutOffs {
  readonly given: number;
  readonly calls: number;
  readonly cutOffs: readonly CallCutOff[];
}

export interface CutOffs {
  /** The place of the call that is under way. */
  readonly place: CallPlace;
  /**
   * Counts an event that the operator is given, whether it is handled at once or waits. Returns how many events came before
   * it.
   */
  give(): number;
  /** Counts a call that is about to be made. Throws a CutOffError when the call is cut off. */
  call(): void;
  cut(call: CallCutOff): void;
  snapshot(): SavedCutOffs;
  restore(saved: Readonly<Record<string, unknown>>): void;
}

export function createCutOffs(): CutOffs {
  const place = { given: 0, call: 0 };
  let cutOffs: readonly CallCutOff[] = [];
  return {
    place,
    give() {
      place.call = 0;
      return place.given++;
    },
    call() {
      place.call += 1;
      if (cutOffs.length === 0) return;
      const own = cutOffs.find(({ given, call }) => given === place.given && call === place.call);
      if (own !== undefined) throw new CutOffError(own.error);
      cutOffs = cutOffs.filter(({ given }) => given >= place.given);
    },
    cut(call) {
      cutOffs = [...cutOffs, call];
    },
    snapshot: () => ({ given: place.given, calls: place.call, cutOffs }),
    restore(saved) {
      place.given = Number(saved.given ?? 0);
      place.call = Number(saved.calls ?? 0);
      cutOffs = Array.isArray(saved.cutOffs) ? saved.cutOffs : [];
    },
  };
}
