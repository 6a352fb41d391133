/** What goes wrong, and when it gets well again. */
import type { Crashes } from './crash.ts';
import { CHAOS, type Chaos, MACHINE_KINDS, type Plan } from './plan.ts';
import { noFaults, WEATHER_MODES, WEBHOOK_MODES, type World } from './world.ts';

export interface ChaosPorts {
  kill(): void;
  stop(): void;
  /** One of the threads that partitions are in. */
  endThread(): void;
  readonly crashes: Crashes;
}

const MINUTE_MS = 60_000;
/** Forwards or back, at most. */
const JUMP_MS = 10 * MINUTE_MS;

/** Draws what goes wrong in this step; mostly nothing. */
export function strike(world: World, plan: Plan, ports: ChaosPorts): void {
  const random = world.random('chaos');
  for (const chaos of CHAOS) {
    if (random.uniform() * plan.every[chaos] >= 1) continue;
    world.trace.note(`chaos ${chaos}`);
    act(chaos, world, plan, ports);
  }
}

function act(chaos: Chaos, world: World, { crashing }: Plan, { crashes, kill, stop, endThread }: ChaosPorts): void {
  const { faults } = world;
  const random = world.random('chaos');
  switch (chaos) {
    case 'kill':
      kill();
      return;
    case 'power-cut':
      kill();
      world.cutPower();
      return;
    case 'stop':
      stop();
      return;
    case 'crash': {
      const kind = crashing ?? MACHINE_KINDS[random.below(MACHINE_KINDS.length)];
      if (kind !== undefined) crashes.arm(kind, random.below(2) === 0 ? 'before' : 'after', random.below(10));
      return;
    }
    case 'full-disk':
      faults.spaceLeftBytes = random.below(8_192);
      heal(world, () => {
        faults.spaceLeftBytes = Number.POSITIVE_INFINITY;
      });
      return;
    case 'failing-write':
      faults.failingWrites = 1;
      return;
    case 'failing-sync':
      faults.failingSyncs = 1;
      return;
    case 'failing-source':
      faults.failingSources = 1;
      return;
    case 'slow-disk':
      faults.slowness = 20 + random.below(400);
      heal(world, () => {
        faults.slowness = 1;
      });
      return;
    case 'clock-jump':
      faults.clockOffsetMs = Math.floor((random.uniform() - 0.5) * 2 * JUMP_MS);
      return;
    case 'webhook':
      faults.webhook = WEBHOOK_MODES[random.below(WEBHOOK_MODES.length)] ?? 'ok';
      return;
    case 'weather':
      faults.weather = WEATHER_MODES[random.below(WEATHER_MODES.length)] ?? 'ok';
      return;
    case 'thread':
      endThread();
  }
}

function heal(world: World, run: () => void): void {
  const delayMs = MINUTE_MS * world.random('chaos').uniform();
  world.scheduler.schedule({ owner: world.outside, delayMs, label: 'heal', run });
}

/** Everything is well from now on. */
export function healAll({ faults }: World, crashes: Crashes): void {
  Object.assign(faults, noFaults());
  crashes.disarm();
}
