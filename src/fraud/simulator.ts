/**
 * The transaction simulator of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi, chapter 3,
 * "Transaction data simulator"), a day at a time.
 *
 * Each customer's day has a random stream of its own, and so have each day's compromised terminals and customers: any
 * day follows from the seed and its number, without the days before it, and a shorter simulation is a prefix of a
 * longer one. Where the Handbook cuts the last 14 days of a compromise at the end of its table, this one does not.
 */

import { createRandom } from '../models/random.ts';
import { type CardWorld, createCardWorld } from './card-world.ts';
import type { Transaction } from './schemas.ts';

export interface SimulationSpec {
  readonly seed: number;
  readonly customers: number;
  readonly terminals: number;
  /** Epoch ms at which day 0 begins. */
  readonly startAt: number;
  /** Days after which it ends; null for never. */
  readonly days: number | null;
}

export interface SimulatedDay {
  /** From 0. */
  readonly day: number;
  /** In time order, ties by transactionId. */
  readonly transactions: readonly Transaction[];
  /** The label of each: 0 genuine, else the scenario that made it fraud. A later scenario overrides an earlier one. */
  readonly scenarios: Uint8Array;
}

export const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
const TIME_OF_DAY_SD_SECONDS = 20_000;

/** Scenario 1: any amount above this is fraud. */
const LARGE_AMOUNT_CENTS = 22_000;
/** Scenario 2: all transactions at these terminals. */
const TERMINALS_COMPROMISED_A_DAY = 2;
const TERMINAL_COMPROMISED_DAYS = 28;
/** Scenario 3: a third of these customers' transactions, at five times the amount. */
const CUSTOMERS_COMPROMISED_A_DAY = 3;
const CUSTOMER_COMPROMISED_DAYS = 14;
const STOLEN_CARD_FACTOR = 5;
/** Days whose thefts are kept: those that a day needs, twice over. */
const RECENT_THEFTS = 2 * CUSTOMER_COMPROMISED_DAYS;

/** First keys of the random streams that belong to a day; a customer's day has the customer's number, from 0. */
const TERMINAL_DRAW = -1;
const CUSTOMER_DRAW = -2;

/**
 * Ids of a day begin at a multiple of this: a power of ten that no day's transactions reach, so that a day's ids do not
 * depend on the days before it. The mean is two a customer, and no λ is above 4.
 */
export function idsPerDay({ customers }: Pick<SimulationSpec, 'customers'>): number {
  return 10 ** Math.ceil(Math.log10(customers * 8 + 1000));
}

/** The day of a transaction. */
export function dayOfTransaction(spec: Pick<SimulationSpec, 'customers'>, transactionId: number): number {
  return Math.floor(transactionId / idsPerDay(spec));
}

/** The days from `fromDay` on. */
export function* simulateDays(spec: SimulationSpec, fromDay = 0): Generator<SimulatedDay, void, undefined> {
  const simulate = createSimulator(spec);
  const end = spec.days ?? Number.POSITIVE_INFINITY;
  for (let day = fromDay; day < end; day++) yield simulate(day);
}

/** One customer's kept transactions of a day, in the order in which they are drawn. Overwritten by the next draw. */
interface CustomerDay {
  count: number;
  seconds: number[];
  amountsCents: number[];
  terminals: number[];
}

type DrawCustomerDay = (customer: number, day: number) => CustomerDay;

function customerDays(seed: number, world: CardWorld): DrawCustomerDay {
  const random = createRandom();
  const drawn: CustomerDay = { count: 0, seconds: [], amountsCents: [], terminals: [] };
  return (customer, day) => {
    drawn.count = 0;
    if (!world.reachesTerminal(customer)) return drawn;
    random.seed(seed, customer, day);
    const wanted = random.poisson(world.expMinusLambdas[customer]!);
    const mean = world.meanAmounts[customer]!;
    for (let n = 0; n < wanted; n++) {
      const second = Math.trunc(DAY_SECONDS / 2 + TIME_OF_DAY_SD_SECONDS * random.normal());
      let amount = mean + (mean / 2) * random.normal();
      if (second <= 0 || second >= DAY_SECONDS) continue;
      if (amount < 0) amount = random.uniform() * 2 * mean;
      const at = drawn.count++;
      drawn.seconds[at] = second;
      drawn.amountsCents[at] = Math.round(amount * 100);
      drawn.terminals[at] = world.drawTerminal(customer, random);
    }
    return drawn;
  };
}

/** Which of the customers' transactions a thief made, by day and customer: their places in the customer's day. */
type Thefts = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

