/** Everything that outlives a process of the service: time, chance, the disk's platters, the network, what was promised. */

import { createRandom, type Random } from '../../src/models/random.ts';
import { type Disk, newDisk, powerCut } from '../journal/crash-disk.ts';
import { createScheduler, type Owner, type Scheduler } from './scheduler.ts';
import { createTrace, type Trace } from './trace.ts';

export interface World {
  readonly seed: number;
  readonly scheduler: Scheduler;
  /** The platters of now. */
  disk(): Disk;
  /** Loses what chance takes of everything that was never synced. */
  cutPower(): void;
  readonly faults: Faults;
  readonly trace: Trace;
  /** Owner of what is no process: clients, chaos, the network. */
  readonly outside: Owner;
  /** An independent stream of chance for each part, so that one that draws more does not move the others. */
  random(part: Part): Random;
  /** Notes a broken invariant; the run ends after this step. */
  broken(invariant: string, detail: string): void;
  readonly violation: () => Violation | null;
}

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

/** What is wrong with the world just now. */
export interface Faults {
  /** Bytes that the disk still takes. */
  spaceLeftBytes: number;
  /** Times as long as usual. */
  slowness: number;
  /** How far the wall clock is off; timers do not look at it. */
  clockOffsetMs: number;
  failingWrites: number;
  failingSyncs: number;
  failingSources: number;
  webhook: WebhookMode;
  weather: WeatherMode;
}

export const WEBHOOK_MODES = ['ok', 'lost-answer', 'refused', 'hangs', '429', '500', '400'] as const;
export type WebhookMode = (typeof WEBHOOK_MODES)[number];
export const WEATHER_MODES = ['ok', 'refused', 'hangs', '429', '500', 'garbage', '400'] as const;
export type WeatherMode = (typeof WEATHER_MODES)[number];

const PARTS = ['schedule', 'disk', 'network', 'input', 'feed', 'clients', 'chaos', 'process', 'threads'] as const;
export type Part = (typeof PARTS)[number];

/** 1 July 2026, 00:00 UTC. */
export const START_MS = 1_782_864_000_000;
/** The data directory on the medium, whatever a process calls it. */
export const DATA_DIR = '/data';

export function noFaults(): Faults {
  return {
    spaceLeftBytes: Number.POSITIVE_INFINITY,
    slowness: 1,
    clockOffsetMs: 0,
    failingWrites: 0,
    failingSyncs: 0,
    failingSources: 0,
    webhook: 'ok',
    weather: 'ok',
  };
}

export function createWorld(seed: number, onLine: (line: string) => void): World {
  const streams = new Map(
    PARTS.map((part, index) => {
      const random = createRandom();
      random.seed(seed, index, 0);
      return [part, random] as const;
    }),
  );
  const random = (part: Part): Random => {
    const stream = streams.get(part);
    if (stream === undefined) throw new Error(`No stream of chance for ${part}`);
    return stream;
  };
  let disk = newDisk();
  let violation: Violation | null = null;
  return {
    seed,
    scheduler: createScheduler(START_MS, random('schedule')),
    disk: () => disk,
    cutPower() {
      const chance = random('disk');
      disk = powerCut(disk, (options) => chance.below(options));
    },
    faults: noFaults(),
    trace: createTrace(onLine),
    outside: { name: 'outside', alive: true },
    random,
    broken(invariant, detail) {
      violation ??= { invariant, detail };
    },
    violation: () => violation,
  };
}
