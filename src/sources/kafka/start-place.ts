/**
 * Decides from which offset a partition of a topic is read, and whether it may be read. The journal has the offset. The
 * group's offset in Kafka only tells which data directory owns the partition, and where another program left off.
 */
import type { Bounds, Committed } from '../../kafka/group.ts';
import type { TopicPosition } from '../../messages/streams.ts';

export interface Known {
  readonly topic: string;
  readonly partition: number;
  /** The journal's position; 0 when it has none. */
  readonly journaled: number;
  /** What the journal knows of the topic; absent when it has nothing of it. */
  readonly last: TopicPosition | undefined;
  /** What the group has committed. */
  readonly committed: Committed;
  readonly bounds: Bounds;
  /** Of this data directory. */
  readonly owner: number;
  readonly from: 'earliest' | 'latest';
  readonly onLoss: 'halt' | 'skip';
}

export type StartPlace =
  | {
      readonly kind: 'start';
      readonly at: number;
      /** The record by which the topic must be known again; null when there is none. */
      readonly check: TopicPosition | null;
      /** Whether the group has to be told first that the partition is this directory's. */
      readonly claims: boolean;
    }
  /** It is another's, or records are gone. The message says what to do. */
  | { readonly kind: 'held' | 'lost' | 'recreated'; readonly message: string };

/** The metadata of a committed offset: whose state goes with it. */
export function markOf(owner: number): string {
  return `millrace/1 data-directory=${owner}`;
}

/** The data directory that a committed offset belongs to; null where another program has committed it, or nobody. */
export function ownerOfMark(metadata: string | null): number | null {
  const found = /^millrace\/1 data-directory=(\d{1,10})$/.exec(metadata ?? '');
  return found === null ? null : Number(found[1]);
}

export function startPlace(known: Known): StartPlace {
  const { journaled, last, committed, bounds, owner, from } = known;
  const marked = ownerOfMark(committed.metadata);
  if (marked !== null && marked !== owner) return { kind: 'held', message: heldMessage(known, marked) };
  const claims = marked === null;
  if (journaled === 0 && committed.offset < 0) {
    return { kind: 'start', at: from === 'earliest' ? bounds.low : bounds.high, check: null, claims };
  }
  const next = journaled === 0 ? committed.offset : journaled;
  const place = placeWithin(known, next);
  if (place.kind !== 'start') return place;
  const isKnown = last !== undefined && last.next === next && place.at === next && last.lastOffset >= bounds.low;
  return { ...place, check: isKnown ? last : null, claims };
}

/** Whether a partition has what is read next. */
export function placeWithin(known: Pick<Known, 'topic' | 'partition' | 'bounds' | 'onLoss'>, next: number): StartPlace {
  const { bounds, onLoss } = known;
  const at = (offset: number): StartPlace => ({ kind: 'start', at: offset, check: null, claims: false });
  // A log takes no position below its own, so nothing but another group could go on here.
  if (next > bounds.high) return recreated(known, next);
  if (next < bounds.low) return onLoss === 'skip' ? at(bounds.low) : lost(known, next);
  return at(next);
}

type Place = Pick<Known, 'topic' | 'partition' | 'bounds'>;

const SKIP = 'To go on with what is there, start it once with `onLoss: skip` in the source';

function lost({ topic, partition, bounds }: Place, next: number): StartPlace {
  const gone = `${topic}/${partition} begins at offset ${bounds.low} now, and was read up to ${next}`;
  const message = `${gone}: ${bounds.low - next} records are gone that were never read. ${SKIP}.`;
  return { kind: 'lost', message };
}

const AFRESH =
  'To read it from its beginning, give the source another `group`; what was made of the old topic stays in the journal';

function recreated({ topic, partition, bounds }: Place, next: number): StartPlace {
  const message =
    `${topic}/${partition} ends at offset ${bounds.high} now, and was read up to ${next}: the topic was deleted and made ` +
    `again, or its end was lost. ${AFRESH}.`;
  return { kind: 'recreated', message };
}

/** Of a topic whose record is not the one that was read. */
export function otherTopicMessage(topic: string, partition: number, lastOffset: number): string {
  return (
    `${topic}/${partition} has another record at offset ${lastOffset} than the one that was read there: the topic was ` +
    `deleted and made again. ${AFRESH}.`
  );
}

function heldMessage({ topic, partition }: Place, marked: number): string {
  return (
    `${topic}/${partition} is not read here: what was made of it so far lies in another data directory (its number is ` +
    `${marked}, in the file stores.id). Start the process of that directory again; or, where it is lost for good, stop ` +
    `all members and reset the offsets of the group with kafka-consumer-groups --reset-offsets, which gives them free.`
  );
}
