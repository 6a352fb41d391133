/** At most one open case a card: a hit opens it or joins it, and it expires when no hit came for its quiet time. */
import { NONE } from '../streams/key-index.ts';
import { closeRow, openRow } from '../streams/row-pool.ts';
import type { CardState } from './card-state.ts';
import { CASE, type Cards, customerOf, placeOf } from './cards.ts';
import { addCents } from './cents.ts';
import type { CaseChanged, Transaction } from './schemas.ts';
import type { FraudEvents } from './spec.ts';

/** The transaction that opened it: with the customer, its id. */
const OPENED_BY = 0;
const HITS = 1;
const AMOUNT_CENTS = 2;
const LAST_TRANSACTION = 3;
/** Event time of the last hit. */
export const LAST_HIT_MS = 4;
export const CASE_NUMBERS = 5;

export function caseIdOf(customerId: number, openedBy: number): string {
  return `${prefixOf(customerId)}${openedBy}`;
}

function prefixOf(customerId: number): string {
  return `case-${customerId}-`;
}

/** Returns true when the hit opened a case. */
export function recordHit(cards: Cards, card: number, transaction: Transaction, out: FraudEvents): boolean {
  const { transactionId, amountCents, occurredAt } = transaction;
  const { groups, cases, spec } = cards;
  const place = placeOf(cards, card) + CASE;
  const before = groups.rows[place]!;
  if (before !== NONE && occurredAt >= cases.rows[before * cases.stride + LAST_HIT_MS]! + spec.caseQuietMs) {
    expireCase(cards, card, out);
  }
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
  }
  rows[at + HITS]! += 1;
  rows[at + AMOUNT_CENTS] = addCents(rows[at + AMOUNT_CENTS]!, amountCents);
  rows[at + LAST_TRANSACTION] = transactionId;
  rows[at + LAST_HIT_MS] = Math.max(rows[at + LAST_HIT_MS]!, occurredAt);
  out.cases.push(changeOf(cards, card, own, known === NONE ? 'opened' : 'hit', occurredAt));
  return known === NONE;
}

/** Nothing for a card without an open case. */
export function expireCase(cards: Cards, card: number, out: FraudEvents): void {
  const { groups, cases, spec } = cards;
  const place = placeOf(cards, card) + CASE;
  const own = groups.rows[place]!;
  if (own === NONE) return;
  const endMs = cases.rows[own * cases.stride + LAST_HIT_MS]! + spec.caseQuietMs;
  out.cases.push(changeOf(cards, card, own, 'expired', endMs));
  groups.rows[place] = NONE;
  closeRow(cases, own);
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
  };
}

export function saveCase(cards: Cards, card: number): CardState['openCase'] {
  const { groups, cases } = cards;
  const own = groups.rows[placeOf(cards, card) + CASE]!;
  if (own === NONE) return null;
  const { rows, stride } = cases;
  const at = own * stride;
  return {
    caseId: caseIdOf(customerOf(cards, card), rows[at + OPENED_BY]!),
    hits: rows[at + HITS]!,
    amountCents: rows[at + AMOUNT_CENTS]!,
    lastTransactionId: rows[at + LAST_TRANSACTION]!,
    lastHitAt: rows[at + LAST_HIT_MS]!,
  };
}

/** Into a card without a case. */
export function loadCase(cards: Cards, card: number, saved: CardState['openCase']): void {
  if (saved === null) return;
  const { groups, cases } = cards;
  const own = openRow(cases);
  const openedBy = Number(saved.caseId.slice(prefixOf(customerOf(cards, card)).length));
  const { hits, amountCents, lastTransactionId, lastHitAt } = saved;
  cases.rows.set([openedBy, hits, amountCents, lastTransactionId, lastHitAt], own * cases.stride);
  groups.rows[placeOf(cards, card) + CASE] = own;
}