/** Draws the world, which takes a moment; its days can then be had in any order. */
export function createSimulator(spec: Omit<SimulationSpec, 'days'>): (day: number) => SimulatedDay {
  const { seed, customers, terminals, startAt } = spec;
  const world = createCardWorld(seed, customers, terminals);
  const drawCustomerDay = customerDays(seed, world);
  const recentThefts = new Map<number, Thefts>();

  function theftsBegunOn(day: number): Thefts {
    let begun = recentThefts.get(day);
    if (begun === undefined) {
      begun = drawThefts(seed, customers, day, drawCustomerDay);
      if (recentThefts.size === RECENT_THEFTS) recentThefts.clear();
      recentThefts.set(day, begun);
    }
    return begun;
  }

  function drawDay(day: number): Drawn[] {
    const compromised = compromisedTerminals(seed, terminals, day);
    const stolen: ReadonlyMap<number, readonly number[]>[] = [];
    for (let begun = Math.max(0, day - CUSTOMER_COMPROMISED_DAYS + 1); begun <= day; begun++) {
      const today = theftsBegunOn(begun).get(day);
      if (today !== undefined) stolen.push(today);
    }
    const drawn: Drawn[] = [];
    for (let customer = 0; customer < customers; customer++) {
      const own = drawCustomerDay(customer, day);
      const from = drawn.length;
      for (let n = 0; n < own.count; n++) {
        const terminal = own.terminals[n]!;
        const amountCents = own.amountsCents[n]!;
        const scenario = compromised.has(terminal) ? 2 : amountCents > LARGE_AMOUNT_CENTS ? 1 : 0;
        drawn.push({ second: own.seconds[n]!, customer, terminal, amountCents, scenario });
      }
      if (own.count > 0) applyThefts(stolen, customer, drawn, from);
    }
    return drawn;
  }

  const ids = idsPerDay(spec);
  return (day) => {
    const drawn = drawDay(day);
    if (drawn.length > ids)
      throw new RangeError(`Day ${day} has ${drawn.length} transactions, more than its ${ids} ids`);
    return inTimeOrder(drawn, day, startAt + day * DAY_MS, day * ids);
  };
}

interface Drawn {
  readonly second: number;
  readonly customer: number;
  readonly terminal: number;
  amountCents: number;
  scenario: number;
}

function applyThefts(
  stolen: readonly ReadonlyMap<number, readonly number[]>[],
  customer: number,
  drawn: readonly Drawn[],
  from: number,
): void {
  for (const today of stolen) {
    for (const place of today.get(customer) ?? []) {
      const transaction = drawn[from + place]!;
      transaction.amountCents *= STOLEN_CARD_FACTOR;
      transaction.scenario = 3;
    }
  }
}

function inTimeOrder(drawn: readonly Drawn[], day: number, dayStartMs: number, firstId: number): SimulatedDay {
  // Second and place in one number, so that a native sort of numbers orders by second, then by place.
  const order = new Float64Array(drawn.length);
  for (let n = 0; n < drawn.length; n++) order[n] = drawn[n]!.second * drawn.length + n;
  order.sort();
  const scenarios = new Uint8Array(drawn.length);
  const transactions: Transaction[] = [];
  for (let n = 0; n < order.length; n++) {
    const { second, customer, terminal, amountCents, scenario } = drawn[order[n]! % drawn.length]!;
    scenarios[n] = scenario;
    transactions.push({
      transactionId: firstId + n,
      customerId: customer,
      terminalId: terminal,
      amountCents,
      occurredAt: dayStartMs + second * 1000,
    });
  }
  return { day, transactions, scenarios };
}

/** Terminals that are compromised on a day: those drawn on it and on the 27 days before. */
function compromisedTerminals(seed: number, terminals: number, day: number): ReadonlySet<number> {
  const compromised = new Set<number>();
  for (let begun = Math.max(0, day - TERMINAL_COMPROMISED_DAYS + 1); begun <= day; begun++) {
    for (const terminal of sample(seed, TERMINAL_DRAW, begun, terminals, TERMINALS_COMPROMISED_A_DAY)) {
      compromised.add(terminal);
    }
  }
  return compromised;
}

/** A third, rounded down, of the transactions that the customers compromised on `begun` make in the 14 days from it. */
function drawThefts(seed: number, customers: number, begun: number, draw: DrawCustomerDay): Thefts {
  const victims = sample(seed, CUSTOMER_DRAW, begun, customers, CUSTOMERS_COMPROMISED_A_DAY);
  const theirs: { readonly day: number; readonly customer: number; readonly place: number }[] = [];
  for (let day = begun; day < begun + CUSTOMER_COMPROMISED_DAYS; day++) {
    for (const customer of victims) {
      const { count } = draw(customer, day);
      for (let place = 0; place < count; place++) theirs.push({ day, customer, place });
    }
  }
  const random = createRandom();
  random.seed(seed, CUSTOMER_DRAW - 1, begun);
  const thefts = new Map<number, Map<number, number[]>>();
  const wanted = Math.floor(theirs.length / 3);
  for (let n = 0; n < wanted; n++) {
    const pick = n + random.below(theirs.length - n);
    const { day, customer, place } = theirs[pick]!;
    theirs[pick] = theirs[n]!;
    const ofDay = thefts.get(day) ?? new Map<number, number[]>();
    thefts.set(day, ofDay.set(customer, [...(ofDay.get(customer) ?? []), place]));
  }
  return thefts;
}

/** `count` different numbers below `bound`, or all of them when there are fewer. */
function sample(seed: number, stream: number, day: number, bound: number, count: number): readonly number[] {
  const random = createRandom();
  random.seed(seed, stream, day);
  const drawn = new Set<number>();
  while (drawn.size < Math.min(count, bound)) drawn.add(random.below(bound));
  return [...drawn];
}
