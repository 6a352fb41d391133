/**
 * The children of one supervisor, as rows that change while they live. Each start is an incarnation with a number, and
 * a row takes nothing from an incarnation that is over.
 */
import type { RestartHistory } from './restart-policy.ts';
import { type ActorStatus, asError, type ChildContext, type Clock, type RunningChild } from './supervised.ts';

export interface ChildSpec {
  readonly id: string;
  readonly kind: string;
  /** Bound of the child's orderly stop; the supervisor's own bound where absent. */
  readonly shutdownMs?: number;
  start(context: ChildContext): RunningChild | Promise<RunningChild>;
}

export interface ChildTable {
  /** In order of start. */
  rows: readonly Child[];
  history: RestartHistory;
}

export interface Child {
  readonly spec: ChildSpec;
  phase: 'waiting' | 'starting' | 'running' | 'restarting' | 'stopped';
  incarnation: number;
  /** Aborts when the incarnation is over. */
  life: AbortController;
  running: RunningChild | null;
  restarts: number;
  lastError: string | null;
  /** The child is being removed, and will not be started again in any case. */
  isLeaving: boolean;
}

export type ChildEvent =
  | { readonly type: 'CHILD_STARTED'; readonly id: string; readonly incarnation: number }
  | { readonly type: 'CHILD_FAILED'; readonly id: string; readonly incarnation: number; readonly error: Error }
  | { readonly type: 'CHILD_STOPPED'; readonly id: string; readonly incarnation: number };

export function newChild(spec: ChildSpec): Child {
  return {
    spec,
    phase: 'waiting',
    incarnation: 0,
    life: new AbortController(),
    running: null,
    restarts: 0,
    lastError: null,
    isLeaving: false,
  };
}

/** The row of an event's child, unless the event comes from an incarnation that is over. */
export function currentRow(table: ChildTable, event: { id: string; incarnation: number }): Child | undefined {
  return table.rows.find(({ spec, incarnation }) => spec.id === event.id && incarnation === event.incarnation);
}

/** Starts the next incarnation. A start that throws or rejects is a failure like any other. */
export function startChild(child: Child, clock: Clock | undefined, send: (event: ChildEvent) => void): void {
  child.incarnation += 1;
  child.phase = 'starting';
  child.life = new AbortController();
  const { incarnation, spec } = child;
  const from = { id: spec.id, incarnation };
  const failed = (error: unknown): void => send({ type: 'CHILD_FAILED', ...from, error: asError(error) });
  const adopt = (running: RunningChild): void => {
    if (child.incarnation !== incarnation) {
      running.kill();
      return;
    }
    child.running = running;
    child.phase = 'running';
    send({ type: 'CHILD_STARTED', ...from });
  };
  const context: ChildContext = {
    ...(clock === undefined ? {} : { clock }),
    signal: child.life.signal,
    failed,
    stopped: () => send({ type: 'CHILD_STOPPED', ...from }),
  };
  // In a turn of its own: started within a supervisor's action, a machine would run as a part of that action.
  queueMicrotask(() => {
    if (child.incarnation !== incarnation) return;
    try {
      const started = spec.start(context);
      if (started instanceof Promise) started.then(adopt, failed);
      else adopt(started);
    } catch (error) {
      failed(error);
    }
  });
}

/** Ends the incarnation, by force if it still runs, and ignores its further events. */
export function dismiss(child: Child, phase: 'restarting' | 'stopped'): void {
  const { life, running } = child;
  child.incarnation += 1;
  child.running = null;
  child.phase = phase;
  life.abort();
  try {
    running?.kill();
  } catch (error) {
    child.lastError = `Killing it failed: ${asError(error).message}`;
  }
}

/** The first child that has not started yet, once all before it have. */
export function nextToStart(table: ChildTable): Child | undefined {
  for (const child of table.rows) {
    if (child.phase === 'waiting') return child;
    if (child.phase === 'starting' || child.phase === 'restarting') return undefined;
  }
  return undefined;
}

export function statusOf(path: string, { spec, phase, running, restarts, lastError }: Child): ActorStatus {
  return {
    path: `${path}/${spec.id}`,
    name: spec.id,
    kind: spec.kind,
    state: running?.state() ?? phase,
    restarts,
    lastError,
    children: running?.children?.() ?? [],
  };
}
