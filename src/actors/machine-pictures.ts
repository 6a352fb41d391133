/**
 * The actors' state machines as plain data, to be shown to people: states, transitions, and the kinds of actors that run
 * each machine.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { deliveryMachine } from './delivery.ts';
import { deriverMachine } from './deriver.ts';
import { partitionConsumerMachine } from './partition-consumer.ts';
import { projectorMachine } from './projector.ts';
import { runMachine } from './run.ts';
import { schedulerMachine } from './scheduler.ts';
import { stepMachine } from './step.ts';
import { supervisorMachine } from './supervisor.ts';

export interface MachinePicture {
  readonly machine: string;
  /**
   * The kinds of actors that run the machine, as the tree names them. With none, it is the machine of every other kind
   * beside a consumer.
   */
  readonly kinds: readonly string[];
  readonly states: readonly { readonly name: string; readonly isInitial: boolean; readonly isFinal: boolean }[];
  /** `from` is null where every state has the transition. */
  readonly transitions: readonly { readonly from: string | null; readonly to: string; readonly event: string }[];
}

const MACHINES: readonly (readonly [AnyStateMachine, readonly string[]])[] = [
  [supervisorMachine, ['root', 'partition']],
  [partitionConsumerMachine, ['partition-consumer']],
  [deriverMachine, []],
  [projectorMachine, ['projector']],
  [schedulerMachine, ['scheduler']],
  [runMachine, ['run']],
  [stepMachine, ['step']],
  [deliveryMachine, ['sink', 'alerter']],
];

export function machinePictures(): readonly MachinePicture[] {
  return MACHINES.map(([machine, kinds]) => pictureOf(machine, kinds));
}

function pictureOf(machine: AnyStateMachine, kinds: readonly string[]): MachinePicture {
  const nodes = [...allNodes(machine.root)];
  const initial = new Set([machine.root, ...nodes].flatMap(({ initial }) => initial?.target?.map(nameOf) ?? []));
  return {
    machine: machine.id,
    kinds,
    states: nodes.map((node) => ({
      name: nameOf(node),
      isInitial: initial.has(nameOf(node)),
      isFinal: node.type === 'final',
    })),
    transitions: [machine.root, ...nodes].flatMap((node) =>
      [...node.transitions.values(), node.always ?? []].flat().flatMap(({ target = [], eventType }) =>
        target.map((to) => ({
          from: node === machine.root ? null : nameOf(node),
          to: nameOf(to),
          event: eventWord(eventType),
        })),
      ),
    ),
  };
}

function* allNodes(node: AnyStateNode): Generator<AnyStateNode> {
  for (const child of Object.values(node.states)) {
    yield child;
    yield* allNodes(child);
  }
}

const nameOf = ({ path }: AnyStateNode): string => path.join('.');

/** In words, the event by which xstate says that something it waited for has ended. */
function eventWord(type: string): string {
  if (type === '') return 'at once';
  const after = /^xstate\.after\.(\w+)\./.exec(type);
  if (after !== null) return `after ${after[1]}`;
  return type.replace(/^xstate\.(done|error|snapshot)\.(?:actor|state)\.(?:.*\.)?([\w-]+)$/, '$2 $1');
}
