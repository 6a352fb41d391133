/**
 * Calls that are not made, because they did not return when they were made. A call is known again by how many events the
 * operator had been given and how many calls came since: that is the same in every replay, whatever the batches.
 */
import type { CallCutOff } from '../messages/streams.ts';
import type { CallPlace } from './running.ts';

/** What a call fails on that is cut off. */
export class CutOffError extends Error {}

/** As a snapshot has it. */
export interface SavedCutOffs {
  readonly given: number;
  readonly calls: number;
  readonly cutOffs: readonly CallCutOff[];
}

export interface CutOffs {
  /** The place of the call that is made. */
  readonly place: CallPlace;
  /** The operator is given an event, which is a call or waits. Returns how many came before it. */
  give(): number;
  /** A call is about to be made. Throws a CutOffError when it is cut off. */
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
