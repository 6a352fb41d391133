/**
 * Runs one machine as a root actor, as every supervised unit runs. Whatever it throws becomes a failure that its
 * supervisor hears of, and never an unhandled error of the process.
 */
import { type AnyStateMachine, createActor, type EventFromLogic, type InputFrom } from 'xstate';

/** Where timers come from; xstate's own clocks, the simulated one too, are of this shape. */
export interface Clock {
  setTimeout(callback: () => void, timeoutMs: number): unknown;
  clearTimeout(id: unknown): void;
}

export interface ChildContext {
  readonly clock?: Clock;
  failed(error: Error): void;
  stopped(): void;
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
  /** What it failed with, or null while it has not. */
  error(): Error | null;
  readonly child: RunningChild;
}

/** Starts the machine. It must reach a final state on `{ type: 'DRAIN' }`. */
export function startSupervised<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  context: ChildContext,
): SupervisedActor<M> {
  const options = context.clock === undefined ? { input } : { input, clock: context.clock };
  // createActor's options are conditional types over M, which stay unresolved while M is a parameter.
  const actor = createActor(machine as AnyStateMachine, options);
  let failure: Error | null = null;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  actor.subscribe({
    complete: () => {
      finish();
      context.stopped();
    },
    error: (thrown) => {
      failure = thrown instanceof Error ? thrown : new Error(String(thrown));
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
        const snapshot = actor.getSnapshot();
        return snapshot.status === 'active'
          ? stateName(snapshot.value)
          : snapshot.status === 'done'
            ? 'stopped'
            : 'failed';
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

function stateName(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
