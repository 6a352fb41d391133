/**
 * The fraud domain over one partition: sessions a card, rules, a score for every transaction, one open case a card.
 *
 * Pure: transactions and watermarks in, events out. Timers run on event time and fire in an order that depends on
 * their content alone, so a restored detector says exactly what the lost one would have said.
 */
import { type FromAvro, LONG_MAX } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { AlertRaised, CaseChanged, SessionClosed, Transaction, TransactionScored } from '../messages/payments.ts';
import type { LateEvent } from '../messages/streams.ts';
import { createTimers, type Timers } from '../streams/timers.ts';
import { alertOf } from './alert.ts';
import {
  addCents,
  type Card,
  deviationsAboveMean,
  forgetAmounts,
  joinSession,
  learnAmount,
  newCard,
  type OpenSession,
} from './card.ts';
import type { cardStateSchema } from './card-state.ts';
import { firedRules, RULES_MODEL, type RuleInput, type RuleLimits, ruleScore } from './rules.ts';
import { NO_TRANSACTIONS, transactionAt, transactionColumns } from './transaction-columns.ts';

export interface FraudSpec {
  readonly sessionGapMs: number;
  readonly rules: RuleLimits;
  /** A case without a hit for so long, in event time, expires. */
  readonly caseQuietMs: number;
}

/** Takes events one by one. */
interface Sink<T> {
  push(event: T): unknown;
}

export interface FraudEvents {
  readonly scores: Sink<TransactionScored>;
  readonly sessions: Sink<SessionClosed>;
  readonly alerts: Sink<AlertRaised>;
  readonly cases: Sink<CaseChanged>;
  readonly late: Sink<LateEvent>;
}

export type CardState = FromAvro<typeof cardStateSchema>;

export interface FraudDetector {
  /** The transactions whose rows add() is told from now on. Throws when they are not transactions. */
  begin(columns: Columns): void;
  add(row: number, watermarkMs: number, out: FraudEvents): void;
  advance(watermarkMs: number, out: FraudEvents): void;
  snapshot(): CardState[];
  restore(states: readonly CardState[]): void;
  cardCount(): number;
}

type TimerOfCard = 'sessionTimerMs' | 'caseTimerMs' | 'evictTimerMs';

/** Name of the session stream, as late events carry it. */
export const SESSIONS = 'fraud.sessions';

/** A card that was not seen for so long is forgotten: its norm says nothing any more. */
export const CARD_HISTORY_MS = 90 * 86_400_000;

