/**
 * Events of the Nexmark benchmark, by its published proportions: of fifty events one is a person, three are auctions and
 * the rest bids; half of the bids are for a hot auction, three quarters by a hot bidder, three quarters of the auctions
 * by a hot seller. Times are in order, 10,000 events a second. The same seed gives the same events.
 */
import { createRandom, type Random } from '../../src/models/random.ts';

export type NexmarkEvent =
  | { readonly stream: 'persons'; readonly event: Person }
  | { readonly stream: 'auctions'; readonly event: Auction }
  | { readonly stream: 'bids'; readonly event: Bid };

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

const PERSONS = 1;
const AUCTIONS = 3;
const BIDS = 46;
const EPOCH = PERSONS + AUCTIONS + BIDS;
const FIRST_ID = 1000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
/** Of so many persons or auctions in a row, one is hot. */
const HOT_EVERY = 100;
/** Ids that are used before the person or auction comes. */
const ID_LEAD = 10;
const ACTIVE_PERSONS = 1000;
const OPEN_AUCTIONS = 100;
const START_MS = Date.UTC(2025, 0, 1);
/** Mean sizes of whole events, in bytes; `extra` fills them. */
const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;

const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter'];
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris'];
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle', 'Kent'];
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];
const POOL_BYTES = 1 << 16;

/** `eventsPerSecond` are of event time. */
export function* nexmarkEvents(count: number, seed: number, eventsPerSecond = 10_000): Generator<NexmarkEvent> {
  const random = createRandom();
  random.seed(seed, 0, 0);
  const pool = Array.from({ length: POOL_BYTES }, () => String.fromCharCode(97 + random.below(26))).join('');
  const text = (length: number): string => {
    const at = random.below(POOL_BYTES - length);
    return pool.slice(at, at + length);
  };
  for (let index = 0; index < count; index++) {
    const dateTime = START_MS + Math.floor((index * 1000) / eventsPerSecond);
    const place = index % EPOCH;
    if (place < PERSONS) yield { stream: 'persons', event: personOf(index, dateTime, random, text) };
    else if (place < PERSONS + AUCTIONS) {
      yield { stream: 'auctions', event: auctionOf(index, dateTime, eventsPerSecond, random, text) };
    } else yield { stream: 'bids', event: bidOf(index, dateTime, random, text) };
  }
}

type TextOf = (length: number) => string;

function personOf(index: number, dateTime: number, random: Random, text: TextOf): Person {
  const of = (names: readonly string[]): string => names[random.below(names.length)] ?? '';
  const digits = (): string => String(random.below(10_000)).padStart(4, '0');
  const name = `${of(FIRST_NAMES)} ${of(LAST_NAMES)}`;
  return {
    id: FIRST_ID + newestPerson(index),
    name,
    emailAddress: `${text(7)}@${text(5)}.com`,
    creditCard: `${digits()} ${digits()} ${digits()} ${digits()}`,
    city: of(CITIES),
    state: of(STATES),
    dateTime,
    extra: text(extraBytes(PERSON_BYTES - 16 - name.length - 50, random)),
  };
}

function auctionOf(index: number, dateTime: number, eventsPerSecond: number, random: Random, text: TextOf): Auction {
  const isHot = random.below(4) > 0;
  const seller = isHot ? hotOf(newestPerson(index)) : anyPerson(index, random);
  const initialBid = priceOf(random);
  const meanOpenMs = (((OPEN_AUCTIONS * EPOCH) / AUCTIONS) * 1000) / eventsPerSecond;
  return {
    id: FIRST_ID + newestAuction(index),
    itemName: text(20),
    description: text(100),
    initialBid,
    reserve: initialBid + priceOf(random),
    dateTime,
    expires: dateTime + 1 + random.below(Math.max(1, Math.floor(meanOpenMs * 2))),
    seller: FIRST_ID + seller,
    category: FIRST_CATEGORY + random.below(CATEGORIES),
    extra: text(extraBytes(AUCTION_BYTES - 48 - 120, random)),
  };
}

function bidOf(index: number, dateTime: number, random: Random, text: TextOf): Bid {
  const newest = newestAuction(index);
  const oldest = Math.max(0, newest - OPEN_AUCTIONS);
  const isForHot = random.below(2) > 0;
  const auction = isForHot ? hotOf(newest) : oldest + random.below(newest - oldest + 1 + ID_LEAD);
  // The second of its hundred, so that hot bidders are not hot sellers.
  const bidder = random.below(4) > 0 ? hotOf(newestPerson(index)) + 1 : anyPerson(index, random);
  const channel = CHANNELS[random.below(CHANNELS.length)] ?? '';
  const url = `https://www.nexmark.com/${text(4)}/item.htm`;
  return {
    auction: FIRST_ID + auction,
    bidder: FIRST_ID + bidder,
    price: priceOf(random),
    channel,
    url,
    dateTime,
    extra: text(extraBytes(BID_BYTES - 32 - channel.length - url.length, random)),
  };
}

function newestPerson(index: number): number {
  return Math.floor(index / EPOCH) * PERSONS + Math.min(index % EPOCH, PERSONS - 1);
}

/** Before the first auction it is −1, and nobody asks. */
function newestAuction(index: number): number {
  const place = (index % EPOCH) - PERSONS;
  return Math.floor(index / EPOCH) * AUCTIONS + Math.min(place, AUCTIONS - 1);
}

function hotOf(newest: number): number {
  return Math.floor(newest / HOT_EVERY) * HOT_EVERY;
}

function anyPerson(index: number, random: Random): number {
  const persons = newestPerson(index) + 1;
  const active = Math.min(persons, ACTIVE_PERSONS);
  return persons - active + random.below(active + ID_LEAD);
}

function priceOf(random: Random): number {
  return Math.round(10 ** (random.uniform() * 6) * 100);
}

/** A fifth around the mean. */
function extraBytes(mean: number, random: Random): number {
  const spread = Math.round(mean * 0.2);
  return Math.max(0, mean - spread + random.below(2 * spread + 1));
}
