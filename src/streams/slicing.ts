/**
 * How tumbling and hopping windows lie in time. Every event goes to one slice, as long as the greatest common divisor of size
 * and step; a tumbling window is its only slice. Starts are readings of the zone's clock (local-days.ts), by which all days
 * are as long; without a zone a reading is its instant.
 */
import { clockOf, type ZoneClock } from './local-days.ts';
import { type Windowing, windowStart } from './window-kind.ts';

export interface Slicing {
  readonly sizeMs: number;
  readonly everyMs: number;
  readonly offsetMs: number;
  readonly sliceMs: number;
  readonly clock: ZoneClock;
}

/** Throws when the windowing is of another kind. */
export function slicingOf(window: Windowing): Slicing {
  if (window.kind !== 'tumbling' && window.kind !== 'hopping') throw new Error(`${window.kind} windows have no slices`);
  const { sizeMs, offsetMs } = window;
  const everyMs = window.kind === 'hopping' ? window.everyMs : sizeMs;
  return {
    sizeMs,
    everyMs,
    offsetMs,
    sliceMs: greatestCommonDivisor(sizeMs, everyMs),
    clock: clockOf(window.timeZone),
  };
}

/** Start of the slice that has this instant. */
export function sliceStart({ clock, sliceMs, offsetMs }: Slicing, timeMs: number): number {
  return windowStart(clock.reading(timeMs), sliceMs, offsetMs);
}

/** Start of the newest window that has a slice. */
export function newestWindow({ everyMs, offsetMs }: Slicing, slice: number): number {
  return windowStart(slice, everyMs, offsetMs);
}

/** Start of the oldest window that has a slice. */
export function oldestWindow(slicing: Slicing, slice: number): number {
  const { everyMs, sizeMs, sliceMs } = slicing;
  const newest = newestWindow(slicing, slice);
  return newest - everyMs * Math.floor((newest - slice + sizeMs - sliceMs) / everyMs);
}

/** The last instant of the window with this start. */
export function lastOf({ clock, sizeMs }: Slicing, start: number): number {
  return clock.instant(start + sizeMs) - 1;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
