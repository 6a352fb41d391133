/** What a run is to meet, drawn from its seed: runs differ in kind, not only in detail. */

import type { Durability } from '../../src/journal/log.ts';
import type { Random } from '../../src/models/random.ts';

export const MACHINE_KINDS = [
  'delivery',
  'deriver',
  'partitionConsumer',
  'projector',
  'run',
  'scheduler',
  'step',
  'supervisor',
] as const;
export type MachineKind = (typeof MACHINE_KINDS)[number];

export interface Plan {
  readonly partitions: number;
  /** That partitions are spread over; 0 for those alone that have operators of users. */
  readonly threads: number;
  /** Under `os` the power stays on: what the operating system has counts as durable. */
  readonly durability: Durability;
  readonly largestBatch: number;
  readonly redeliveriesPercent: number;
  /** How often the feed gives a partition back before a batch, and has it again later. */
  readonly givenBackPercent: number;
  /** The one kind of machine that is made to throw, often; null for each of them now and then. */
  readonly crashing: MachineKind | null;
  /** Mean steps between two of each; Infinity for never. */
  readonly every: Readonly<Record<Chaos, number>>;
}

export const CHAOS = [
  'kill',
  'power-cut',
  'stop',
  'crash',
  'full-disk',
  'failing-write',
  'failing-sync',
  'slow-disk',
  'clock-jump',
  'failing-source',
  'webhook',
  'weather',
  'thread',
] as const;
export type Chaos = (typeof CHAOS)[number];

/** Mean steps between two crashes where only one kind of machine has them. */
const OFTEN = 150;
const NEVER = Number.POSITIVE_INFINITY;
const EVERY: Readonly<Record<Chaos, number>> = {
  kill: 2_500,
  'power-cut': 3_500,
  stop: 5_000,
  crash: 400,
  'full-disk': 4_000,
  'failing-write': 6_000,
  'failing-sync': 6_000,
  'slow-disk': 3_000,
  'clock-jump': 4_000,
  'failing-source': 1_500,
  webhook: 700,
  weather: 700,
  thread: 2_500,
};

/** Nothing goes wrong. */
export function calmPlan(partitions: number): Plan {
  const every = { ...EVERY };
  for (const chaos of CHAOS) every[chaos] = NEVER;
  return {
    partitions,
    threads: 0,
    durability: 'fsync',
    largestBatch: 20,
    redeliveriesPercent: 0,
    givenBackPercent: 0,
    crashing: null,
    every,
  };
}

export function drawPlan(seed: number, random: Random): Plan {
  const every = { ...EVERY };
  // A few kinds of trouble at a time, each now and then far more often than usual.
  for (const chaos of CHAOS) {
    const dice = random.below(8);
    every[chaos] = dice === 0 ? NEVER : dice === 1 ? EVERY[chaos] / 5 : EVERY[chaos];
  }
  const crashing = random.below(2) === 0 ? null : (MACHINE_KINDS[random.below(MACHINE_KINDS.length)] ?? null);
  if (crashing !== null) every.crash = OFTEN;
  const durability = random.below(5) === 0 ? 'os' : 'fsync';
  if (durability === 'os') for (const chaos of ['power-cut', 'failing-sync'] as const) every[chaos] = NEVER;
  return {
    durability,
    crashing,
    partitions: [1, 2, 4][seed % 3] ?? 1,
    threads: [0, 2, 3][seed % 4] ?? 0,
    largestBatch: 1 + random.below(40),
    redeliveriesPercent: random.below(3) === 0 ? 0 : random.below(30),
    every,
    givenBackPercent: random.below(3) === 0 ? 0 : random.below(20),
  };
}
