/** At most one open case a card: a hit opens it or joins it, and it expires when no hit came for its quiet time. */

import { addCents, type Card } from './card.ts';
import type { Transaction } from './schemas.ts';
import type { FraudEvents } from './spec.ts';

/** Returns true when the hit opened a case. */
export function recordHit(card: Card, transaction: Transaction, caseQuietMs: number, out: FraudEvents): boolean {
  const { transactionId, customerId, amountCents, occurredAt } = transaction;
  if (card.openCase !== null && occurredAt >= card.openCase.lastHitAt + caseQuietMs) {
    expireCase(card, caseQuietMs, out);
  }
  const known = card.openCase;
  const openCase = known ?? {
    caseId: `case-${customerId}-${transactionId}`,
    hits: 0,
    amountCents: 0,
    lastTransactionId: transactionId,
    lastHitAt: occurredAt,
  };
  openCase.hits += 1;
  openCase.amountCents = addCents(openCase.amountCents, amountCents);
  openCase.lastTransactionId = transactionId;
  openCase.lastHitAt = Math.max(openCase.lastHitAt, occurredAt);
  card.openCase = openCase;
  out.cases.push({
    caseId: openCase.caseId,
    customerId,
    change: known === null ? 'opened' : 'hit',
    transactionId,
    hits: openCase.hits,
    amountCents: openCase.amountCents,
    occurredAt,
  });
  return known === null;
}

export function expireCase(card: Card, caseQuietMs: number, out: FraudEvents): void {
  const { openCase } = card;
  if (openCase === null) return;
  out.cases.push({
    caseId: openCase.caseId,
    customerId: card.customerId,
    change: 'expired',
    transactionId: openCase.lastTransactionId,
    hits: openCase.hits,
    amountCents: openCase.amountCents,
    occurredAt: openCase.lastHitAt + caseQuietMs,
  });
  card.openCase = null;
}
