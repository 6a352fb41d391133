/**
 * Supervisor: starts its children in order, restarts what fails, stops in reverse order.
 *
 *   starting ──► running ◄── RESTART_DUE ── (CHILD_FAILED) ──► too many ──► escalated
 *       └───────────┴── DRAIN ──► draining ──► stopped
 *
 * one_for_one restarts the child that failed, one_for_all all of them, because they share state that only makes sense
 * together. Each start is an incarnation with a number; what an earlier one still says is ignored. A supervisor is a
 * child like any other, so trees nest: escalation is a failure one level up. It knows nothing of what its children do.
 */
import { fromPromise, setup } from 'xstate';
import type { ActorChanged } from '../messages/operations.ts';
import { decideRestart, NO_RESTARTS, type RestartHistory, type RestartPolicy } from './restart-policy.ts';
import { type ActorStatus, type ChildContext, type RunningChild, type Clock, startSupervised } from './supervised.ts';

export type RestartStrategy = 'one_for_one' | 'one_for_all';

export interface ChildSpec {
  readonly id: string;
  readonly kind: string;
  start(context: ChildContext): RunningChild | Promise<RunningChild>;
}

export interface SupervisionPorts {
  readonly policy: RestartPolicy;
  /** An orderly stop of one child may take so long; then it is killed. */
  readonly shutdownMs: number;
  readonly clock?: Clock;
  nowMs(): number;
  random(): number;
  record(change: ActorChanged): void;
}

export interface SupervisorInput {
  readonly path: string;
  readonly strategy: RestartStrategy;
  /** In order of start. Its rows change as the children live; whoever made it may read them. */
  readonly table: readonly Child[];
  readonly ports: SupervisionPorts;
}

export interface Child {
  readonly spec: ChildSpec;
  running: RunningChild | null;
  incarnation: number;
  restarts: number;
  history: RestartHistory;
  lastError: string | null;
  waiting: boolean;
}

type Context = SupervisorInput;

export type SupervisorEvent =
  | { readonly type: 'CHILD_FAILED'; readonly id: string; readonly incarnation: number; readonly error: Error }
  | { readonly type: 'RESTART_DUE'; readonly id: string }
  | { readonly type: 'DRAIN' };

