/** A supervisor's world under a test's control: simulated time, and children that do what the test tells them. */
import { SimulatedClock } from 'xstate';
import type { ChildContext, RunningChild } from '../../src/actors/supervised.ts';
import type { ChildSpec, SupervisionPorts } from '../../src/actors/supervisor.ts';
import type { ActorChanged } from '../../src/messages/operations.ts';

export interface World {
  readonly clock: SimulatedClock;
  readonly ports: SupervisionPorts;
  readonly changes: ActorChanged[];
  /** What happened to the children, in order: `start a`, `drain a`, `kill a`. */
  readonly happened: string[];
  /** Contexts of every start of a child, oldest first. */
  readonly starts: Map<string, ChildContext[]>;
  child(id: string, behaviour?: Behaviour): ChildSpec;
  fail(id: string, reason: string | Error, start?: number): void;
  /** Lets so much time pass, and everything happen that is due by then. */
  pass(ms: number): Promise<void>;
}

export interface Behaviour {
  readonly start?: (attempt: number) => Promise<void> | void;
  readonly drain?: () => Promise<void>;
}

export function createWorld(overrides: Partial<SupervisionPorts> = {}): World {
  const clock = new SimulatedClock();
  const changes: ActorChanged[] = [];
  const happened: string[] = [];
  const starts = new Map<string, ChildContext[]>();
  const contextOf = (id: string, start: number): ChildContext => {
    const context = starts.get(id)?.at(start);
    if (context === undefined) throw new Error(`${id} has not started`);
    return context;
  };
  return {
    clock,
    changes,
    happened,
    starts,
    ports: {
      policy: { intensity: 2, periodMs: 60_000, minBackoffMs: 100, maxBackoffMs: 1000, jitter: 0 },
      shutdownMs: 5000,
      clock,
      nowMs: () => clock.now(),
      random: () => 0,
      record: (change) => changes.push(change),
      ...overrides,
    },
    child(id, behaviour = {}) {
      return {
        id,
        kind: 'test',
        start(context) {
          const contexts = starts.get(id) ?? [];
          starts.set(id, [...contexts, context]);
          happened.push(`start ${id}`);
          const running: RunningChild = {
            state: () => 'running',
            async drain() {
              happened.push(`drain ${id}`);
              await behaviour.drain?.();
            },
            kill: () => happened.push(`kill ${id}`),
          };
          const ready = behaviour.start?.(contexts.length);
          return ready instanceof Promise ? ready.then(() => running) : running;
        },
      };
    },
    fail: (id, reason, start = -1) =>
      contextOf(id, start).failed(typeof reason === 'string' ? new Error(reason) : reason),
    async pass(ms) {
      await settle();
      clock.increment(ms);
      await settle();
    },
  };
}

/** Lets everything that is already resolved run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
