/**
 * Events that wait until the watermark has passed them, given back in order of time, then of a number of their own, then of
 * their bytes: so in an order that does not depend on how they came. Most come in order, and stand in a queue; the others in
 * a heap beside it. Their numbers and bytes lie in one array each.
 */

export interface WaitingEvents {
  /** Numbers of an event: its time, its number in the order, and what the owner has with it. */
  readonly stride: number;
  numbers: Float64Array;
  bytes: Uint8Array;
  /** Where the bytes of each place begin and end. */
  starts: Float64Array;
  ends: Float64Array;
  readonly free: number[];
  places: number;
  usedBytes: number;
  /** Bytes of events that are gone. */
  deadBytes: number;
  /** Places in order, from `head` to before `tail`. */
  queue: Int32Array;
  head: number;
  tail: number;
  heap: Int32Array;
  heapSize: number;
}

export const TIME_MS = 0;
export const ORDER = 1;
/** The first of the owner's numbers. */
export const OWN = 2;

export function createWaitingEvents(ownNumbers: number): WaitingEvents {
  const stride = OWN + ownNumbers;
  return {
    stride,
    numbers: new Float64Array(stride * 64),
    bytes: new Uint8Array(1 << 12),
    starts: new Float64Array(64),
    ends: new Float64Array(64),
    free: [],
    places: 0,
    usedBytes: 0,
    deadBytes: 0,
    queue: new Int32Array(64),
    head: 0,
    tail: 0,
    heap: new Int32Array(64),
    heapSize: 0,
  };
}

/** A place for an event with these bytes. Its numbers are to be filled in before it is put in with `enqueue`. */
export function takePlace(all: WaitingEvents, bytes: Uint8Array, start: number, end: number): number {
  const place = all.free.pop() ?? all.places++;
  if ((place + 1) * all.stride > all.numbers.length) {
    all.numbers = larger(all.numbers, 2 * all.numbers.length);
    all.starts = larger(all.starts, all.numbers.length);
    all.ends = larger(all.ends, all.numbers.length);
  }
  const length = end - start;
  if (all.usedBytes + length > all.bytes.length) makeRoom(all, length);
  const to = all.usedBytes;
  for (let i = 0; i < length; i++) all.bytes[to + i] = bytes[start + i]!;
  all.starts[place] = to;
  all.ends[place] = to + length;
  all.usedBytes += length;
  return place;
}

function larger(numbers: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(numbers);
  return grown;
}

export function enqueue(all: WaitingEvents, place: number): void {
  const { head, tail, queue } = all;
  if (tail > head && isBefore(all, place, queue[tail - 1]!)) {
    push(all, place);
    return;
  }
  if (tail === queue.length) {
    const own = queue.subarray(head, tail);
    const room = 2 * own.length > queue.length ? new Int32Array(2 * queue.length) : queue;
    if (room === queue) queue.copyWithin(0, head, tail);
    else room.set(own);
    all.queue = room;
    all.tail = tail - head;
    all.head = 0;
  }
  all.queue[all.tail++] = place;
}

/** The place of the first event; −1 when there is none. */
export function firstPlace(all: WaitingEvents): number {
  const { head, tail, queue, heap, heapSize } = all;
  if (heapSize === 0) return head === tail ? -1 : queue[head]!;
  return head === tail || isBefore(all, heap[0]!, queue[head]!) ? heap[0]! : queue[head]!;
}

/** Its numbers and bytes hold until the next event is put in. */
export function takeFirst(all: WaitingEvents): number {
  const place = firstPlace(all);
  if (all.heapSize > 0 && all.heap[0] === place) pop(all);
  else all.head += 1;
  all.free.push(place);
  all.deadBytes += all.ends[place]! - all.starts[place]!;
  if (all.head === all.tail) {
    all.head = 0;
    all.tail = 0;
    if (all.heapSize === 0) {
      all.usedBytes = 0;
      all.deadBytes = 0;
    }
  }
  return place;
}

/** The places of all events, in order. */
export function placesInOrder(all: WaitingEvents): number[] {
  const own = [...all.queue.subarray(all.head, all.tail), ...all.heap.subarray(0, all.heapSize)];
  return own.sort((a, b) => (isBefore(all, a, b) ? -1 : isBefore(all, b, a) ? 1 : 0));
}

function isBefore(all: WaitingEvents, place: number, other: number): boolean {
  const { numbers, stride } = all;
  const [at, otherAt] = [place * stride, other * stride];
  if (numbers[at] !== numbers[otherAt]) return numbers[at]! < numbers[otherAt]!;
  if (numbers[at + ORDER] !== numbers[otherAt + ORDER]) return numbers[at + ORDER]! < numbers[otherAt + ORDER]!;
  return compareBytes(all, place, other) < 0;
}

function compareBytes({ bytes, starts, ends }: WaitingEvents, place: number, other: number): number {
  return Buffer.compare(bytes.subarray(starts[place], ends[place]), bytes.subarray(starts[other], ends[other]));
}

/** Moves what is alive together, where it takes up half at most; else into twice the room. */
function makeRoom(all: WaitingEvents, length: number): void {
  const alive = all.usedBytes - all.deadBytes;
  const needed = alive + length;
  const to = new Uint8Array(needed * 2 > all.bytes.length ? 2 * Math.max(needed, all.bytes.length) : all.bytes.length);
  let at = 0;
  for (const place of [...all.queue.subarray(all.head, all.tail), ...all.heap.subarray(0, all.heapSize)]) {
    const [start, end] = [all.starts[place]!, all.ends[place]!];
    to.set(all.bytes.subarray(start, end), at);
    all.starts[place] = at;
    at += end - start;
    all.ends[place] = at;
  }
  all.bytes = to;
  all.usedBytes = at;
  all.deadBytes = 0;
}

function push(all: WaitingEvents, place: number): void {
  if (all.heapSize === all.heap.length) {
    const grown = new Int32Array(2 * all.heap.length);
    grown.set(all.heap);
    all.heap = grown;
  }
  const { heap } = all;
  let at = all.heapSize++;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(all, place, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = place;
}

function pop(all: WaitingEvents): void {
  const { heap } = all;
  const last = heap[--all.heapSize]!;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= all.heapSize) break;
    if (child + 1 < all.heapSize && isBefore(all, heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(all, heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
