/** Blocks: how events of one type travel and are stored. */
import type { RecordWriter } from './record-writer.ts';

/** An Avro `array` of `count` events of the record with this fingerprint. */
export interface Block {
  readonly fingerprint: string;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes a block event by event, so that no event is held until the block is whole. An object that dies at once costs the
 * collector nothing; an object that lives as long as its batch is copied.
 */
export interface BlockWriter<T> {
  /** Writes an event and does not keep it. Throws when it does not fit the schema. */
  push(event: T): void;
  /** Events since the last block. */
  readonly length: number;
  /** Gives the block of these events and begins a new one; null when there are none. */
  take(): Block | null;
  /** What is pushed from now on can be taken back. */
  mark(): void;
  /** Takes back what was pushed since mark() was called last, or since the last block. */
  rollback(): void;
}

/** A batch, or the events derived from it, is more than one commit can hold. */
export class TooLargeError extends RangeError {}

const INITIAL_BYTES = 1 << 14;
/** A larger block is given up before it takes the memory. */
const BLOCK_BYTES_MAX = 128 * 1024 * 1024;

/**
 * `fast` writes what it can. `encode` writes any event of the type and returns where it ends, or minus the bytes that it
 * lacks; it throws when the event does not fit the schema.
 */
export function createBlockWriter<T>(
  fingerprint: string,
  fast: RecordWriter<T> | null,
  encode: (event: T, buffer: Buffer, at: number) => number,
): BlockWriter<T> {
  let buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  let view = new DataView(buffer.buffer);
  let end = 0;
  let markedEnd = 0;
  let markedCount = 0;

  function write(event: T): number {
    const next = fast === null ? Number.NaN : fast(event, buffer, view, end);
    return Number.isNaN(next) ? encode(event, buffer, end) : next;
  }
  function grow(lackingBytes: number): void {
    if (buffer.length + lackingBytes > BLOCK_BYTES_MAX) {
      throw new TooLargeError(`A block has more than ${BLOCK_BYTES_MAX} bytes after ${writer.length} events`);
    }
    const larger = Buffer.allocUnsafeSlow((buffer.length + lackingBytes) * 2);
    buffer.copy(larger, 0, 0, end);
    buffer = larger;
    view = new DataView(buffer.buffer);
  }

  // No getter: V8 keeps the second object with one, and all after it, as a hash table, and each call of push() is a look-up.
  const writer = {
    length: 0,
    push(event: T): void {
      let next = write(event);
      while (next < 0) {
        grow(-next);
        next = write(event);
      }
      end = next;
      writer.length += 1;
    },
    take(): Block | null {
      const count = writer.length;
      if (count === 0) return null;
      const prefix = lengthPrefix(count);
      const bytes = new Uint8Array(prefix.length + end + 1);
      bytes.set(prefix);
      bytes.set(buffer.subarray(0, end), prefix.length);
      const block = { fingerprint, count, bytes };
      end = 0;
      writer.length = 0;
      markedEnd = 0;
      markedCount = 0;
      return block;
    },
    mark(): void {
      markedEnd = end;
      markedCount = writer.length;
    },
    rollback(): void {
      end = markedEnd;
      writer.length = markedCount;
    },
  };
  return writer;
}

/** An Avro long of 0 or more: how an array says its length. */
export function lengthPrefix(count: number): number[] {
  const bytes: number[] = [];
  let rest = count * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
