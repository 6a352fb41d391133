/**
 * What is remembered of one customer's card, and how a transaction changes it. Per card only: no result depends on
 * which other cards share the partition.
 */
import { LONG_MAX } from '../messages/avro.ts';

export interface OpenSession {
  start: number;
  /** Event time of the last transaction; the session ends at last + gap. */
  last: number;
  count: number;
  totalCents: number;
  maxScore: number;
  /** Transactions in what a flush gave of it; 0 where none gave it. */
  given: number;
}

export interface CaseState {
  readonly caseId: string;
  hits: number;
  amountCents: number;
  lastTransactionId: number;
  /** Event time of the last hit. */
  lastHitAt: number;
}

export interface Card {
  readonly customerId: number;
  /** In order of start; more than one only while events come out of order. */
  sessions: OpenSession[];
  openCase: CaseState | null;
  /** Largest event time of the card. */
  lastSeenAt: number;
  /** Running count, mean and sum of squared distances of the amounts: Welford, Technometrics 4(3), 1962. */
  amounts: number;
  meanCents: number;
  squares: number;
  /** Deadlines of the timers that are armed for this card; NEVER_MS for none. */
  sessionTimerMs: number;
  caseTimerMs: number;
  evictionTimerMs: number;
}

export const NEVER_MS = Number.POSITIVE_INFINITY;

export function newCard(customerId: number): Card {
  return {
    customerId,
    sessions: [],
    openCase: null,
    lastSeenAt: Number.NEGATIVE_INFINITY,
    amounts: 0,
    meanCents: 0,
    squares: 0,
    sessionTimerMs: NEVER_MS,
    caseTimerMs: NEVER_MS,
    evictionTimerMs: NEVER_MS,
  };
}

/** Distance of an amount above the card's own mean, in standard deviations; 0 without a spread to measure by. */
export function deviationsAboveMean(card: Card, amountCents: number): number {
  if (card.amounts < 2) return 0;
  const deviation = Math.sqrt(card.squares / (card.amounts - 1));
  return deviation === 0 ? 0 : (amountCents - card.meanCents) / deviation;
}

export function learnAmount(card: Card, amountCents: number): void {
  card.amounts += 1;
  const distance = amountCents - card.meanCents;
  card.meanCents += distance / card.amounts;
  card.squares += distance * (amountCents - card.meanCents);
}

/** Forgets what the card's amounts were; what its cases are stays. */
export function forgetAmounts(card: Card): void {
  card.amounts = 0;
  card.meanCents = 0;
  card.squares = 0;
}

/** A sum that stays within what a message can hold: absurd amounts must not stop the partition. */
export function addCents(a: number, b: number): number {
  return Math.max(-LONG_MAX, Math.min(a + b, LONG_MAX));
}

/**
 * Puts a transaction into its session: it opens [t, t + gap), and sessions that overlap or touch it merge.
 * Returns null when the merged session had already closed: last + gap − 1 ≤ watermark.
 */
export function joinSession(
  card: Card,
  occurredAt: number,
  amountCents: number,
  gapMs: number,
  watermarkMs: number,
): OpenSession | null {
  const only = card.sessions[0];
  if (only !== undefined && card.sessions.length === 1 && occurredAt >= only.start && occurredAt <= only.last + gapMs) {
    if (occurredAt > only.last) only.last = occurredAt;
    only.count += 1;
    only.totalCents = addCents(only.totalCents, amountCents);
    return only;
  }
  const merged: OpenSession = {
    start: occurredAt,
    last: occurredAt,
    count: 1,
    totalCents: amountCents,
    maxScore: 0,
    given: 0,
  };
  if (card.sessions.length === 0) {
    if (occurredAt + gapMs - 1 <= watermarkMs) return null;
    card.sessions.push(merged);
    return merged;
  }
  const apart: OpenSession[] = [];
  for (const session of card.sessions) {
    if (session.start > occurredAt + gapMs || session.last + gapMs < occurredAt) {
      apart.push(session);
      continue;
    }
    merged.start = Math.min(merged.start, session.start);
    merged.last = Math.max(merged.last, session.last);
    merged.count += session.count;
    merged.totalCents = addCents(merged.totalCents, session.totalCents);
    merged.maxScore = Math.max(merged.maxScore, session.maxScore);
  }
  if (merged.last + gapMs - 1 <= watermarkMs) return null;
  apart.push(merged);
  card.sessions = apart.sort((a, b) => a.start - b.start);
  return merged;
}
