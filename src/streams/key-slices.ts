/** Slices of sliding windows: the times at which a key has events, in order. */

/** A key's slices in order of time, in columns, so that a window is found and merged without an object a slice. */
export interface KeySlices {
  readonly timesMs: number[];
  readonly groups: number[];
}

/** Removes a slice, mostly the first. */
export function removeAt({ timesMs, groups }: KeySlices, place: number): void {
  if (place === 0) {
    timesMs.shift();
    groups.shift();
  } else {
    timesMs.splice(place, 1);
    groups.splice(place, 1);
  }
}

/** The first place that is not before this time. */
export function placeOf(timesMs: readonly number[], timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
