/**
 * At most one open case a card: a hit opens it or joins it, analysts act on it, and it expires when neither came for its quiet
 * time.
 */
import { NONE } from '../streams/key-index.ts';
import { closeRow, openRow } from '../streams/row-pool.ts';
import type { CardState, HitTransaction } from './card-state.ts';
import { CASE, type Cards, type CaseTexts, customerOf, placeOf } from './cards.ts';
import type { CaseStatus, OpenState, Outcome } from './case-workflow.ts';
import { addCents } from './cents.ts';
import type { CaseChanged, Transaction } from './schemas.ts';
import type { FraudEvents } from './spec.ts';

/** The transaction that opened it: with the customer, its id. */
const OPENED_BY = 0;
const HITS = 1;
const AMOUNT_CENTS = 2;
const LAST_TRANSACTION = 3;
/** Event time of the last hit. */
const LAST_HIT_MS = 4;
/** Its place in STATES. */
const STATE = 5;
const SNOOZED_UNTIL_MS = 6;
/** Event time of the last action, or until which that put it off; 0 for none. */
const ACTED_MS = 7;
export const CASE_NUMBERS = 8;

const STATES = ['open', 'acknowledged', 'snoozed'] as const satisfies readonly OpenState[];
const SNOOZED = STATES.indexOf('snoozed');

/** An outcome labels so many hits at most, the latest. */
const LABELLED_MAX = 1000;

export function caseIdOf(customerId: number, openedBy: number): string {
  return `${prefixOf(customerId)}${openedBy}`;
}

function prefixOf(customerId: number): string {
  return `case-${customerId}-`;
}

/** The open case of a card; NONE without one. */
function caseOf(cards: Cards, card: number): number {
  return cards.groups.rows[placeOf(cards, card) + CASE]!;
}

/** Returns true when the hit opened a case. */
export function recordHit(cards: Cards, card: number, transaction: Transaction, out: FraudEvents): boolean {
  const { transactionId, terminalId, amountCents, occurredAt } = transaction;
  const { groups, cases } = cards;
  const place = placeOf(cards, card) + CASE;
  const before = groups.rows[place]!;
  if (before !== NONE && occurredAt >= caseEndMs(cards, before)) expireCase(cards, card, out);
  const known = groups.rows[place]!;
  const own = known === NONE ? openRow(cases) : known;
  const { rows } = cases;
  const at = own * cases.stride;
  if (known === NONE) {
    groups.rows[place] = own;
    rows[at + OPENED_BY] = transactionId;
    rows[at + HITS] = 0;
    rows[at + AMOUNT_CENTS] = 0;
    rows[at + LAST_HIT_MS] = occurredAt;
    rows[at + STATE] = 0;
    rows[at + SNOOZED_UNTIL_MS] = 0;
    rows[at + ACTED_MS] = 0;
    cards.caseTexts.set(own, { holder: null, hits: [] });
  }
  rows[at + HITS]! += 1;
  rows[at + AMOUNT_CENTS] = addCents(rows[at + AMOUNT_CENTS]!, amountCents);
  rows[at + LAST_TRANSACTION] = transactionId;
  rows[at + LAST_HIT_MS] = Math.max(rows[at + LAST_HIT_MS]!, occurredAt);
  const { hits } = textsOf(cards, own);
  hits.push({ transactionId, terminalId, occurredAt });
  if (hits.length > LABELLED_MAX) hits.shift();
  out.cases.push(changeOf(cards, card, own, known === NONE ? 'opened' : 'hit', occurredAt));
  return known === NONE;
}

/** Nothing for a card without an open case. */
export function expireCase(cards: Cards, card: number, out: FraudEvents): void {
  const own = caseOf(cards, card);
  if (own === NONE) return;
  endCase(cards, card, own, 'expired', caseEndMs(cards, own), out);
}

/** Returns the transactions that the outcome is about. */
export function closeCase(
  cards: Cards,
  card: number,
  as: Outcome,
  nowMs: number,
  out: FraudEvents,
): readonly HitTransaction[] {
  const own = caseOf(cards, card);
  const { hits } = textsOf(cards, own);
  endCase(cards, card, own, as, nowMs, out);
  return hits;
}

function endCase(
  cards: Cards,
  card: number,
  own: number,
  change: CaseChanged['change'],
  atMs: number,
  out: FraudEvents,
): void {
  out.cases.push(changeOf(cards, card, own, change, atMs));
  cards.groups.rows[placeOf(cards, card) + CASE] = NONE;
  cards.caseTexts.delete(own);
  closeRow(cards.cases, own);
}

