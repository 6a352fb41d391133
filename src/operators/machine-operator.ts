/**
 * An xstate machine as an operator: each key has a machine of its own. The machine's persisted snapshot is the state of the
 * key, as JSON. An emitted event goes to the output that has the name of the event's type. Delays are timers in event time.
 * xstate's own clock, mailbox and actors are not used, so a replay of the machine does what the machine did before, and so
 * does a test with xstate alone.
 */

import { type AnyStateMachine, initialTransition, transition } from 'xstate';
import type { KnownStreams } from '../builtin-types.ts';
import { isMap } from '../messages/json-map.ts';
import type { Handler, Key, KeyContext, Row, TimerHandler } from './definition.ts';
import type { EventOf, EventShapes, KeyName, KeyOf, Nothing, OperatorDefinition, Shapes } from './operator-types.ts';
import type { FromShape, Shape } from './shape.ts';

/** A machine, typed by the events that it takes. */
export interface MachineOf<M> {
  transition(snapshot: never, event: M, scope: never): unknown;
}

export interface MachineOperatorSpec<
  T extends string,
  M extends { readonly type: T },
  O extends Shapes,
  P extends Shape,
  E extends EventShapes,
  K extends KeyName,
> {
  /** The machine's context has to be the same after a way through JSON. The machine gets `{ key, options }` as input. */
  readonly machine: AnyStateMachine & MachineOf<M>;
  /** By input stream, the machine's event for an event of the stream; null leaves the event out. */
  readonly events: {
    readonly [N in (keyof E | keyof KnownStreams) & string]?: (
      event: EventOf<E, N>,
      about: { readonly key: KeyOf<K>; readonly time: number; readonly options: Readonly<FromShape<P>> },
    ) => NoInfer<M> | null;
  };
  /** Fields of input streams that are not Millrace's own. */
  readonly streams?: E;
  /** The fields of each output, by the type of the event that the machine emits. */
  readonly outputs?: O;
  readonly options?: P;
  readonly key?: K;
  /** `keep`: a machine that is done ignores further events. `clear`: the machine is forgotten, and the key begins anew. */
  readonly whenDone?: 'keep' | 'clear';
}

const MACHINE_STATE = { snapshot: 'string', delays: 'string' } as const;
type MachineState = typeof MACHINE_STATE;

export function defineMachineOperator<
  T extends string,
  M extends { readonly type: T },
  const O extends Shapes = Nothing,
  const P extends Shape = Nothing,
  const E extends EventShapes = Nothing,
  const K extends KeyName = never,
>(spec: MachineOperatorSpec<T, M, O, P, E, K>): OperatorDefinition<MachineState, O, P, E> {
  const { machine, events, streams, outputs, options, key, whenDone = 'keep' } = spec;
  const on: Record<string, Handler> = {};
  const translations: Readonly<Record<string, unknown>> = { ...events };
  for (const [stream, translate] of Object.entries(translations)) {
    if (!isTranslation(translate))
      throw new TypeError(`events.${stream}: must be a function that gives the machine's event`);
    on[stream] = (event, state, ctx) => {
      const own = translate(event, { key: ctx.key, time: ctx.time, options: ctx.options });
      if (own !== null) step(own, { machine, state, ctx, whenDone, isTimer: false });
    };
  }
  const onTimer: TimerHandler = (at, state, ctx) => {
    for (;;) {
      const delays = delaysOf(state);
      const due = delays.find((delay) => delay.at <= at);
      if (due === undefined) return;
      state.delays = JSON.stringify(delays.filter((delay) => delay !== due));
      step(due.event, { machine, state, ctx, whenDone, isTimer: true });
    }
  };
  const written = {
    kind: 'machine',
    state: MACHINE_STATE,
    on,
    onTimer,
    unreadable: (row: Row) => problemOf(machine, row),
  };
  const optional = { outputs, options, events: streams, key };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { millrace: 'operator', spec: { ...written, ...given } };
}

interface MachineEvent {
  readonly type: string;
}

