/**
 * Open sessions of cards: rows that follow each other in order of start. A card has more than one only while events come out
 * of order.
 */
import { NONE } from '../streams/key-index.ts';
import { closeRow, openRow, type RowPool, rowCount } from '../streams/row-pool.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import type { CardState } from './card-state.ts';
import { type Cards, customerOf, placeOf, SESSION } from './cards.ts';
import { addCents } from './cents.ts';
import type { FraudEvents } from './spec.ts';

export const START_MS = 0;
/** Event time of the last transaction; the session ends at last + gap. */
export const LAST_MS = 1;
export const COUNT = 2;
const TOTAL_CENTS = 3;
export const MAX_SCORE = 4;
/** Transactions in what a flush gave of it; 0 where none gave it. */
const GIVEN = 5;
export const NEXT = 6;
export const SESSION_NUMBERS = 7;

/**
 * Puts a transaction into its session: it opens [t, t + gap), and sessions that overlap or touch it merge. Returns the
 * session; NONE when the merged one had already closed: last + gap − 1 ≤ watermark.
 */
export function joinSession(
  cards: Cards,
  card: number,
  occurredAt: number,
  amountCents: number,
  watermarkMs: number,
): number {
  const { groups, sessions, spec } = cards;
  const { stride, rows } = sessions;
  const first = groups.rows[placeOf(cards, card) + SESSION]!;
  const at = first * stride;
  if (
    first !== NONE &&
    rows[at + NEXT] === NONE &&
    occurredAt >= rows[at + START_MS]! &&
    occurredAt <= rows[at + LAST_MS]! + spec.sessionGapMs
  ) {
    if (occurredAt > rows[at + LAST_MS]!) rows[at + LAST_MS] = occurredAt;
    rows[at + COUNT]! += 1;
    rows[at + TOTAL_CENTS] = addCents(rows[at + TOTAL_CENTS]!, amountCents);
    return first;
  }
  if (mergedLastMs(cards, first, occurredAt) + spec.sessionGapMs - 1 <= watermarkMs) return NONE;
  return mergeSessions(cards, card, occurredAt, amountCents);
}

/** The last transaction of the session that one at this time would be in. */
function mergedLastMs({ sessions, spec }: Cards, first: number, occurredAt: number): number {
  const { rows, stride } = sessions;
  let lastMs = occurredAt;
  for (let session = first; session !== NONE; session = rows[session * stride + NEXT]!) {
    if (isApart(sessions, session, occurredAt, spec.sessionGapMs)) continue;
    lastMs = Math.max(lastMs, rows[session * stride + LAST_MS]!);
  }
  return lastMs;
}

/** Opens a session for a transaction, and takes into it those that the transaction touches. */
function mergeSessions(cards: Cards, card: number, occurredAt: number, amountCents: number): number {
  const { groups, sessions, spec } = cards;
  const merged = openRow(sessions);
  const { rows, stride } = sessions;
  const to = merged * stride;
  rows[to + START_MS] = occurredAt;
  rows[to + LAST_MS] = occurredAt;
  rows[to + COUNT] = 1;
  rows[to + TOTAL_CENTS] = amountCents;
  rows[to + MAX_SCORE] = 0;
  rows[to + GIVEN] = 0;
  const head = placeOf(cards, card) + SESSION;
  let before = NONE;
  for (let session = groups.rows[head]!, next = NONE; session !== NONE; session = next) {
    const at = session * stride;
    next = rows[at + NEXT]!;
    if (isApart(sessions, session, occurredAt, spec.sessionGapMs)) {
      if (rows[at + START_MS]! < occurredAt) before = session;
      continue;
    }
    rows[to + START_MS] = Math.min(rows[to + START_MS]!, rows[at + START_MS]!);
    rows[to + LAST_MS] = Math.max(rows[to + LAST_MS]!, rows[at + LAST_MS]!);
    rows[to + COUNT]! += rows[at + COUNT]!;
    rows[to + TOTAL_CENTS] = addCents(rows[to + TOTAL_CENTS]!, rows[at + TOTAL_CENTS]!);
    rows[to + MAX_SCORE] = Math.max(rows[to + MAX_SCORE]!, rows[at + MAX_SCORE]!);
    link(cards, head, before, next);
    closeRow(sessions, session);
  }
  rows[to + NEXT] = before === NONE ? groups.rows[head]! : rows[before * stride + NEXT]!;
  link(cards, head, before, merged);
  return merged;
}

