/** What a commit derived, as the rows that the live page shows. */
import type { Committed } from '../actors/partition-consumer.ts';
import type { AlertRaised } from '../fraud/schemas.ts';
import { alertRaisedType, sessionClosedType } from '../fraud/types.ts';
import type { LiveEvent, Row } from '../http/view.ts';
import type { EventType } from '../messages/codec.ts';

/** Of the sessions of a commit so many are shown: a sample. */
const SAMPLED_SESSIONS = 5;

export function publishDerived(publish: (event: LiveEvent) => void, commit: Committed): void {
  const sessions = eventsOf(commit, sessionClosedType);
  if (sessions.length > 0) {
    const rows: Row[] = sessions.slice(-SAMPLED_SESSIONS).map((session) => ({
      customer_id: session.customerId,
      start_at: session.start,
      end_at: session.end,
      count: session.count,
      total_cents: session.totalCents,
      max_score: session.maxScore,
    }));
    publish({ kind: 'session', data: rows });
  }
  const alerts = alertsOf(commit);
  if (alerts.length === 0) return;
  const { stream, partition } = commit.commit;
  const firstAlertOffset = offsetOf(commit, alertRaisedType.fingerprint);
  const rows: Row[] = alerts.map((alert, i) => ({
    alert_id: alert.alertId,
    case_id: alert.caseId,
    customer_id: alert.customerId,
    transaction_id: alert.transactionId,
    terminal_id: alert.terminalId,
    amount_cents: alert.amountCents,
    occurred_at: alert.occurredAt,
    score: alert.score,
    model: alert.model,
    severity: alert.severity,
    reasons: JSON.stringify(alert.reasons),
    stream,
    partition,
    offset: firstAlertOffset + i,
  }));
  publish({ kind: 'alert', data: rows });
}

/** Offset of the first event of the commit's section of this type. */
function offsetOf({ commit, firstOffset }: Committed, fingerprint: string): number {
  let offset = firstOffset;
  for (const section of commit.sections) {
    if (section.fingerprint === fingerprint) break;
    offset += section.count;
  }
  return offset;
}

function alertsOf(commit: Committed): AlertRaised[] {
  return eventsOf(commit, alertRaisedType);
}

function eventsOf<T>({ commit }: Committed, { fingerprint, decodeBlock }: EventType<T>): T[] {
  return commit.sections
    .filter((section) => section.fingerprint === fingerprint)
    .flatMap(({ bytes }) => decodeBlock(bytes));
}