type Translation = (
  event: Readonly<Row>,
  about: { key: Key; time: number; options: Readonly<Row> },
) => MachineEvent | null;

function isTranslation(value: unknown): value is Translation {
  return typeof value === 'function';
}

/** An event that the machine raises for itself, later. */
interface Delay {
  readonly id: string;
  readonly at: number;
  readonly event: MachineEvent;
}

interface Turn {
  readonly machine: AnyStateMachine;
  readonly state: Row;
  readonly ctx: KeyContext;
  readonly whenDone: 'keep' | 'clear';
  readonly isTimer: boolean;
}

function step(event: MachineEvent, turn: Turn): void {
  const { machine, state, ctx, whenDone } = turn;
  let delays = delaysOf(state);
  let snapshot: ReturnType<typeof restored>;
  if (state.snapshot === '') {
    const [first, actions] = initialTransition(machine, { key: ctx.key, options: ctx.options });
    delays = act(actions, delays, turn);
    snapshot = first;
  } else snapshot = restored(machine, state);
  if (snapshot.status === 'active') {
    const [next, actions] = transition(machine, snapshot, event);
    delays = act(actions, delays, turn);
    snapshot = next;
  }
  if (snapshot.status === 'error') throw snapshot.error;
  if (snapshot.status === 'done' && whenDone === 'clear') {
    ctx.clear();
    return;
  }
  state.snapshot = JSON.stringify(machine.getPersistedSnapshot(snapshot));
  state.delays = delays.length === 0 ? '' : JSON.stringify(delays);
}

function restored(machine: AnyStateMachine, state: Readonly<Row>) {
  const [snapshot] = [Reflect.apply(machine.restoreSnapshot, machine, [JSON.parse(String(state.snapshot))])];
  return snapshot;
}

function problemOf(machine: AnyStateMachine, state: Readonly<Row>): string | null {
  if (state.snapshot === '') return null;
  try {
    restored(machine, state);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function delaysOf({ delays }: Readonly<Row>): Delay[] {
  const parsed: unknown = typeof delays === 'string' && delays !== '' ? JSON.parse(delays) : [];
  return Array.isArray(parsed) ? parsed : [];
}

interface Action {
  readonly type: string;
  readonly params?: unknown;
  readonly info: unknown;
  readonly exec: unknown;
}

/**
 * Carries out the actions of a transition: outputs, timers, and the machine's own actions. Returns the delays that are then
 * open.
 */
function act(actions: readonly Action[], before: readonly Delay[], { ctx, isTimer }: Turn): Delay[] {
  let delays = [...before];
  for (const { type, params, info, exec } of actions) {
    const own = isMap(params) ? params : {};
    if (type === 'xstate.emit') {
      const { type: output, ...record } = isMachineEvent(own.event) ? own.event : { type: '' };
      ctx.emit(output, record);
    } else if (type === 'xstate.raise' && isMachineEvent(own.event)) {
      const id = String(own.id ?? own.event.type);
      const at = Math.ceil(ctx.time + Number(own.delay ?? 0));
      delays = [...without(delays, id, ctx), { id, at, event: own.event }];
      // All delays that are due at the instant of a timer are done in the timer's call.
      if (!isTimer || at > ctx.time) ctx.timer(at);
    } else if (type === 'xstate.cancel') {
      delays = without(delays, String(own.sendId), ctx);
    } else if (type.startsWith('xstate.') && type !== 'xstate.log') {
      throw new TypeError(`${type}: a machine operator has no other actors to start, stop or send to`);
    } else if (typeof exec === 'function') exec(info, params);
  }
  return delays;
}

function without(delays: readonly Delay[], id: string, ctx: KeyContext): Delay[] {
  const rest = delays.filter((delay) => delay.id !== id);
  for (const gone of delays) {
    // Another delay may end at the same instant.
    if (gone.id === id && !rest.some(({ at }) => at === gone.at)) ctx.deleteTimer(gone.at);
  }
  return rest;
}

function isMachineEvent(value: unknown): value is MachineEvent {
  return isMap(value) && typeof value.type === 'string';
}
