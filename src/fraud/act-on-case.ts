/** A command about a case, applied to the card that has the case: its outcome, and its labels. */

import { NONE } from '../streams/key-index.ts';
import { armCase } from './card-timers.ts';
import { type Cards, cardOfCustomer } from './cards.ts';
import type { CaseActed, CaseCommand } from './case-schemas.ts';
import { judge } from './case-workflow.ts';
import { caseStatus, closeCase, moveCase } from './cases.ts';
import type { FraudEvents } from './spec.ts';

/** Who says so of a label. */
const ANALYST = 'analyst';

/** `nowMs`: event time that the partition has reached. */
export function actOnCase(cards: Cards, command: CaseCommand, nowMs: number, out: FraudEvents): void {
  const { caseId, customerId, action, commandId, by, note, requestedAt } = command;
  const answer = (outcome: CaseActed['outcome'], state: string, detail: string): unknown =>
    out.actions.push({
      ...{ commandId, by, note, requestedAt, caseId, customerId, action },
      ...{ outcome, state, detail, at: nowMs },
    });
  const card = cardOfCustomer(cards, customerId);
  const status = card === NONE ? null : caseStatus(cards, card);
  if (status?.caseId !== caseId) {
    answer('refused', 'closed', 'it is not open: it is closed, has expired, or never was');
    return;
  }
  const judged = judge(status, command, nowMs);
  switch (judged.kind) {
    case 'refused':
      answer('refused', status.state, judged.why);
      return;
    case 'moved':
      moveCase(cards, card, judged.to, nowMs, out);
      armCase(cards, card);
      answer('done', judged.to.state, '');
      return;
    case 'closed': {
      const hits = closeCase(cards, card, judged.as, nowMs, out);
      for (const { transactionId, terminalId, occurredAt } of hits) {
        const fraud = judged.as === 'confirmed';
        // Known once it has been said, and never before it happened.
        const knownAt = Math.max(nowMs, occurredAt);
        const label = { transactionId, customerId, terminalId, occurredAt, fraud, scenario: 0, knownAt };
        out.labels.push({ ...label, origin: ANALYST });
      }
      const count = hits.length === 1 ? '1 transaction is' : `${hits.length} transactions are`;
      answer('done', judged.as, `${count} labelled`);
    }
  }
}
