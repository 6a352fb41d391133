/**
 * The cards of a partition: a row of numbers each, found by its customer, and rows for its open sessions and its open case.
 * Per card only: no result depends on which other cards share the partition.
 */
import type { Columns } from '../messages/columns.ts';
import { AGGREGATES } from '../streams/aggregate-table.ts';
import { bindColumns, closeGroup, createGroups, type Groups, KEY, openForKey, openForRow } from '../streams/groups.ts';
import {
  addGroup,
  createKeyIndex,
  findByGroup,
  findByRow,
  type KeyIndex,
  NONE,
  removeGroup,
  touchGroups,
} from '../streams/key-index.ts';
import type { RowPool } from '../streams/row-pool.ts';
import { createTimers, type Timers } from '../streams/timers.ts';
import { forgetAmounts, NORM_NUMBERS } from './amount-norm.ts';
import type { HitTransaction } from './card-state.ts';
import type { FraudSpec } from './spec.ts';

/** What of a case is no number. */
export interface CaseTexts {
  holder: string | null;
  /** The latest that it can hold. */
  readonly hits: HitTransaction[];
}

export interface Cards {
  readonly spec: FraudSpec;
  readonly groups: Groups;
  readonly byCustomer: KeyIndex;
  readonly sessions: RowPool;
  readonly cases: RowPool;
  /** By row of `cases`. */
  readonly caseTexts: Map<number, CaseTexts>;
  /** Their keys are cards. A card has at most one timer of a kind that it acts on: that of the time in its row. */
  readonly sessionTimers: Timers;
  readonly caseTimers: Timers;
  readonly evictionTimers: Timers;
}

/** Numbers of a card. */
/** Largest event time of the card. */
export const LAST_SEEN_MS = 0;
/** The earliest of its open sessions; NONE without one. */
export const SESSION = 1;
/** NONE without an open one. */
export const CASE = 2;
/** Deadlines of the timers that are armed for the card; NEVER_MS for none. */
export const SESSION_TIMER_MS = 3;
export const CASE_TIMER_MS = 4;
export const EVICTION_TIMER_MS = 5;
/** What its amounts are usually: amount-norm.ts. */
export const NORM = 6;
const NUMBERS = NORM + NORM_NUMBERS;

export const NEVER_MS = Number.POSITIVE_INFINITY;

export function createCards(spec: FraudSpec, sessions: RowPool, cases: RowPool): Cards {
  return {
    spec,
    groups: createGroups([], AGGREGATES, NUMBERS),
    byCustomer: createKeyIndex(),
    sessions,
    cases,
    caseTexts: new Map(),
    sessionTimers: createTimers(),
    caseTimers: createTimers(),
    evictionTimers: createTimers(),
  };
}

/** Sets the events whose rows are meant from now on. */
export function bindCustomers({ groups }: Cards, customerId: Float64Array, columns: Columns): void {
  bindColumns(groups, { kind: 'number', values: customerId, exact: null, nulls: null }, columns);
}

/** Reads the cards of some rows ahead. */
export function touchCards({ byCustomer, groups }: Cards, fromRow: number, toRow: number): void {
  touchGroups(byCustomer, groups, fromRow, toRow);
}

/** The card of an event, which is a new one for a customer without. */
export function cardOfRow(cards: Cards, row: number): number {
  const { groups, byCustomer } = cards;
  const known = findByRow(byCustomer, groups, row);
  return known === NONE ? addCard(cards, openForRow(groups, row)) : known;
}

/** NONE for a customer without. */
export function cardOfCustomer({ byCustomer, groups }: Cards, customerId: number): number {
  const probe = openForKey(groups, customerId);
  const found = findByGroup(byCustomer, groups, probe);
  closeGroup(groups, probe);
  return found;
}

/** For a customer who has none. */
export function openCard(cards: Cards, customerId: number): number {
  return addCard(cards, openForKey(cards.groups, customerId));
}

function addCard(cards: Cards, card: number): number {
  const { groups, byCustomer } = cards;
  addGroup(byCustomer, groups, card);
  const at = placeOf(cards, card);
  const { rows } = groups;
  rows[at + LAST_SEEN_MS] = Number.NEGATIVE_INFINITY;
  rows[at + SESSION] = NONE;
  rows[at + CASE] = NONE;
  rows[at + SESSION_TIMER_MS] = NEVER_MS;
  rows[at + CASE_TIMER_MS] = NEVER_MS;
  rows[at + EVICTION_TIMER_MS] = NEVER_MS;
  forgetAmounts(rows, at + NORM);
  return card;
}

/** A card without sessions and case. */
export function forgetCard(cards: Cards, card: number): void {
  const { groups, byCustomer } = cards;
  removeGroup(byCustomer, groups, card);
  // Timers that are left over find nothing to do.
  groups.rows.fill(NEVER_MS, placeOf(cards, card) + SESSION_TIMER_MS, placeOf(cards, card) + NORM);
  closeGroup(groups, card);
}

/** Where the numbers of a card begin. */
export function placeOf({ groups }: Cards, card: number): number {
  return card * groups.stride + groups.own;
}

export function customerOf({ groups }: Cards, card: number): number {
  return groups.rows[card * groups.stride + KEY]!;
}
