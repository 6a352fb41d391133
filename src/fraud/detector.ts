/**
 * The fraud domain over one partition: sessions a card, rules, a score for every transaction, one open case a card.
 *
 * Pure: transactions and watermarks in, events out. Timers run on event time and fire in an order that depends on their
 * content alone, so a restored detector gives exactly the events that the lost one would have given.
 */
import { type AvroRecord, LONG_MAX } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { groupsOf, NONE } from '../streams/key-index.ts';
import { createRowPool, rowCount } from '../streams/row-pool.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { actOnCase } from './act-on-case.ts';
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
import type { CardState, FraudState } from './card-state.ts';
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
import type { CaseCommand, SuppressionCommand } from './case-schemas.ts';
import { CASE_NUMBERS, loadCase, saveCase } from './cases.ts';
import type { Serving } from './held-model.ts';
import type { ModelCommand, RuntimeFound } from './model-schemas.ts';
import { type Judging, RULES_MODEL, raise } from './raise.ts';
import { type FactColumns, newFacts } from './rule-facts.ts';
import { type CompiledRules, compileRules, createRuleSet, ruleScore } from './rule-set.ts';
import { createServedModels } from './served-models.ts';
import type { FraudEvents, FraudSpec } from './spec.ts';
import { createSuppressions } from './suppressions.ts';
import { NO_TRANSACTIONS, type TransactionColumns, transactionAt, transactionColumns } from './transaction-columns.ts';

export interface FraudDetector {
  /** The transactions whose rows add() is told from now on. Throws when they are not transactions. */
  begin(columns: Columns): void;
  add(row: number, watermarkMs: number, out: FraudEvents): void;
  advance(watermarkMs: number, out: FraudEvents): void;
  /** Gives the open sessions, and keeps them open. Cases stay: whether one is over is still to be seen. */
  flush(out: FraudEvents): void;
  act(command: CaseCommand, watermarkMs: number, out: FraudEvents): void;
  suppress(command: SuppressionCommand, watermarkMs: number, out: FraudEvents): void;
  serve(command: ModelCommand, watermarkMs: number, out: FraudEvents): void;
  /** What the log has yet to learn of this process; null for nothing. */
  found(): RuntimeFound | null;
  learn(found: RuntimeFound, watermarkMs: number, out: FraudEvents): void;
  snapshot(): FraudState;
  restore(state: FraudState): void;
  cardCount(): number;
}

/** Name of the session stream, as late events carry it. */
const SESSIONS = 'fraud.sessions';
/** Rows whose cards are read ahead of their events. */
const READ_AHEAD = 64;

/** Of events of the schema. Throws an ExpressionError when a rule does not fit it, and when the model of a backtest does not. */
export function createFraudDetector(
  spec: FraudSpec,
  schema: AvroRecord,
  rules: CompiledRules = compileRules(spec.rules, schema),
): FraudDetector {
  const cards = createCards(spec, createRowPool(SESSION_NUMBERS), createRowPool(CASE_NUMBERS));
  const judging: Judging = {
    rules: createRuleSet(rules),
    suppressions: createSuppressions(spec.rules),
    models: createServedModels(schema, spec.model),
    facts: newFacts(0),
  };
  let rows = NO_TRANSACTIONS;
  let count = 0;
  return {
    begin(columns) {
      rows = transactionColumns(columns);
      count = columns.count;
      judging.facts = judging.rules.begin(columns);
      judging.models.begin(columns);
      bindCustomers(cards, rows.customerId, columns);
    },
    add(row, watermarkMs, out) {
      if (row % READ_AHEAD === 0) touchCards(cards, row, Math.min(row + READ_AHEAD, count));
      addTransaction(cards, judging, rows, row, watermarkMs, out);
    },
    advance: (watermarkMs, out) => fireDue(cards, watermarkMs, out),
    flush: (out) => flushSessions(cards, groupsOf(cards.byCustomer), out),
    act: (command, watermarkMs, out) => actOnCase(cards, command, nowOf(watermarkMs, command), out),
    suppress(command, watermarkMs, out) {
      const changed = judging.suppressions.take(command, nowOf(watermarkMs, command));
      if (changed !== null) out.suppressions.push(changed);
    },
    serve(command, watermarkMs, out) {
      const changed = judging.models.take(command, nowOf(watermarkMs, command));
      if (changed !== null) out.models.push(changed);
      giveOutages(judging, nowOf(watermarkMs, command), out);
    },
    found: judging.models.found,
    learn(found, watermarkMs, out) {
      judging.models.learn(found);
      giveOutages(judging, nowOf(watermarkMs, NEVER), out);
    },
    snapshot: () => ({
      cards: Array.from(groupsOf(cards.byCustomer).sort(), (card) => saveCard(cards, card)),
      suppressions: [...judging.suppressions.all()],
      ...judging.models.snapshot(),
    }),
    restore(state) {
      for (const card of state.cards) loadCard(cards, card);
      judging.suppressions.restore(state.suppressions);
      judging.models.restore(state);
    },
    cardCount: () => rowCount(cards.groups),
  };
}

