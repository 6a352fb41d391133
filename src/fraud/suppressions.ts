/**
 * Suppressions of one partition: scopes within which hits raise no alert until some event time. A hit is within a scope when
 * it is of its card, its terminal and its rule, as far as it names them.
 */
import type { SuppressionChanged, SuppressionCommand } from './case-schemas.ts';
import type { Rule } from './rule-set.ts';
import type { Transaction } from './schemas.ts';

export interface Suppression {
  readonly suppressionId: string;
  readonly customerId: number | null;
  readonly terminalId: number | null;
  readonly rule: string | null;
  readonly until: number;
}

export interface Suppressions {
  /** Returns what became of it; null for what there is nothing to lift of. */
  take(command: SuppressionCommand, nowMs: number): SuppressionChanged | null;
  /** Those of the rules' bits that may not raise an alert. `of` is told of each with its suppression. */
  among(hits: number, transaction: Transaction, of: (bit: number, suppressionId: string) => void): number;
  /** What keeps a hit of the rule, or of the model of this name, from an alert; null for nothing. */
  of(name: string, transaction: Transaction): string | null;
  all(): readonly Suppression[];
  restore(all: readonly Suppression[]): void;
}

export function createSuppressions(rules: readonly Rule[]): Suppressions {
  let all: Suppression[] = [];
  return {
    take(command, nowMs) {
      const { action, suppressionId, customerId, terminalId, rule, forMs } = command;
      const { commandId, by, note, requestedAt } = command;
      const who = { commandId, by, note, requestedAt };
      all = all.filter(({ until }) => until > nowMs);
      const known = all.find((each) => each.suppressionId === suppressionId);
      all = all.filter((each) => each !== known);
      if (action === 'suppress') {
        const until = nowMs + forMs;
        const own = { suppressionId, customerId, terminalId, rule, until };
        all.push(own);
        return { ...who, ...own, change: 'suppressed', since: nowMs };
      }
      return known === undefined ? null : { ...who, ...known, change: 'lifted', since: nowMs, until: nowMs };
    },
    among(hits, transaction, of) {
      let suppressed = 0;
      for (const each of all) {
        if (!concerns(each, transaction)) continue;
        for (const [i, { name }] of rules.entries()) {
          const bit = 1 << i;
          if ((hits & bit) === 0 || (suppressed & bit) !== 0) continue;
          if (each.rule !== null && each.rule !== name) continue;
          suppressed |= bit;
          of(bit, each.suppressionId);
        }
      }
      return suppressed;
    },
    of: (name, transaction) =>
      all.find((each) => concerns(each, transaction) && (each.rule === null || each.rule === name))?.suppressionId ??
      null,
    all: () => all,
    restore(states) {
      all = [...states];
    },
  };
}

function concerns(each: Suppression, { customerId, terminalId, occurredAt }: Transaction): boolean {
  if (each.until <= occurredAt) return false;
  if (each.customerId !== null && each.customerId !== customerId) return false;
  return each.terminalId === null || each.terminalId === terminalId;
}
