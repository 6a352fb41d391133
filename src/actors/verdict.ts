/** The verdict on a failed child: it restarts after a pause, alone or with its group, or its supervisor gives up. */
import { type Child, type ChildTable, dismiss } from './child-table.ts';
import { note, type SupervisionPorts } from './record-change.ts';
import { decideRestart, LastingError } from './restart-policy.ts';

export type RestartStrategy = 'one_for_one' | 'one_for_all';

/** A supervisor's children, and how it deals with them. */
export interface Family {
  readonly path: string;
  readonly strategy: RestartStrategy;
  readonly table: ChildTable;
  readonly ports: SupervisionPorts;
  /** Whether a single input makes the child fail. That is no reason to give up, since the input is quarantined in the end. */
  readonly isInputAtFault: () => boolean;
}

export type Verdict =
  | { readonly type: 'RESTART_LATER'; readonly id: string; readonly incarnation: number; readonly delayMs: number }
  | { readonly type: 'RESTART_ALL'; readonly delayMs: number }
  | { readonly type: 'ESCALATE'; readonly error: Error };

/** The unit of a group's backoff; no child has an empty id. */
const GROUP = '';

/** Notes the failure of a child that is not started again. */
export function noteFailure({ path, ports }: Family, child: Child, error: Error): void {
  child.lastError = error.message;
  dismiss(child, 'stopped');
  note(path, ports, child, 'failed', error.message);
}

/** Ends the failed child and decides its fate. */
export function verdict({ path, ports, strategy, table, isInputAtFault }: Family, child: Child, error: Error): Verdict {
  const unit = strategy === 'one_for_all' ? GROUP : child.spec.id;
  const decision =
    error instanceof LastingError
      ? { kind: 'escalate' as const }
      : isInputAtFault()
        ? { kind: 'restart' as const, delayMs: ports.policy.minBackoffMs, history: table.history }
        : decideRestart(table.history, unit, ports.nowMs(), ports.random(), ports.policy);
  child.lastError = error.message;
  dismiss(child, decision.kind === 'restart' ? 'restarting' : 'stopped');
  note(path, ports, child, 'failed', error.message);
  if (decision.kind === 'escalate') {
    if (error instanceof LastingError) {
      note(path, ports, child, 'escalated', error.message);
      return { type: 'ESCALATE', error };
    }
    const { intensity, periodMs } = ports.policy;
    const why = `${path}/${child.spec.id} failed again after ${intensity} restarts within ${periodMs} ms: ${error.message}`;
    note(path, ports, child, 'escalated', why);
    return { type: 'ESCALATE', error: new Error(why, { cause: error }) };
  }
  const { delayMs } = decision;
  table.history = decision.history;
  note(path, ports, child, 'restarting', error.message);
  if (strategy === 'one_for_one') {
    return { type: 'RESTART_LATER', id: child.spec.id, incarnation: child.incarnation, delayMs };
  }
  for (const other of [...table.rows].reverse()) if (other !== child) dismiss(other, 'restarting');
  return { type: 'RESTART_ALL', delayMs };
}
