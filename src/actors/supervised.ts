/**
 * Runs one machine as a root actor; every supervised unit runs so. Whatever the machine throws becomes a failure that its
 * supervisor hears of, and never an unhandled error of the process.
 */
import { type AnyActorRef, type AnyStateMachine, createActor, type EventFromLogic, type InputFrom } from 'xstate';

/** The source of an actor's timers, in the shape of xstate's own clocks and of its SimulatedClock. */
export interface Clock {
  setTimeout(callback: () => void, timeoutMs: number): unknown;
  clearTimeout(id: unknown): void;
}

/** What a supervisor gives to a child that starts, and how the child answers. */
export interface ChildContext {
  readonly clock?: Clock;
  readonly logger?: (...line: unknown[]) => void;
  /** Aborts when the supervisor is done with this incarnation: a start that still waits for something can give up. */
  readonly signal?: AbortSignal;
  failed(error: Error): void;
  /** The child has come to its end by itself and is not to be restarted. */
  stopped(): void;
  /** The child's state has changed. */
  changed?(state: string): void;
}

export interface RunningChild {
  state(): string;
  /** Asks for an orderly end; resolves when the child has stopped. */
  drain(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
  children?(): readonly ActorStatus[];
}

export interface ActorStatus {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly children: readonly ActorStatus[];
}

export interface SupervisedActor<M extends AnyStateMachine> {
  send(event: EventFromLogic<M>): void;
  /** The error that it failed with; null while it has not failed. */
  error(): Error | null;
  readonly child: RunningChild;
}

/** Starts the machine. It must reach a final state on `{ type: 'DRAIN' }`. */
export function startSupervised<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  context: ChildContext,
): SupervisedActor<M> {
  const { clock, logger } = context;
  // createActor's options are conditional types over M, which stay unresolved while M is a parameter.
  const logic: AnyStateMachine = machine;
  const actor = createActor(logic, {
    input,
    ...(clock === undefined ? {} : { clock }),
    ...(logger === undefined ? {} : { logger }),
  });
  const send = actor.send.bind(actor);
  // Results that the actor waited for, and events that others send it, may come after its end. Nobody is to hear of these
  // any more.
  actor.send = (event) => {
    if (actor.getSnapshot().status === 'active') send(event);
  };
  let failure: Error | null = null;
  let lastValue: unknown;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  actor.subscribe({
    next: ({ status, value }) => {
      if (status !== 'active' || value === lastValue) return;
      lastValue = value;
      context.changed?.(stateName(value));
    },
    complete: () => {
      finish();
      context.stopped();
    },
    error: (thrown) => {
      failure = asError(thrown);
      // xstate leaves a failed machine's invoked actors running, and nobody would hear of them any more.
      const invoked: Readonly<Record<string, AnyActorRef | undefined>> = actor.getSnapshot().children ?? {};
      for (const orphan of Object.values(invoked)) {
        if (orphan?.getSnapshot().status === 'active') orphan.send({ type: 'xstate.stop' });
      }
      finish();
      context.failed(failure);
    },
  });
  actor.start();
  return {
    send: (event) => actor.send(event),
    error: () => failure,
    child: {
      state: () => {
        const { status, value } = actor.getSnapshot();
        if (status === 'active') return stateName(value);
        return status === 'error' ? 'failed' : 'stopped';
      },
      drain() {
        actor.send({ type: 'DRAIN' });
        return finished;
      },
      kill: () => {
        actor.stop();
      },
    },
  };
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A nested state is written as its path, such as `running.deciding`; parallel ones stand side by side. */
function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => {
      const rest = stateName(inner);
      return rest === '' ? name : `${name}.${rest}`;
    })
    .join(', ');
}
