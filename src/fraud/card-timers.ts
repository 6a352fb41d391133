/**
 * What falls due on a card: its sessions close, its case expires, it is forgotten. A card has at most one timer of a
 * kind. What it is for may have moved on since it was armed: it then acts on nothing and is armed anew, so that
 * everything happens in order of true deadlines.
 */
import { addTimer, createTimers, nextDeadlineMs, type Timers, takeTimer } from '../streams/timers.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { type Card, NEVER_MS, type OpenSession } from './card.ts';
import { expireCase } from './cases.ts';
import type { FraudEvents, FraudSpec } from './spec.ts';

/** A card that was not seen for so long is forgotten: its norm says nothing any more. */
export const CARD_HISTORY_MS = 90 * 86_400_000;

/** The cards of a partition, and the timers that are armed for them. */
export interface Cards {
  readonly spec: FraudSpec;
  readonly byCustomer: Map<number, Card>;
  readonly sessionTimers: Timers;
  readonly caseTimers: Timers;
  readonly evictionTimers: Timers;
}

export function createCards(spec: FraudSpec): Cards {
  return {
    spec,
    byCustomer: new Map(),
    sessionTimers: createTimers(),
    caseTimers: createTimers(),
    evictionTimers: createTimers(),
  };
}

export function armSession({ spec, sessionTimers }: Cards, card: Card, session: OpenSession): void {
  const deadlineMs = session.last + spec.sessionGapMs;
  if (deadlineMs >= card.sessionTimerMs) return;
  card.sessionTimerMs = deadlineMs;
  addTimer(sessionTimers, deadlineMs, card.customerId);
}

export function armCase({ spec, caseTimers }: Cards, card: Card): void {
  if (card.openCase === null || card.caseTimerMs !== NEVER_MS) return;
  card.caseTimerMs = card.openCase.lastHitAt + spec.caseQuietMs;
  addTimer(caseTimers, card.caseTimerMs, card.customerId);
}

export function armEviction(cards: Cards, card: Card): void {
  if (card.evictionTimerMs !== NEVER_MS) return;
  card.evictionTimerMs = evictionMs(cards.spec, card);
  addTimer(cards.evictionTimers, card.evictionTimerMs, card.customerId);
}

/** Brings everything about that the watermark has reached, each kind in order of deadline, then of customers. */
export function fireDue(cards: Cards, watermarkMs: number, out: FraudEvents): void {
  closeDueSessions(cards, watermarkMs, out);
  expireDueCases(cards, watermarkMs, out);
  evictDueCards(cards, watermarkMs);
}

function evictionMs({ sessionGapMs, caseQuietMs }: FraudSpec, { lastSeenAt, openCase, sessions }: Card): number {
  const caseEndMs = openCase === null ? lastSeenAt : openCase.lastHitAt + caseQuietMs;
  const sessionEndMs = sessions.length === 0 ? lastSeenAt : lastSeenAt + sessionGapMs;
  return Math.max(lastSeenAt + CARD_HISTORY_MS, caseEndMs, sessionEndMs);
}

function closeDueSessions(cards: Cards, watermarkMs: number, out: FraudEvents): void {
  const { sessionTimers, byCustomer, spec } = cards;
  for (;;) {
    const deadlineMs = nextDeadlineMs(sessionTimers);
    if (deadlineMs - 1 > watermarkMs) return;
    const card = byCustomer.get(takeTimer(sessionTimers));
    if (card === undefined || card.sessionTimerMs !== deadlineMs) continue;
    closeSessions(card, spec.sessionGapMs, deadlineMs, watermarkMs, out);
    card.sessionTimerMs = NEVER_MS;
    for (const session of card.sessions) armSession(cards, card, session);
  }
}

function closeSessions(card: Card, gapMs: number, deadlineMs: number, watermarkMs: number, out: FraudEvents): void {
  const { sessions } = card;
  let open = 0;
  for (const session of sessions) {
    const end = session.last + gapMs;
    if (end > deadlineMs) {
      sessions[open++] = session;
      continue;
    }
    giveSession(card, session, end, watermarkMs, out);
  }
  while (sessions.length > open) sessions.pop();
}

/** Not what a flush gave already. */
function giveSession(card: Card, session: OpenSession, end: number, atMs: number, out: FraudEvents): void {
  const { start, count, totalCents, maxScore } = session;
  if (session.given === count) return;
  out.sessions.push({ customerId: card.customerId, start, end, at: atMs, count, totalCents, maxScore });
  session.given = count;
}

/** Gives every open session as it is, in the order in which they close. Cases stay: whether one is over is still to be seen. */
export function flushSessions({ spec, byCustomer }: Cards, out: FraudEvents): void {
  const open = [...byCustomer.values()].flatMap((card) =>
    card.sessions.map((session) => ({ card, session, end: session.last + spec.sessionGapMs })),
  );
  open.sort((a, b) => a.end - b.end || a.card.customerId - b.card.customerId || a.session.start - b.session.start);
  for (const { card, session, end } of open) giveSession(card, session, end, END_OF_TIME_MS, out);
}

function expireDueCases(cards: Cards, watermarkMs: number, out: FraudEvents): void {
  const { caseTimers, byCustomer, spec } = cards;
  for (;;) {
    const deadlineMs = nextDeadlineMs(caseTimers);
    if (deadlineMs - 1 > watermarkMs) return;
    const card = byCustomer.get(takeTimer(caseTimers));
    if (card === undefined || card.caseTimerMs !== deadlineMs) continue;
    card.caseTimerMs = NEVER_MS;
    if (card.openCase === null) continue;
    if (card.openCase.lastHitAt + spec.caseQuietMs <= deadlineMs) expireCase(card, spec.caseQuietMs, out);
    else armCase(cards, card);
  }
}

function evictDueCards(cards: Cards, watermarkMs: number): void {
  const { evictionTimers, byCustomer, spec } = cards;
  for (;;) {
    const deadlineMs = nextDeadlineMs(evictionTimers);
    if (deadlineMs - 1 > watermarkMs) return;
    const card = byCustomer.get(takeTimer(evictionTimers));
    if (card === undefined || card.evictionTimerMs !== deadlineMs) continue;
    card.evictionTimerMs = NEVER_MS;
    if (evictionMs(spec, card) <= deadlineMs) byCustomer.delete(card.customerId);
    else armEviction(cards, card);
  }
}
