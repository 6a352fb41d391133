import type { AlertRaised } from '../../src/fraud/schemas.ts';

/** An alert like any other, with the given id. */
export function alertOf(alertId: string): AlertRaised {
  return {
    alertId,
    caseId: `case-${alertId}`,
    customerId: 42,
    transactionId: 7,
    terminalId: 3,
    amountCents: 12_345,
    occurredAt: Date.UTC(2018, 3, 1),
    score: 0.97,
    model: 'rules@1',
    severity: 'high',
    reasons: [{ code: 'amount', text: 'Amount above the norm\nof the customer', value: 12_345, norm: 2000 }],
    sessionStart: Date.UTC(2018, 3, 1),
    sessionCount: 2,
    rules: ['amount'],
  };
}