/** Null for a card without an open case. */
export function caseStatus(cards: Cards, card: number): (CaseStatus & { readonly caseId: string }) | null {
  const own = caseOf(cards, card);
  if (own === NONE) return null;
  const { rows, stride } = cards.cases;
  const at = own * stride;
  return {
    caseId: caseIdOf(customerOf(cards, card), rows[at + OPENED_BY]!),
    state: STATES[rows[at + STATE]!]!,
    holder: textsOf(cards, own).holder,
    snoozedUntil: rows[at + SNOOZED_UNTIL_MS]!,
  };
}

/** Of a card with an open case. */
export function moveCase(cards: Cards, card: number, to: CaseStatus, nowMs: number, out: FraudEvents): void {
  const own = caseOf(cards, card);
  const { rows, stride } = cards.cases;
  const at = own * stride;
  rows[at + STATE] = STATES.indexOf(to.state);
  rows[at + SNOOZED_UNTIL_MS] = to.snoozedUntil;
  // The quiet time begins when it is shown again.
  rows[at + ACTED_MS] = to.state === 'snoozed' ? to.snoozedUntil : nowMs;
  textsOf(cards, own).holder = to.holder;
  out.cases.push(changeOf(cards, card, own, to.state === 'open' ? 'released' : to.state, nowMs));
}

/** When the case expires, unless a hit or an action comes before. */
export function caseEndMs({ cases, spec }: Cards, own: number): number {
  const { rows, stride } = cases;
  const at = own * stride;
  return Math.max(rows[at + LAST_HIT_MS]!, rows[at + ACTED_MS]!) + spec.caseQuietMs;
}

/** When something is due on the case: it expires, or is shown again. */
export function caseDueMs(cards: Cards, own: number): number {
  const { rows, stride } = cards.cases;
  const at = own * stride;
  const endMs = caseEndMs(cards, own);
  return rows[at + STATE] === SNOOZED ? Math.min(endMs, rows[at + SNOOZED_UNTIL_MS]!) : endMs;
}

function changeOf(
  cards: Cards,
  card: number,
  own: number,
  change: CaseChanged['change'],
  occurredAt: number,
): CaseChanged {
  const { rows, stride } = cards.cases;
  const at = own * stride;
  const customerId = customerOf(cards, card);
  return {
    caseId: caseIdOf(customerId, rows[at + OPENED_BY]!),
    customerId,
    change,
    transactionId: rows[at + LAST_TRANSACTION]!,
    hits: rows[at + HITS]!,
    amountCents: rows[at + AMOUNT_CENTS]!,
    occurredAt,
    holder: textsOf(cards, own).holder,
    snoozedUntil: rows[at + STATE] === SNOOZED ? rows[at + SNOOZED_UNTIL_MS]! : null,
  };
}

function textsOf({ caseTexts }: Cards, own: number): CaseTexts {
  const texts = caseTexts.get(own);
  if (texts === undefined) throw new Error(`There is no open case ${own}`);
  return texts;
}

export function saveCase(cards: Cards, card: number): CardState['openCase'] {
  const own = caseOf(cards, card);
  const status = caseStatus(cards, card);
  if (status === null) return null;
  const { rows, stride } = cards.cases;
  const at = own * stride;
  return {
    ...status,
    hits: rows[at + HITS]!,
    amountCents: rows[at + AMOUNT_CENTS]!,
    lastTransactionId: rows[at + LAST_TRANSACTION]!,
    lastHitAt: rows[at + LAST_HIT_MS]!,
    actedAt: rows[at + ACTED_MS]!,
    hitTransactions: [...textsOf(cards, own).hits],
  };
}

/** Into a card without a case. */
export function loadCase(cards: Cards, card: number, saved: CardState['openCase']): void {
  if (saved === null) return;
  const { groups, cases } = cards;
  const own = openRow(cases);
  const openedBy = Number(saved.caseId.slice(prefixOf(customerOf(cards, card)).length));
  const { hits, amountCents, lastTransactionId, lastHitAt, state, snoozedUntil, actedAt } = saved;
  const numbers = [openedBy, hits, amountCents, lastTransactionId, lastHitAt];
  cases.rows.set([...numbers, STATES.indexOf(state), snoozedUntil, actedAt], own * cases.stride);
  cards.caseTexts.set(own, { holder: saved.holder, hits: [...saved.hitTransactions] });
  groups.rows[placeOf(cards, card) + CASE] = own;
}
