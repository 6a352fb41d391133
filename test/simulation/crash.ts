/**
 * Makes a machine throw in the middle of its work: at one of its next events, before it has done anything or after it has done
 * everything. The machines are the service's own; nothing in them knows of this.
 */
import type { AnyStateMachine } from 'xstate';
import { alerterMachine } from '../../src/actors/alerter.ts';
import { fetcherMachine } from '../../src/actors/fetcher.ts';
import { fraudSessionMachine } from '../../src/actors/fraud-session.ts';
import { partitionConsumerMachine } from '../../src/actors/partition-consumer.ts';
import { projectorMachine } from '../../src/actors/projector.ts';
import { schedulerMachine } from '../../src/actors/scheduler.ts';
import { supervisorMachine } from '../../src/actors/supervisor.ts';
import { windowAggregatorMachine } from '../../src/actors/window-aggregator.ts';

const MACHINES: readonly AnyStateMachine[] = [
  alerterMachine,
  fetcherMachine,
  fraudSessionMachine,
  partitionConsumerMachine,
  projectorMachine,
  schedulerMachine,
  supervisorMachine,
  windowAggregatorMachine,
];

export type CrashPoint = 'before' | 'after';

export interface Crashes {
  readonly kinds: readonly string[];
  /** After so many events, the next one of any machine of this kind makes it throw. */
  arm(kind: string, point: CrashPoint, events: number): void;
  disarm(): void;
  /** Leaves the machines as they were. */
  restore(): void;
}

export function injectCrashes(onCrash: (kind: string) => void): Crashes {
  const armed = new Map<string, { point: CrashPoint; events: number }>();
  const kinds = MACHINES.map(({ id }) => id);
  for (const machine of MACHINES) {
    const { id } = machine;
    const transition: AnyStateMachine['transition'] = machine.transition.bind(machine);
    machine.transition = (...args) => {
      const crash = armed.get(id);
      if (crash === undefined || crash.events-- > 0) return transition(...args);
      const { point } = crash;
      armed.delete(id);
      onCrash(id);
      if (point === 'after') transition(...args);
      throw new Error(`A crash of ${id}, ${point} its work`);
    };
  }
  return {
    kinds,
    arm: (kind, point, events) => armed.set(kind, { point, events }),
    disarm: () => armed.clear(),
    restore() {
      for (const machine of MACHINES) Reflect.deleteProperty(machine, 'transition');
    },
  };
}
