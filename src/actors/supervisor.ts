/**
 * Supervisor: starts its children in order, restarts what fails, stops in reverse order.
 *
 *   starting ──► running ── a child of one_for_all fails ──► restarting ── backoff ──► starting
 *   any of these ── DRAIN ────► draining ────► stopped
 *                └─ ESCALATE ─► escalating ──► escalated: fails one level up
 *
 * one_for_one restarts the child that failed. one_for_all restarts every child, because they share state that only makes
 * sense together; the others are then killed and not drained, as their state is suspect. A supervisor is a child like any
 * other, so trees nest. It knows nothing of what its children do.
 */
import { assign, fromPromise, raise, setup } from 'xstate';
import {
  type Child,
  type ChildEvent,
  type ChildSpec,
  type ChildTable,
  currentRow,
  dismiss,
  newChild,
  nextToStart,
  startChild,
  statusOf,
} from './child-table.ts';
import { note, type SupervisionPorts } from './record-change.ts';
import { NO_RESTARTS } from './restart-policy.ts';
import { stopChild } from './stop-child.ts';
import { type ChildContext, type RunningChild, startSupervised } from './supervised.ts';
import { type Family, noteFailure, type RestartStrategy, type Verdict, verdict } from './verdict.ts';

export type { ChildSpec } from './child-table.ts';
export type { SupervisionPorts } from './record-change.ts';
export type { RestartStrategy } from './verdict.ts';

/** The rows of the table change as the children live; the maker of the table may read them. */
export type SupervisorInput = Family;

interface Context extends SupervisorInput {
  /** Backoff before the group starts again. */
  readonly delayMs: number;
  readonly cause: Error | null;
}

export type SupervisorEvent =
  | ChildEvent
  | { readonly type: 'CHILD_ADDED' }
  | Verdict
  | { readonly type: 'RESTART_DUE'; readonly id: string; readonly incarnation: number }
  | { readonly type: 'DRAIN' };

export const supervisorMachine = setup({
  types: { context: {} as Context, input: {} as SupervisorInput, events: {} as SupervisorEvent },
  actors: {
    stopInReverse: fromPromise<void, SupervisorInput>(async ({ input }) => {
      const { path, ports, table } = input;
      for (const child of [...table.rows].reverse()) await stopChild(path, ports, child);
    }),
  },
  actions: {
    startNext: ({ context, self }) => {
      const next = nextToStart(context.table);
      if (next !== undefined) startChild(next, context.ports.clock, (event) => self.send(event));
    },
    restart: ({ context, self }, { child }: { child: Child | undefined }) => {
      if (child?.phase !== 'restarting') return;
      child.restarts += 1;
      startChild(child, context.ports.clock, (event) => self.send(event));
    },
    restartGroup: ({ context }) => {
      for (const child of context.table.rows) {
        if (child.phase !== 'restarting') continue;
        child.restarts += 1;
        child.phase = 'waiting';
      }
    },
    noteStarted: ({ context }, { child }: { child: Child | undefined }) => {
      if (child !== undefined && child.restarts > 0) note(context.path, context.ports, child, 'started', null);
    },
    noteStopped: ({ context }, { child }: { child: Child | undefined }) => {
      if (child === undefined) return;
      dismiss(child, 'stopped');
      note(context.path, context.ports, child, 'stopped', null);
    },
    noteFailed: ({ context }, { child, error }: { child: Child | undefined; error: Error }) => {
      if (child !== undefined) noteFailure(context, child, error);
    },
    judge: ({ context, self }, { child, error }: { child: Child | undefined; error: Error }) => {
      if (child === undefined) return;
      if (child.isLeaving) noteFailure(context, child, error);
      else self.send(verdict(context, child, error));
    },
    keepDelay: assign((_, { delayMs }: { delayMs: number }) => ({ delayMs })),
    keepCause: assign((_, { error }: { error: Error }) => ({ cause: error })),
    killSuspects: ({ context }) => {
      if (context.strategy === 'one_for_all') dismissAll(context.table);
    },
    restartLater: raise(
      (_, { id, incarnation }: { id: string; incarnation: number; delayMs: number }) => ({
        type: 'RESTART_DUE' as const,
        id,
        incarnation,
      }),
      { delay: (_, { delayMs }: { id: string; incarnation: number; delayMs: number }) => delayMs },
    ),
    escalate: ({ context }) => {
      throw context.cause ?? new Error(`${context.path} escalated`);
    },
  },
  guards: {
    allStarted: ({ context }) => context.table.rows.every(({ phase }) => phase === 'running' || phase === 'stopped'),
  },
  delays: { backoff: ({ context }) => context.delayMs },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({ ...input, delayMs: 0, cause: null }),
  initial: 'starting',
  on: {
    CHILD_ADDED: { actions: 'startNext' },
    CHILD_STARTED: {
      actions: [{ type: 'noteStarted', params: ({ context, event }) => rowOf(context, event) }, 'startNext'],
    },
    CHILD_STOPPED: {
      actions: [{ type: 'noteStopped', params: ({ context, event }) => rowOf(context, event) }, 'startNext'],
    },
    CHILD_FAILED: { actions: { type: 'judge', params: ({ context, event }) => failureOf(context, event) } },
    RESTART_LATER: { actions: { type: 'restartLater', params: ({ event }) => event } },
    RESTART_DUE: { actions: { type: 'restart', params: ({ context, event }) => rowOf(context, event) } },
    RESTART_ALL: { target: '.restarting', actions: { type: 'keepDelay', params: ({ event }) => event } },
    ESCALATE: { target: '.escalating', actions: { type: 'keepCause', params: ({ event }) => event } },
    DRAIN: '.draining',
  },
  states: {
    starting: { entry: 'startNext', always: { guard: 'allStarted', target: 'running' } },
    running: {},
    restarting: { after: { backoff: { target: 'starting', actions: 'restartGroup' } } },
    draining: {
      invoke: { src: 'stopInReverse', input: ({ context }) => context, onDone: 'stopped' },
      on: {
        CHILD_STARTED: {},
        CHILD_STOPPED: { actions: { type: 'noteStopped', params: ({ context, event }) => rowOf(context, event) } },
        CHILD_FAILED: { actions: { type: 'noteFailed', params: ({ context, event }) => failureOf(context, event) } },
        RESTART_LATER: {},
        RESTART_DUE: {},
        RESTART_ALL: {},
        ESCALATE: {},
        DRAIN: {},
      },
    },
    escalating: {
      entry: 'killSuspects',
      invoke: { src: 'stopInReverse', input: ({ context }) => context, onDone: 'escalated' },
      on: {
        CHILD_STARTED: {},
        CHILD_STOPPED: { actions: { type: 'noteStopped', params: ({ context, event }) => rowOf(context, event) } },
        CHILD_FAILED: { actions: { type: 'noteFailed', params: ({ context, event }) => failureOf(context, event) } },
        RESTART_LATER: {},
        RESTART_DUE: {},
        RESTART_ALL: {},
        ESCALATE: {},
        DRAIN: {},
      },
    },
    stopped: { type: 'final' },
    escalated: { type: 'final', entry: 'escalate' },
  },
});