/** Starts a child; a start that throws is a failure like any other. */
async function startChild(context: Context, child: Child, send: (event: SupervisorEvent) => void): Promise<void> {
  child.incarnation += 1;
  child.waiting = false;
  const { incarnation, spec } = child;
  const failed = (error: Error): void => send({ type: 'CHILD_FAILED', id: spec.id, incarnation, error });
  const { clock } = context.ports;
  try {
    const running = await spec.start({ ...(clock === undefined ? {} : { clock }), failed, stopped: () => {} });
    if (child.incarnation === incarnation) child.running = running;
    else running.kill();
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Kills a child, and makes sure that nothing it still says counts. */
function dismiss(child: Child): void {
  child.incarnation += 1;
  child.running?.kill();
  child.running = null;
}

function note(context: Context, child: Child, change: ActorChanged['change'], error: string | null): void {
  const { path, ports } = context;
  ports.record({
    actor: `${path}/${child.spec.id}`,
    change,
    restarts: child.restarts,
    error,
    changedAt: ports.nowMs(),
  });
}

export const supervisorMachine = setup({
  types: { context: {} as Context, input: {} as SupervisorInput, events: {} as SupervisorEvent },
  actors: {
    startAll: fromPromise<void, { context: Context; send: (event: SupervisorEvent) => void }>(async ({ input }) => {
      for (const child of input.context.table) await startChild(input.context, child, input.send);
    }),
    stopAll: fromPromise<void, Context>(async ({ input }) => {
      for (const child of [...input.table].reverse()) {
        const { running } = child;
        if (running === null) continue;
        const overdue = new Promise<void>((resolve) => setTimeout(resolve, input.ports.shutdownMs).unref());
        await Promise.race([running.drain(), overdue]);
        dismiss(child);
      }
    }),
  },
  actions: {
    /** Decides about a failure; throws to escalate, which fails this supervisor. */
    handleFailure: ({ context, self }, failure: { id: string; incarnation: number; error: Error }) => {
      const { ports, strategy, table } = context;
      const child = table.find(({ spec }) => spec.id === failure.id);
      if (child === undefined || child.incarnation !== failure.incarnation) return;
      child.lastError = failure.error.message;
      note(context, child, 'failed', failure.error.message);
      const decision = decideRestart(child.history, ports.policy, ports.nowMs(), ports.random());
      if (decision.kind === 'escalate') {
        note(context, child, 'escalated', failure.error.message);
        for (const each of table) dismiss(each);
        throw new Error(`${context.path}/${child.spec.id} failed too often; the last time: ${failure.error.message}`, {
          cause: failure.error,
        });
      }
      child.history = decision.history;
      for (const each of strategy === 'one_for_all' ? table : [child]) {
        dismiss(each);
        each.waiting = true;
      }
      const { clock } = ports;
      const due = (): void => self.send({ type: 'RESTART_DUE', id: child.spec.id });
      if (clock === undefined) setTimeout(due, decision.delayMs);
      else clock.setTimeout(due, decision.delayMs);
    },
    restart: async ({ context, self }, { id }: { id: string }) => {
      const { strategy, table } = context;
      const cause = table.find(({ spec }) => spec.id === id);
      if (cause === undefined || !cause.waiting) return;
      cause.restarts += 1;
      note(context, cause, 'restarting', cause.lastError);
      for (const child of strategy === 'one_for_all' ? table : [cause]) {
        if (child.waiting) await startChild(context, child, (event) => self.send(event));
      }
    },
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => input,
  initial: 'starting',
  on: {
    CHILD_FAILED: { actions: { type: 'handleFailure', params: ({ event }) => event } },
    RESTART_DUE: { actions: { type: 'restart', params: ({ event }) => ({ id: event.id }) } },
  },
  states: {
    starting: {
      invoke: {
        src: 'startAll',
        input: ({ context, self }) => ({ context, send: (event: SupervisorEvent) => self.send(event) }),
        onDone: 'running',
      },
      on: { DRAIN: 'draining' },
    },
    running: { on: { DRAIN: 'draining' } },
    draining: {
      invoke: { src: 'stopAll', input: ({ context }) => context, onDone: 'stopped' },
      on: { RESTART_DUE: {}, CHILD_FAILED: {} },
    },
    stopped: { type: 'final' },
  },
});

export interface SupervisorOptions {
  readonly id: string;
  readonly kind: string;
  /** Path of the parent; empty for the root. */
  readonly parent: string;
  readonly strategy: RestartStrategy;
  readonly children: readonly ChildSpec[];
  readonly ports: SupervisionPorts;
}

/** A supervisor as a child of another. */
export function supervisorSpec(options: SupervisorOptions): ChildSpec {
  return { id: options.id, kind: options.kind, start: (context) => startSupervisor(options, context) };
}

/** Starts a tree. Its failure, told to `context`, is the escalation of one of its children. */
export function startSupervisor(options: SupervisorOptions, context: ChildContext): RunningChild {
  const path = options.parent === '' ? options.id : `${options.parent}/${options.id}`;
  const table = options.children.map(newChild);
  const { child } = startSupervised(
    supervisorMachine,
    { path, strategy: options.strategy, table, ports: options.ports },
    context,
  );
  return { ...child, children: () => table.map((row) => statusOf(path, row)) };
}

export function newChild(spec: ChildSpec): Child {
  return { spec, running: null, incarnation: 0, restarts: 0, history: NO_RESTARTS, lastError: null, waiting: false };
}

function statusOf(path: string, { spec, running, restarts, lastError, waiting }: Child): ActorStatus {
  return {
    path: `${path}/${spec.id}`,
    name: spec.id,
    kind: spec.kind,
    state: waiting ? 'restarting' : (running?.state() ?? 'starting'),
    restarts,
    lastError,
    children: running?.children?.() ?? [],
  };
}