export function createFraudDetector(spec: FraudSpec): FraudDetector {
  const { sessionGapMs, rules, caseQuietMs } = spec;
  const cards = new Map<number, Card>();
  const sessionTimers = createTimers();
  const caseTimers = createTimers();
  const evictTimers = createTimers();
  let rows = NO_TRANSACTIONS;

  function armSession(card: Card, session: OpenSession): void {
    const deadlineMs = session.last + sessionGapMs;
    if (deadlineMs >= card.sessionTimerMs) return;
    card.sessionTimerMs = deadlineMs;
    sessionTimers.add(deadlineMs, card.customerId);
  }
  function armCase(card: Card): void {
    if (card.openCase === null || card.caseTimerMs !== Number.POSITIVE_INFINITY) return;
    card.caseTimerMs = card.openCase.lastHitAt + caseQuietMs;
    caseTimers.add(card.caseTimerMs, card.customerId);
  }
  function evictionMs({ lastSeenAt, openCase, sessions }: Card): number {
    const caseEndMs = openCase === null ? lastSeenAt : openCase.lastHitAt + caseQuietMs;
    const sessionEndMs = sessions.length === 0 ? lastSeenAt : lastSeenAt + sessionGapMs;
    return Math.max(lastSeenAt + CARD_HISTORY_MS, caseEndMs, sessionEndMs);
  }
  function armEviction(card: Card): void {
    if (card.evictTimerMs !== Number.POSITIVE_INFINITY) return;
    card.evictTimerMs = evictionMs(card);
    evictTimers.add(card.evictTimerMs, card.customerId);
  }

  function expireCase(card: Card, out: FraudEvents): void {
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

  function recordHit(card: Card, transaction: Transaction, alert: () => AlertRaised, out: FraudEvents): void {
    const { transactionId, customerId, amountCents, occurredAt } = transaction;
    if (card.openCase !== null && occurredAt >= card.openCase.lastHitAt + caseQuietMs) expireCase(card, out);
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
    armCase(card);
    if (known === null) out.alerts.push(alert());
    out.cases.push({
      caseId: openCase.caseId,
      customerId,
      change: known === null ? 'opened' : 'hit',
      transactionId,
      hits: openCase.hits,
      amountCents: openCase.amountCents,
      occurredAt,
    });
  }

  function closeSession(card: Card, session: OpenSession, watermarkMs: number, out: FraudEvents): void {
    out.sessions.push({
      customerId: card.customerId,
      start: session.start,
      end: session.last + sessionGapMs,
      at: watermarkMs,
      count: session.count,
      totalCents: session.totalCents,
      maxScore: session.maxScore,
    });
  }

  function closeSessions(card: Card, deadlineMs: number, watermarkMs: number, out: FraudEvents): void {
    let open = 0;
    for (const session of card.sessions) {
      if (session.last + sessionGapMs > deadlineMs) card.sessions[open++] = session;
      else closeSession(card, session, watermarkMs, out);
    }
    while (card.sessions.length > open) card.sessions.pop();
  }

  /**
   * The next card whose timer is due; a timer that was superseded is dropped. What it is for may have moved on since it
   * was armed: it then acts on nothing and is armed anew, so that everything happens in order of true deadlines.
   */
  function nextDue(timers: Timers, watermarkMs: number, armed: TimerOfCard): Card | null {
    for (;;) {
      const deadlineMs = timers.nextDeadlineMs();
      if (deadlineMs - 1 > watermarkMs) return null;
      const card = cards.get(timers.take());
      if (card !== undefined && card[armed] === deadlineMs) return card;
    }
  }

  function closeDueSessions(watermarkMs: number, out: FraudEvents): void {
    for (;;) {
      const card = nextDue(sessionTimers, watermarkMs, 'sessionTimerMs');
      if (card === null) return;
      closeSessions(card, card.sessionTimerMs, watermarkMs, out);
      card.sessionTimerMs = Number.POSITIVE_INFINITY;
      for (const session of card.sessions) armSession(card, session);
    }
  }

  function expireDueCases(watermarkMs: number, out: FraudEvents): void {
    for (;;) {
      const card = nextDue(caseTimers, watermarkMs, 'caseTimerMs');
      if (card === null) return;
      const deadlineMs = card.caseTimerMs;
      card.caseTimerMs = Number.POSITIVE_INFINITY;
      if (card.openCase === null) continue;
      if (card.openCase.lastHitAt + caseQuietMs <= deadlineMs) expireCase(card, out);
      else armCase(card);
    }
  }

  function evictDueCards(watermarkMs: number): void {
    for (;;) {
      const card = nextDue(evictTimers, watermarkMs, 'evictTimerMs');
      if (card === null) return;
      const deadlineMs = card.evictTimerMs;
      card.evictTimerMs = Number.POSITIVE_INFINITY;
      if (evictionMs(card) <= deadlineMs) cards.delete(card.customerId);
      else armEviction(card);
    }
  }

  return {
    begin(columns) {
      rows = transactionColumns(columns);
    },
    add(row, watermarkMs, out) {
      const customerId = rows.customerId[row]!;
      const amountCents = rows.amountCents[row]!;
      const occurredAt = rows.occurredAt[row]!;
      let card = cards.get(customerId);
      if (card === undefined) {
        card = newCard(customerId);
        cards.set(customerId, card);
      }
      if (occurredAt >= card.lastSeenAt + CARD_HISTORY_MS) forgetAmounts(card);
      const session = joinSession(card, occurredAt, amountCents, sessionGapMs, watermarkMs);
      if (session === null) {
        const latenessMs = Math.min(watermarkMs - (occurredAt + sessionGapMs - 1), LONG_MAX);
        out.late.push({
          window: SESSIONS,
          key: String(customerId),
          occurredAt,
          latenessMs,
          event: JSON.stringify(transactionAt(rows, row)),
        });
      }
      const input: RuleInput = {
        amountCents,
        sessionCount: session === null ? 1 : session.count,
        history: card.amounts,
        ownMeanCents: card.meanCents,
        deviations: deviationsAboveMean(card, amountCents),
      };
      const hits = firedRules(input, rules);
      const score = ruleScore(hits);
      learnAmount(card, amountCents);
      if (occurredAt > card.lastSeenAt) card.lastSeenAt = occurredAt;
      armEviction(card);
      if (session !== null) {
        if (score > session.maxScore) session.maxScore = score;
        armSession(card, session);
      }
      out.scores.push({
        transactionId: rows.transactionId[row]!,
        customerId,
        occurredAt,
        score,
        model: RULES_MODEL,
        ruleHits: hits,
        sessionCount: input.sessionCount,
        ownMeanCents: input.ownMeanCents,
        deviations: input.deviations,
      });
      if (hits !== 0) {
        const transaction = transactionAt(rows, row);
        recordHit(card, transaction, () => alertOf(transaction, input, hits, score, session, rules), out);
      }
    },
    advance(watermarkMs, out) {
      closeDueSessions(watermarkMs, out);
      expireDueCases(watermarkMs, out);
      evictDueCards(watermarkMs);
    },
    snapshot: () =>
      [...cards.values()].map(({ customerId, sessions, openCase, lastSeenAt, amounts, meanCents, squares }) => ({
        customerId,
        sessions,
        openCase,
        lastSeenAt,
        amounts,
        meanCents,
        squares,
      })),
    restore(states) {
      for (const state of states) {
        const card: Card = { ...newCard(state.customerId), ...state };
        cards.set(card.customerId, card);
        for (const session of card.sessions) armSession(card, session);
        armCase(card);
        armEviction(card);
      }
    },
    cardCount: () => cards.size,
  };
}
