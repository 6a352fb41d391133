/** The alert that a transaction raises when it opens a case. */
import { caseIdOf } from './cases.ts';
import type { AlertRaised, Transaction } from './schemas.ts';

/** What raised it, and what was going on. */
export type AlertCause = Pick<AlertRaised, 'score' | 'model' | 'reasons' | 'rules' | 'sessionStart' | 'sessionCount'>;

export function alertOf(transaction: Transaction, cause: AlertCause): AlertRaised {
  const { transactionId, customerId, terminalId, amountCents, occurredAt } = transaction;
  return {
    alertId: `alert-${customerId}-${transactionId}`,
    caseId: caseIdOf(customerId, transactionId),
    customerId,
    transactionId,
    terminalId,
    amountCents,
    occurredAt,
    severity: severityOf(cause.score),
    ...cause,
  };
}

function severityOf(score: number): AlertRaised['severity'] {
  if (score >= 0.9) return 'high';
  return score >= 0.65 ? 'medium' : 'low';
}
