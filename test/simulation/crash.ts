/**
 * Makes a machine throw in the middle of its work: at one of its next events, before it has done anything or after it has done
 * everything. The machines are the service's own; nothing in them knows of this.
 */
import type { AnyStateMachine } from 'xstate';
import { deliveryMachine } from '../../src/actors/delivery.ts';
import { deriverMachine } from '../../src/actors/deriver.ts';
import { partitionConsumerMachine } from '../../src/actors/partition-consumer.ts';
import { projectorMachine } from '../../src/actors/projector.ts';
import { runMachine } from '../../src/actors/run.ts';
import { schedulerMachine } from '../../src/actors/scheduler.ts';
import { stepMachine } from '../../src/actors/step.ts';
import { supervisorMachine } from '../../src/actors/supervisor.ts';
import { MACHINE_KINDS, type MachineKind } from './plan.ts';

const MACHINES: Readonly<Record<MachineKind, AnyStateMachine>> = {
  delivery: deliveryMachine,
  deriver: deriverMachine,
  partitionConsumer: partitionConsumerMachine,
  projector: projectorMachine,
  run: runMachine,
  scheduler: schedulerMachine,
  step: stepMachine,
  supervisor: supervisorMachine,
};

export type CrashPoint = 'before' | 'after';

export interface Crashes {
  /** After so many events, the next one of any machine of this kind makes it throw. */
  arm(kind: MachineKind, point: CrashPoint, events: number): void;
  disarm(): void;
  /** Leaves the machines as they were. */
  restore(): void;
}

export function injectCrashes(onCrash: (kind: MachineKind) => void): Crashes {
  const armed = new Map<MachineKind, { point: CrashPoint; events: number }>();
  for (const kind of MACHINE_KINDS) {
    const machine = MACHINES[kind];
    const transition: AnyStateMachine['transition'] = machine.transition.bind(machine);
    machine.transition = (...args) => {
      const crash = armed.get(kind);
      if (crash === undefined || crash.events-- > 0) return transition(...args);
      const { point } = crash;
      armed.delete(kind);
      onCrash(kind);
      if (point === 'after') transition(...args);
      throw new Error(`A crash of ${kind}, ${point} its work`);
    };
  }
  return {
    arm: (kind, point, events) => armed.set(kind, { point, events }),
    disarm: () => armed.clear(),
    restore() {
      for (const machine of Object.values(MACHINES)) Reflect.deleteProperty(machine, 'transition');
    },
  };
}