function isApart({ rows, stride }: RowPool, session: number, occurredAt: number, gapMs: number): boolean {
  const at = session * stride;
  return rows[at + START_MS]! > occurredAt + gapMs || rows[at + LAST_MS]! + gapMs < occurredAt;
}

/** Has a session follow another, or stand first of its card. */
function link({ groups, sessions }: Cards, head: number, before: number, session: number): void {
  if (before === NONE) groups.rows[head] = session;
  else sessions.rows[before * sessions.stride + NEXT] = session;
}

/** Gives the sessions of a card that end by then, and closes them. */
export function closeSessions(
  cards: Cards,
  card: number,
  deadlineMs: number,
  watermarkMs: number,
  out: FraudEvents,
): void {
  const { groups, sessions, spec } = cards;
  const { rows, stride } = sessions;
  const head = placeOf(cards, card) + SESSION;
  let before = NONE;
  for (let session = groups.rows[head]!, next = NONE; session !== NONE; session = next) {
    next = rows[session * stride + NEXT]!;
    if (rows[session * stride + LAST_MS]! + spec.sessionGapMs > deadlineMs) {
      before = session;
      continue;
    }
    giveSession(cards, card, session, watermarkMs, out);
    link(cards, head, before, next);
    closeRow(sessions, session);
  }
}

/** Not what a flush gave already. */
function giveSession(cards: Cards, card: number, session: number, atMs: number, { sessions: out }: FraudEvents): void {
  const { sessions, spec } = cards;
  const { rows, stride } = sessions;
  const at = session * stride;
  const count = rows[at + COUNT]!;
  if (rows[at + GIVEN] === count) return;
  rows[at + GIVEN] = count;
  const { numbers, places } = out;
  numbers[places.customerId] = customerOf(cards, card);
  numbers[places.start] = rows[at + START_MS]!;
  numbers[places.end] = rows[at + LAST_MS]! + spec.sessionGapMs;
  numbers[places.at] = atMs;
  numbers[places.count] = count;
  numbers[places.totalCents] = rows[at + TOTAL_CENTS]!;
  numbers[places.maxScore] = rows[at + MAX_SCORE]!;
  out.write();
}

/** Gives every open session of these cards as it is, in the order in which they close. */
export function flushSessions(cards: Cards, all: Int32Array, out: FraudEvents): void {
  const { groups, sessions } = cards;
  const { rows, stride } = sessions;
  const open = new Int32Array(rowCount(sessions));
  const cardOf = new Int32Array(sessions.used);
  let count = 0;
  for (const card of all) {
    for (let session = groups.rows[placeOf(cards, card) + SESSION]!; session !== NONE; ) {
      open[count++] = session;
      cardOf[session] = card;
      session = rows[session * stride + NEXT]!;
    }
  }
  const customer = (session: number): number => customerOf(cards, cardOf[session]!);
  const number = (session: number, place: number): number => rows[session * stride + place]!;
  open.sort(
    (a, b) =>
      number(a, LAST_MS) - number(b, LAST_MS) || customer(a) - customer(b) || number(a, START_MS) - number(b, START_MS),
  );
  for (const session of open) giveSession(cards, cardOf[session]!, session, END_OF_TIME_MS, out);
}

export function saveSessions(cards: Cards, card: number): CardState['sessions'] {
  const { groups, sessions } = cards;
  const { rows, stride } = sessions;
  const saved: CardState['sessions'] = [];
  for (let session = groups.rows[placeOf(cards, card) + SESSION]!; session !== NONE; ) {
    const at = session * stride;
    saved.push({
      start: rows[at + START_MS]!,
      last: rows[at + LAST_MS]!,
      count: rows[at + COUNT]!,
      totalCents: rows[at + TOTAL_CENTS]!,
      maxScore: rows[at + MAX_SCORE]!,
      given: rows[at + GIVEN]!,
    });
    session = rows[at + NEXT]!;
  }
  return saved;
}

/** Into a card without a session. */
export function loadSessions(cards: Cards, card: number, saved: CardState['sessions']): void {
  const { sessions } = cards;
  const head = placeOf(cards, card) + SESSION;
  let before = NONE;
  for (const { start, last, count, totalCents, maxScore, given } of saved) {
    const session = openRow(sessions);
    sessions.rows.set([start, last, count, totalCents, maxScore, given, NONE], session * sessions.stride);
    link(cards, head, before, session);
    before = session;
  }
}
