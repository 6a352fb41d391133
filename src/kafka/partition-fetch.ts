/**
 * A partition's part of a fetch, in the form that kafkajs wants, with numbers: kafkajs's own class makes a Long for
 * each record. That class also has a defect: it takes a record whose key is four zero bytes for the end of an aborted
 * transaction, and then shows the rest of the transaction.
 */
import type { BatchRecord } from './record-batch.ts';

export interface PartitionAnswer {
  readonly partition: number;
  /** Digits. */
  readonly highWatermark: string;
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
  readonly messages: readonly BatchRecord[];
}

export interface AbortedTransaction {
  readonly producerId: string;
  /** Digits. */
  readonly firstOffset: string;
}

/** kafkajs's types do not know that its messages are these. */
const recordsByFetch = new WeakMap<object, readonly BatchRecord[]>();

/** The records that are shown of what kafkajs hands over as a batch. */
export function recordsOf(batch: object): readonly BatchRecord[] {
  const records = recordsByFetch.get(batch);
  if (records === undefined) throw new Error('kafkajs has read this batch by itself');
  return records;
}

/** Called with `new`, as kafkajs does; the object that it returns has what kafkajs asks of one. */
export function PartitionFetch(topic: string, fetchedOffset: string, answer: PartitionAnswer) {
  const { partition, highWatermark, messages: rawMessages } = answer;
  const from = Number(fetchedOffset);
  // A packed batch is sent whole, also where the fetch began within it.
  const first = rawMessages.findIndex(({ offset }) => offset >= from);
  const within = first < 0 ? [] : first === 0 ? rawMessages : rawMessages.slice(first);
  const messages = shownOf(within, answer.abortedTransactions ?? []);
  const end = Number(highWatermark);
  const last = within.at(-1)?.offset ?? (rawMessages.length > 0 ? from : end - 1);
  const fetch = {
    topic,
    partition,
    fetchedOffset,
    highWatermark,
    messages,
    isEmpty: () => messages.length === 0,
    isEmptyIncludingFiltered: () => within.length === 0,
    isEmptyDueToFiltering: () => messages.length === 0 && rawMessages.length > 0,
    firstOffset: () => (within[0] === undefined ? null : String(within[0].offset)),
    lastOffset: () => String(last),
    offsetLag: () => String(end - 1 - last),
    offsetLagLow: () => (within[0] === undefined ? '0' : String(end - 1 - within[0].offset)),
  };
  recordsByFetch.set(fetch, messages);
  return fetch;
}

/** Without markers, and without what was aborted: from the first offset of that on, up to its producer's next marker. */
function shownOf(records: readonly BatchRecord[], aborted: readonly AbortedTransaction[]): readonly BatchRecord[] {
  if (aborted.length === 0 && !records.some(({ isControlRecord }) => isControlRecord)) return records;
  const begins = aborted
    .map((each) => ({ producerId: each.producerId, firstOffset: Number(each.firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<string>();
  let next = 0;
  return records.filter(({ offset, isControlRecord, batchContext: { producerId, inTransaction } }) => {
    for (; next < begins.length && begins[next]!.firstOffset <= offset; next++) open.add(begins[next]!.producerId);
    if (isControlRecord) open.delete(producerId);
    return !isControlRecord && !(inTransaction && open.has(producerId));
  });
}
