/**
 * How far windows are complete, for jobs that wait for windows to end. A window is complete once every partition's
 * watermark has passed its end, and everything that was taken in before that is durable, results included.
 */
import type { JobConfig } from '../config/sections/jobs.ts';
import type { ServiceCore } from '../service.ts';
import type { PartitionUnit } from './partition-unit.ts';

const LOOK_EVERY_MS = 250;
/** A watermark at this instant says that the input has ended. */
const END_OF_TIME_MS = 8.64e15;

export interface WindowTime {
  /** The instant up to which the window is complete, exclusive; null while nothing is known. */
  of(window: string): number | null;
  end(): void;
}

export const NO_WINDOWS: WindowTime = { of: () => null, end: () => {} };

/** Calls `look` each time that some window's time has gone on. */
export function watchWindows(
  { pipeline, platform }: ServiceCore,
  jobs: readonly JobConfig[],
  look: () => void,
): WindowTime {
  const wanted = new Map(
    jobs.flatMap(({ trigger }) =>
      trigger?.kind === 'window' ? [[trigger.window, trigger.times.sizeMs] as const] : [],
    ),
  );
  const whole = new Map<string, number>();
  const watched = [...wanted].map(([window, sizeMs]): Watched => {
    const units = [...pipeline.streams.values(), ...pipeline.exchanges.map(({ stream }) => stream)]
      .filter(({ outputs }) => outputs.has(window))
      .flatMap((stream) => stream.units);
    return { window, sizeMs, units, next: null };
  });
  const again = (): void => {
    let hasGoneOn = false;
    for (const each of watched) {
      if (each.next !== null && !isDurable(each.next, each.units)) continue;
      if (each.next !== null && each.next.timeMs !== whole.get(each.window)) {
        whole.set(each.window, each.next.timeMs);
        hasGoneOn = true;
      }
      each.next = reachedBy(each.units, each.sizeMs);
    }
    if (hasGoneOn) look();
  };
  const end = watched.length === 0 ? () => {} : platform.every(LOOK_EVERY_MS, again);
  return { of: (window) => whole.get(window) ?? null, end };
}

interface Watched {
  readonly window: string;
  readonly sizeMs: number;
  readonly units: readonly PartitionUnit[];
  next: Reached | null;
}

interface Reached {
  readonly timeMs: number;
  /** The ends of the logs at that moment, in the order of the units. */
  readonly ends: readonly number[];
}

/** Null while some partition has no event yet: its watermark says nothing. After the end of the input every window has ended. */
function reachedBy(units: readonly PartitionUnit[], sizeMs: number): Reached | null {
  const counted = units.filter(({ door, status }) => door.isOpen() && !status().isIdle);
  const times = (counted.length > 0 ? counted : units).map((unit) => {
    const { watermarkMs, maxEventTimeMs } = unit.status();
    return watermarkMs >= END_OF_TIME_MS ? maxEventTimeMs + sizeMs : watermarkMs + 1;
  });
  const timeMs = Math.min(...times);
  return Number.isFinite(timeMs) ? { timeMs, ends: units.map(({ log }) => log.nextOffset()) } : null;
}

function isDurable({ ends }: Reached, units: readonly PartitionUnit[]): boolean {
  return units.every(({ log }, index) => log.durableOffset() >= (ends[index] ?? 0));
}
