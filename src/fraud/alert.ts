/** The alert that a transaction raises when it opens a case. */

import type { OpenSession } from './card.ts';
import { RULES_MODEL, type RuleInput, type RuleLimits, reasonsOf, severityOf } from './rules.ts';
import type { AlertRaised, Transaction } from './schemas.ts';

export function alertOf(
  transaction: Transaction,
  input: RuleInput,
  hits: number,
  score: number,
  session: OpenSession | null,
  rules: RuleLimits,
): AlertRaised {
  const { transactionId, customerId, terminalId, amountCents, occurredAt } = transaction;
  return {
    alertId: `alert-${customerId}-${transactionId}`,
    caseId: `case-${customerId}-${transactionId}`,
    customerId,
    transactionId,
    terminalId,
    amountCents,
    occurredAt,
    score,
    model: RULES_MODEL,
    severity: severityOf(score),
    reasons: reasonsOf(hits, input, rules),
    sessionStart: session === null ? occurredAt : session.start,
    sessionCount: input.sessionCount,
  };
}
