/**
 * The deadlines of a card: its sessions close, its case expires, the card is forgotten. A deadline may have moved on
 * since its timer was armed. The timer then does nothing and is armed anew, so that everything happens in the order of
 * the true deadlines.
 */
import { NONE } from '../streams/key-index.ts';
import { addTimer, nextDeadlineMs, type Timers, takeTimer } from '../streams/timers.ts';
import { closeSessions, LAST_MS, NEXT } from './card-sessions.ts';
import {
  CASE,
  CASE_TIMER_MS,
  type Cards,
  customerOf,
  EVICTION_TIMER_MS,
  forgetCard,
  LAST_SEEN_MS,
  NEVER_MS,
  placeOf,
  SESSION,
  SESSION_TIMER_MS,
} from './cards.ts';
import { woken } from './case-workflow.ts';
import { caseDueMs, caseEndMs, caseStatus, expireCase, moveCase } from './cases.ts';
import type { FraudEvents } from './spec.ts';

/** A card that was not seen for so long is forgotten: its norm says nothing any more. */
export const CARD_HISTORY_MS = 90 * 86_400_000;

export function armSession(cards: Cards, card: number, session: number): void {
  const { groups, sessions, spec } = cards;
  const deadlineMs = sessions.rows[session * sessions.stride + LAST_MS]! + spec.sessionGapMs;
  const armed = placeOf(cards, card) + SESSION_TIMER_MS;
  if (deadlineMs >= groups.rows[armed]!) return;
  groups.rows[armed] = deadlineMs;
  addTimer(cards.sessionTimers, deadlineMs, card);
}

export function armSessions(cards: Cards, card: number): void {
  const { groups, sessions } = cards;
  let session = groups.rows[placeOf(cards, card) + SESSION]!;
  for (; session !== NONE; session = sessions.rows[session * sessions.stride + NEXT]!) armSession(cards, card, session);
}

/** An earlier deadline takes the place of the one that is armed; a later one waits until that has come. */
export function armCase(cards: Cards, card: number): void {
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  if (rows[at + CASE] === NONE) return;
  const deadlineMs = caseDueMs(cards, rows[at + CASE]!);
  if (deadlineMs >= rows[at + CASE_TIMER_MS]!) return;
  rows[at + CASE_TIMER_MS] = deadlineMs;
  addTimer(cards.caseTimers, deadlineMs, card);
}

export function armEviction(cards: Cards, card: number): void {
  const { rows } = cards.groups;
  const armed = placeOf(cards, card) + EVICTION_TIMER_MS;
  if (rows[armed] !== NEVER_MS) return;
  const deadlineMs = evictionMs(cards, card);
  rows[armed] = deadlineMs;
  addTimer(cards.evictionTimers, deadlineMs, card);
}

/** Brings everything about that the watermark has reached, each kind in order of deadline, then of customers. */
export function fireDue(cards: Cards, watermarkMs: number, out: FraudEvents): void {
  if (isDue(cards.sessionTimers, watermarkMs)) fire(cards, cards.sessionTimers, endSessions, watermarkMs, out);
  if (isDue(cards.caseTimers, watermarkMs)) fire(cards, cards.caseTimers, endCase, watermarkMs, out);
  if (isDue(cards.evictionTimers, watermarkMs)) fire(cards, cards.evictionTimers, evict, watermarkMs, out);
}

function isDue(timers: Timers, watermarkMs: number): boolean {
  return nextDeadlineMs(timers) - 1 <= watermarkMs;
}

function evictionMs(cards: Cards, card: number): number {
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  const lastSeenMs = rows[at + LAST_SEEN_MS]!;
  const caseMs = rows[at + CASE] === NONE ? lastSeenMs : caseEndMs(cards, rows[at + CASE]!);
  const sessionMs = rows[at + SESSION] === NONE ? lastSeenMs : lastSeenMs + cards.spec.sessionGapMs;
  return Math.max(lastSeenMs + CARD_HISTORY_MS, caseMs, sessionMs);
}

type Act = (cards: Cards, card: number, deadlineMs: number, watermarkMs: number, out: FraudEvents) => void;

function fire(cards: Cards, timers: Timers, act: Act, watermarkMs: number, out: FraudEvents): void {
  while (isDue(timers, watermarkMs)) {
    const deadlineMs = nextDeadlineMs(timers);
    const card = takeTimer(timers);
    if (nextDeadlineMs(timers) !== deadlineMs) act(cards, card, deadlineMs, watermarkMs, out);
    else for (const tied of takeTied(cards, timers, card)) act(cards, tied, deadlineMs, watermarkMs, out);
  }
}

/** The cards whose timers are due with this one's, in order of customers. */
function takeTied(cards: Cards, timers: Timers, first: number): readonly number[] {
  const deadlineMs = nextDeadlineMs(timers);
  const tied = [first];
  while (nextDeadlineMs(timers) === deadlineMs) tied.push(takeTimer(timers));
  return tied.sort((a, b) => customerOf(cards, a) - customerOf(cards, b));
}

function endSessions(cards: Cards, card: number, deadlineMs: number, watermarkMs: number, out: FraudEvents): void {
  const { rows } = cards.groups;
  const armed = placeOf(cards, card) + SESSION_TIMER_MS;
  if (rows[armed] !== deadlineMs) return;
  closeSessions(cards, card, deadlineMs, watermarkMs, out);
  rows[armed] = NEVER_MS;
  armSessions(cards, card);
}

function endCase(cards: Cards, card: number, deadlineMs: number, _: number, out: FraudEvents): void {
  const { rows } = cards.groups;
  const at = placeOf(cards, card);
  if (rows[at + CASE_TIMER_MS] !== deadlineMs) return;
  rows[at + CASE_TIMER_MS] = NEVER_MS;
  if (rows[at + CASE] === NONE) return;
  if (caseEndMs(cards, rows[at + CASE]!) <= deadlineMs) {
    expireCase(cards, card, out);
    return;
  }
  const status = caseStatus(cards, card);
  if (status?.state === 'snoozed' && status.snoozedUntil <= deadlineMs) {
    moveCase(cards, card, woken(status), deadlineMs, out);
  }
  armCase(cards, card);
}

function evict(cards: Cards, card: number, deadlineMs: number): void {
  const { rows } = cards.groups;
  const armed = placeOf(cards, card) + EVICTION_TIMER_MS;
  if (rows[armed] !== deadlineMs) return;
  rows[armed] = NEVER_MS;
  if (evictionMs(cards, card) <= deadlineMs) forgetCard(cards, card);
  else armEviction(cards, card);
}
