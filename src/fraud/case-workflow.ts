/**
 * The life of a case, as a table of transitions:
 *
 *   open → acknowledged (by whom: locked to them) → snoozed (for a time) → closed: confirmed, false positive, or expired
 *
 * Pure: the command, its sender and the case go in; the new state of the case, or the reason of a refusal, comes out.
 */
import type { CaseCommand } from './case-schemas.ts';

export type OpenState = 'open' | 'acknowledged' | 'snoozed';
export type Outcome = 'confirmed' | 'falsePositive';

export interface CaseStatus {
  readonly state: OpenState;
  /** Who took it, and keeps it while it is snoozed; null for nobody. */
  readonly holder: string | null;
  /** Event time at which it is shown again; 0 while it is not snoozed. */
  readonly snoozedUntil: number;
}

const NEW_CASE: CaseStatus = { state: 'open', holder: null, snoozedUntil: 0 };

export type Judged =
  | { readonly kind: 'moved'; readonly to: CaseStatus }
  | { readonly kind: 'closed'; readonly as: Outcome }
  | { readonly kind: 'refused'; readonly why: string };

type Action = CaseCommand['action'];
type Next = OpenState | Outcome;

const TRANSITIONS: Readonly<Record<OpenState, Readonly<Partial<Record<Action, Next>>>>> = {
  open: { acknowledge: 'acknowledged', snooze: 'snoozed', confirm: 'confirmed', dismiss: 'falsePositive' },
  acknowledged: {
    takeOver: 'acknowledged',
    release: 'open',
    snooze: 'snoozed',
    confirm: 'confirmed',
    dismiss: 'falsePositive',
  },
  snoozed: {
    acknowledge: 'acknowledged',
    takeOver: 'acknowledged',
    release: 'open',
    snooze: 'snoozed',
    confirm: 'confirmed',
    dismiss: 'falsePositive',
  },
};

/** `nowMs`: event time that the partition of the case has reached. */
export function judge(
  status: CaseStatus,
  { action, by, forMs }: Pick<CaseCommand, 'action' | 'by' | 'forMs'>,
  nowMs: number,
): Judged {
  const { state, holder } = status;
  const refused = (why: string): Judged => ({ kind: 'refused', why });
  if (by.trim() === '') return refused('say who asks');
  const next = TRANSITIONS[state][action];
  if (next === undefined) {
    if (state === 'acknowledged' && action === 'acknowledge')
      return refused(holder === by ? 'you have it already' : lockedWords(holder));
    return refused(`it is ${state}; from there it can ${possible(state)}`);
  }
  if (holder !== null && holder !== by && action !== 'takeOver') return refused(lockedWords(holder));
  switch (next) {
    case 'confirmed':
    case 'falsePositive':
      return { kind: 'closed', as: next };
    case 'open':
      return { kind: 'moved', to: NEW_CASE };
    case 'acknowledged':
      return { kind: 'moved', to: { state: next, holder: by, snoozedUntil: 0 } };
    case 'snoozed':
      if (forMs <= 0) return refused('say for how long it is snoozed');
      return { kind: 'moved', to: { state: next, holder, snoozedUntil: nowMs + forMs } };
  }
}

/** What a snoozed case is once its time has come. */
export function woken({ holder }: CaseStatus): CaseStatus {
  return { state: holder === null ? 'open' : 'acknowledged', holder, snoozedUntil: 0 };
}

function lockedWords(holder: string | null): string {
  return `it is locked to ${holder}, who took it; takeOver takes it from them`;
}

function possible(state: OpenState): string {
  return Object.keys(TRANSITIONS[state]).join(', ');
}