/** Event time, for a command. A partition that has none yet, or that is at its end, goes by the clock of who asked. */
function nowOf(watermarkMs: number, { requestedAt }: { readonly requestedAt: number }): number {
  return Number.isFinite(watermarkMs) && watermarkMs < END_OF_TIME_MS ? watermarkMs : requestedAt;
}

/** Who did not ask at any time. */
const NEVER = { requestedAt: 0 };

function giveOutages({ models }: Judging, nowMs: number, out: FraudEvents): void {
  for (const outage of models.outages(nowMs)) out.outages.push(outage);
}

function addTransaction(
  cards: Cards,
  judging: Judging,
  columns: TransactionColumns,
  row: number,
  watermarkMs: number,
  out: FraudEvents,
): void {
  const { spec, sessions } = cards;
  const { facts } = judging;
  const amountCents = columns.amountCents[row]!;
  const occurredAt = columns.occurredAt[row]!;
  const card = cardOfRow(cards, row);
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  if (occurredAt >= rows[at + LAST_SEEN_MS]! + CARD_HISTORY_MS) forgetAmounts(rows, at + NORM);
  const session = joinSession(cards, card, occurredAt, amountCents, watermarkMs);
  if (session === NONE) giveLate(columns, row, watermarkMs, spec, out);
  facts['session.count'][row] = session === NONE ? 1 : sessions.rows[session * sessions.stride + COUNT]!;
  facts['customer.count'][row] = amountsSeen(rows, at + NORM);
  facts['customer.meanCents'][row] = meanCents(rows, at + NORM);
  facts['customer.deviations'][row] = deviationsAboveMean(rows, at + NORM, amountCents);
  const isJudged = spec.judgedFromMs === undefined || occurredAt >= spec.judgedFromMs;
  const hits = isJudged ? judging.rules.fired(row, out.ruleFailed) : 0;
  const byRules = ruleScore(spec.rules, hits);
  const champion = isJudged ? judging.models.champion() : null;
  const modelScore = champion === null ? 0 : champion.score(row);
  const model = champion !== null && modelScore >= (spec.threshold ?? champion.threshold) ? champion : null;
  learnAmount(rows, at + NORM, amountCents);
  if (occurredAt > rows[at + LAST_SEEN_MS]!) rows[at + LAST_SEEN_MS] = occurredAt;
  armEviction(cards, card);
  if (session !== NONE) {
    const highest = session * sessions.stride + MAX_SCORE;
    const score = Math.max(byRules, modelScore);
    if (score > sessions.rows[highest]!) sessions.rows[highest] = score;
    armSession(cards, card, session);
  }
  if (!isJudged) return;
  const score = champion === null ? byRules : modelScore;
  const scoredBy = champion === null ? RULES_MODEL : champion.id;
  giveScore(columns, row, facts, hits, score, scoredBy, out);
  const challenger = judging.models.challenger();
  if (challenger !== null) giveChallenger(columns, row, challenger, score, scoredBy, out);
  if (hits === 0 && model === null) return;
  const sessionStart = session === NONE ? occurredAt : sessions.rows[session * sessions.stride + START_MS]!;
  const isPartial = columns.isPartial[row] === 1;
  const raised = { hits, model, modelScore, sessionStart, isPartial };
  raise(cards, card, judging, transactionAt(columns, row), row, raised, out);
}

function giveScore(
  columns: TransactionColumns,
  row: number,
  facts: FactColumns,
  hits: number,
  score: number,
  model: string,
  { scores }: FraudEvents,
): void {
  const { numbers, texts, places } = scores;
  numbers[places.transactionId] = columns.transactionId[row]!;
  numbers[places.customerId] = columns.customerId[row]!;
  numbers[places.occurredAt] = columns.occurredAt[row]!;
  numbers[places.score] = score;
  texts[places.model] = model;
  numbers[places.ruleHits] = hits;
  numbers[places.sessionCount] = facts['session.count'][row]!;
  numbers[places.ownMeanCents] = facts['customer.meanCents'][row]!;
  numbers[places.deviations] = facts['customer.deviations'][row]!;
  scores.write();
}

/** In shadow: it is recorded, and raises nothing. */
function giveChallenger(
  columns: TransactionColumns,
  row: number,
  challenger: Serving,
  liveScore: number,
  liveModel: string,
  { challenger: out }: FraudEvents,
): void {
  const { numbers, texts, places } = out;
  const score = challenger.score(row);
  numbers[places.transactionId] = columns.transactionId[row]!;
  numbers[places.customerId] = columns.customerId[row]!;
  numbers[places.occurredAt] = columns.occurredAt[row]!;
  numbers[places.score] = score;
  texts[places.model] = challenger.id;
  numbers[places.reached] = score >= challenger.threshold ? 1 : 0;
  numbers[places.liveScore] = liveScore;
  texts[places.liveModel] = liveModel;
  out.write();
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
