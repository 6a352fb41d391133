/** The alert that a transaction raises when it opens a case. */
import { caseIdOf } from './cases.ts';
import { RULES_MODEL, type RuleInput, type RuleLimits, reasonsOf, severityOf } from './rules.ts';
import type { AlertRaised, Transaction } from './schemas.ts';

export function alertOf(
  transaction: Transaction,
  input: Readonly<RuleInput>,
  hits: number,
  score: number,
  sessionStart: number,
  rules: RuleLimits,
): AlertRaised {
  const { transactionId, customerId, terminalId, amountCents, occurredAt } = transaction;
  return {
    alertId: `alert-${customerId}-${transactionId}`,
    caseId: caseIdOf(customerId, transactionId),
    customerId,
    transactionId,
    terminalId,
    amountCents,
    occurredAt,
    score,
    model: RULES_MODEL,
    severity: severityOf(score),
    reasons: reasonsOf(hits, input, rules),
    sessionStart,
    sessionCount: input.sessionCount,
  };
}
