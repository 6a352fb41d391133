/**
 * The fraud domain over one partition: sessions a card, rules, a score for every transaction, one open case a card.
 *
 * Pure: transactions and watermarks in, events out. Timers run on event time and fire in an order that depends on
 * their content alone, so a restored detector says exactly what the lost one would have said.
 */
import { type FromAvro, LONG_MAX } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { alertOf } from './alert.ts';
import { deviationsAboveMean, forgetAmounts, joinSession, learnAmount, newCard } from './card.ts';
import type { cardStateSchema } from './card-state.ts';
import {
  armCase,
  armEviction,
  armSession,
  CARD_HISTORY_MS,
  type Cards,
  createCards,
  fireDue,
  flushSessions,
} from './card-timers.ts';
import { recordHit } from './cases.ts';
import { firedRules, RULES_MODEL, ruleScore } from './rules.ts';
import type { FraudEvents, FraudSpec } from './spec.ts';
import { NO_TRANSACTIONS, type TransactionColumns, transactionAt, transactionColumns } from './transaction-columns.ts';

export type CardState = FromAvro<typeof cardStateSchema>;

export interface FraudDetector {
  /** The transactions whose rows add() is told from now on. Throws when they are not transactions. */
  begin(columns: Columns): void;
  add(row: number, watermarkMs: number, out: FraudEvents): void;
  advance(watermarkMs: number, out: FraudEvents): void;
  /** Gives the open sessions, and keeps them open. */
  flush(out: FraudEvents): void;
  snapshot(): CardState[];
  restore(states: readonly CardState[]): void;
  cardCount(): number;
}

/** Name of the session stream, as late events carry it. */
const SESSIONS = 'fraud.sessions';

export function createFraudDetector(spec: FraudSpec): FraudDetector {
  const cards = createCards(spec);
  let rows = NO_TRANSACTIONS;
  return {
    begin(columns) {
      rows = transactionColumns(columns);
    },
    add: (row, watermarkMs, out) => addTransaction(cards, rows, row, watermarkMs, out),
    advance: (watermarkMs, out) => fireDue(cards, watermarkMs, out),
    flush: (out) => flushSessions(cards, out),
    snapshot: () =>
      [...cards.byCustomer.values()].map(
        ({ customerId, sessions, openCase, lastSeenAt, amounts, meanCents, squares }) => ({
          customerId,
          sessions,
          openCase,
          lastSeenAt,
          amounts,
          meanCents,
          squares,
        }),
      ),
    restore(states) {
      for (const state of states) {
        const card = Object.assign(newCard(state.customerId), state);
        cards.byCustomer.set(card.customerId, card);
        for (const session of card.sessions) armSession(cards, card, session);
        armCase(cards, card);
        armEviction(cards, card);
      }
    },
    cardCount: () => cards.byCustomer.size,
  };
}

function addTransaction(
  cards: Cards,
  rows: TransactionColumns,
  row: number,
  watermarkMs: number,
  out: FraudEvents,
): void {
  const { sessionGapMs, caseQuietMs, rules } = cards.spec;
  const customerId = rows.customerId[row]!;
  const amountCents = rows.amountCents[row]!;
  const occurredAt = rows.occurredAt[row]!;
  let card = cards.byCustomer.get(customerId);
  if (card === undefined) {
    card = newCard(customerId);
    cards.byCustomer.set(customerId, card);
  }
  if (occurredAt >= card.lastSeenAt + CARD_HISTORY_MS) forgetAmounts(card);
  const session = joinSession(card, occurredAt, amountCents, sessionGapMs, watermarkMs);
  if (session === null) {
    out.late.push({
      window: SESSIONS,
      key: String(customerId),
      occurredAt,
      latenessMs: Math.min(watermarkMs - (occurredAt + sessionGapMs - 1), LONG_MAX),
      windows: 1,
      event: JSON.stringify(transactionAt(rows, row)),
    });
  }
  const input = {
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
  armEviction(cards, card);
  if (session !== null) {
    if (score > session.maxScore) session.maxScore = score;
    armSession(cards, card, session);
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
  if (hits === 0) return;
  const transaction = transactionAt(rows, row);
  if (recordHit(card, transaction, caseQuietMs, out)) {
    out.alerts.push(alertOf(transaction, input, hits, score, session, rules));
  }
  armCase(cards, card);
}
