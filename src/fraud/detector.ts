/**
 * The fraud domain over one partition: sessions a card, rules, a score for every transaction, one open case a card.
 *
 * Pure: transactions and watermarks in, events out. Timers run on event time and fire in an order that depends on
 * their content alone, so a restored detector says exactly what the lost one would have said.
 */
import { LONG_MAX } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { groupsOf, NONE } from '../streams/key-index.ts';
import { createRowPool, rowCount } from '../streams/row-pool.ts';
import { alertOf } from './alert.ts';
import {
  amountsSeen,
  deviationsAboveMean,
  forgetAmounts,
  learnAmount,
  loadNorm,
  meanCents,
  saveNorm,
} from './amount-norm.ts';
import {
  COUNT,
  flushSessions,
  joinSession,
  loadSessions,
  MAX_SCORE,
  SESSION_NUMBERS,
  START_MS,
  saveSessions,
} from './card-sessions.ts';
import type { CardState } from './card-state.ts';
import { armCase, armEviction, armSession, armSessions, CARD_HISTORY_MS, fireDue } from './card-timers.ts';
import {
  bindCustomers,
  type Cards,
  cardOfRow,
  createCards,
  customerOf,
  LAST_SEEN_MS,
  NORM,
  openCard,
  placeOf,
  touchCards,
} from './cards.ts';
import { CASE_NUMBERS, loadCase, recordHit, saveCase } from './cases.ts';
import { firedRules, RULES_MODEL, type RuleInput, ruleScore } from './rules.ts';
import type { FraudEvents, FraudSpec } from './spec.ts';
import { NO_TRANSACTIONS, type TransactionColumns, transactionAt, transactionColumns } from './transaction-columns.ts';

export interface FraudDetector {
  /** The transactions whose rows add() is told from now on. Throws when they are not transactions. */
  begin(columns: Columns): void;
  add(row: number, watermarkMs: number, out: FraudEvents): void;
  advance(watermarkMs: number, out: FraudEvents): void;
  /** Gives the open sessions, and keeps them open. Cases stay: whether one is over is still to be seen. */
  flush(out: FraudEvents): void;
  snapshot(): CardState[];
  restore(states: readonly CardState[]): void;
  cardCount(): number;
}

/** Name of the session stream, as late events carry it. */
const SESSIONS = 'fraud.sessions';
/** Rows whose cards are read ahead of their events. */
const READ_AHEAD = 64;

export function createFraudDetector(spec: FraudSpec): FraudDetector {
  const cards = createCards(spec, createRowPool(SESSION_NUMBERS), createRowPool(CASE_NUMBERS));
  const input: RuleInput = { amountCents: 0, sessionCount: 0, history: 0, ownMeanCents: 0, deviations: 0 };
  let rows = NO_TRANSACTIONS;
  let count = 0;
  return {
    begin(columns) {
      rows = transactionColumns(columns);
      count = columns.count;
      bindCustomers(cards, rows.customerId, columns);
    },
    add(row, watermarkMs, out) {
      if (row % READ_AHEAD === 0) touchCards(cards, row, Math.min(row + READ_AHEAD, count));
      addTransaction(cards, rows, row, watermarkMs, input, out);
    },
    advance: (watermarkMs, out) => fireDue(cards, watermarkMs, out),
    flush: (out) => flushSessions(cards, groupsOf(cards.byCustomer), out),
    snapshot: () => Array.from(groupsOf(cards.byCustomer).sort(), (card) => saveCard(cards, card)),
    restore(states) {
      for (const state of states) loadCard(cards, state);
    },
    cardCount: () => rowCount(cards.groups),
  };
}

/** `input` is filled in. */
function addTransaction(
  cards: Cards,
  columns: TransactionColumns,
  row: number,
  watermarkMs: number,
  input: RuleInput,
  out: FraudEvents,
): void {
  const { spec, sessions } = cards;
  const amountCents = columns.amountCents[row]!;
  const occurredAt = columns.occurredAt[row]!;
  const card = cardOfRow(cards, row);
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  if (occurredAt >= rows[at + LAST_SEEN_MS]! + CARD_HISTORY_MS) forgetAmounts(rows, at + NORM);
  const session = joinSession(cards, card, occurredAt, amountCents, watermarkMs);
  if (session === NONE) giveLate(columns, row, watermarkMs, spec, out);
  input.amountCents = amountCents;
  input.sessionCount = session === NONE ? 1 : sessions.rows[session * sessions.stride + COUNT]!;
  input.history = amountsSeen(rows, at + NORM);
  input.ownMeanCents = meanCents(rows, at + NORM);
  input.deviations = deviationsAboveMean(rows, at + NORM, amountCents);
  const hits = firedRules(input, spec.rules);
  const score = ruleScore(hits);
  learnAmount(rows, at + NORM, amountCents);
  if (occurredAt > rows[at + LAST_SEEN_MS]!) rows[at + LAST_SEEN_MS] = occurredAt;
  armEviction(cards, card);
  if (session !== NONE) {
    const highest = session * sessions.stride + MAX_SCORE;
    if (score > sessions.rows[highest]!) sessions.rows[highest] = score;
    armSession(cards, card, session);
  }
  giveScore(columns, row, input, hits, score, out);
  if (hits === 0) return;
  const transaction = transactionAt(columns, row);
  if (recordHit(cards, card, transaction, out)) {
    const startMs = session === NONE ? occurredAt : sessions.rows[session * sessions.stride + START_MS]!;
    out.alerts.push(alertOf(transaction, input, hits, score, startMs, spec.rules));
  }
  armCase(cards, card);
}

function giveScore(
  columns: TransactionColumns,
  row: number,
  input: RuleInput,
  hits: number,
  score: number,
  { scores }: FraudEvents,
): void {
  const { numbers, texts, places } = scores;
  numbers[places.transactionId] = columns.transactionId[row]!;
  numbers[places.customerId] = columns.customerId[row]!;
  numbers[places.occurredAt] = columns.occurredAt[row]!;
  numbers[places.score] = score;
  texts[places.model] = RULES_MODEL;
  numbers[places.ruleHits] = hits;
  numbers[places.sessionCount] = input.sessionCount;
  numbers[places.ownMeanCents] = input.ownMeanCents;
  numbers[places.deviations] = input.deviations;
  scores.write();
}

function giveLate(
  columns: TransactionColumns,
  row: number,
  watermarkMs: number,
  { sessionGapMs }: FraudSpec,
  { late }: FraudEvents,
): void {
  const occurredAt = columns.occurredAt[row]!;
  late.push({
    window: SESSIONS,
    key: String(columns.customerId[row]),
    occurredAt,
    latenessMs: Math.min(watermarkMs - (occurredAt + sessionGapMs - 1), LONG_MAX),
    windows: 1,
    event: JSON.stringify(transactionAt(columns, row)),
  });
}

function saveCard(cards: Cards, card: number): CardState {
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  return {
    customerId: customerOf(cards, card),
    sessions: saveSessions(cards, card),
    openCase: saveCase(cards, card),
    lastSeenAt: rows[at + LAST_SEEN_MS]!,
    ...saveNorm(rows, at + NORM),
  };
}

function loadCard(cards: Cards, state: CardState): void {
  const card = openCard(cards, state.customerId);
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  rows[at + LAST_SEEN_MS] = state.lastSeenAt;
  loadNorm(rows, at + NORM, state);
  loadSessions(cards, card, state.sessions);
  loadCase(cards, card, state.openCase);
  armSessions(cards, card);
  armCase(cards, card);
  armEviction(cards, card);
}