function rowOf(context: Context, event: { id: string; incarnation: number }): { child: Child | undefined } {
  return { child: currentRow(context.table, event) };
}

function failureOf(
  context: Context,
  event: { id: string; incarnation: number; error: Error },
): { child: Child | undefined; error: Error } {
  return { ...rowOf(context, event), error: event.error };
}

function dismissAll(table: ChildTable): void {
  for (const child of [...table.rows].reverse()) dismiss(child, 'stopped');
}

export interface SupervisorOptions {
  readonly id: string;
  readonly kind: string;
  /** Path of the parent; empty for the root. */
  readonly parent: string;
  readonly strategy: RestartStrategy;
  readonly children: readonly ChildSpec[];
  readonly ports: SupervisionPorts;
  readonly isInputAtFault?: () => boolean;
}

/** A supervisor as a child of another. Its stop takes as long as those of its children. */
export function supervisorSpec(options: SupervisorOptions): ChildSpec {
  return {
    id: options.id,
    kind: options.kind,
    shutdownMs: Number.POSITIVE_INFINITY,
    start: (context) => startSupervisor(options, context),
  };
}

/** Children may come and go while it runs. */
export interface RunningSupervisor extends RunningChild {
  /**
   * Starts one more child and puts it before all others, so that it is stopped after the children that feed it. False when
   * the supervisor is ending, or still has a child of this name.
   */
  add(spec: ChildSpec): boolean;
  /** Stops a child in order, and forgets it. Resolves at once when there is none of this name. */
  remove(id: string): Promise<void>;
}

const TAKES_CHILDREN: readonly string[] = ['starting', 'running', 'restarting'];

/** Starts a tree. The tree fails, which `context` is told, when one of its children escalates. */
export function startSupervisor(options: SupervisorOptions, context: ChildContext): RunningSupervisor {
  const { parent, id, ports, strategy, isInputAtFault = () => false } = options;
  const path = parent === '' ? id : `${parent}/${id}`;
  const table: ChildTable = { rows: options.children.map(newChild), history: NO_RESTARTS };
  const departed = new Map<string, number>();
  const { child, send } = startSupervised(
    supervisorMachine,
    { path, strategy, table, ports, isInputAtFault },
    {
      ...(ports.clock === undefined ? {} : { clock: ports.clock }),
      ...context,
      failed(error) {
        // After an escalation no child is left. After a failure of the supervisor itself, such as a port that threw, all are.
        dismissAll(table);
        context.failed(error);
      },
    },
  );
  return {
    ...child,
    kill() {
      dismissAll(table);
      child.kill();
    },
    children: () => table.rows.map((row) => statusOf(path, row)),
    add(spec) {
      if (!TAKES_CHILDREN.includes(child.state()) || table.rows.some((row) => row.spec.id === spec.id)) return false;
      // Events of an earlier child of this name are ignored.
      table.rows = [{ ...newChild(spec), incarnation: departed.get(spec.id) ?? 0 }, ...table.rows];
      send({ type: 'CHILD_ADDED' });
      return true;
    },
    async remove(id) {
      const row = table.rows.find(({ spec }) => spec.id === id);
      if (row === undefined) return;
      row.isLeaving = true;
      await stopChild(path, ports, row);
      departed.set(id, row.incarnation);
      table.rows = table.rows.filter((other) => other !== row);
    },
  };
}
