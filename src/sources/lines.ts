/**
 * Lines out of a byte stream, with a cap: of a longer line only the beginning is kept and the length is counted, so no
 * line is ever held beyond the cap.
 *
 * Lines are numbered from 1 as an editor numbers them: an empty line has a number too, and is given as no bytes. `\n`
 * and `\r\n` end a line, the last line needs no end, and a byte order mark before the first is not part of it.
 */
import { RAW_BYTES_MAX } from '../messages/streams.ts';

export interface LineSink {
  /** The bytes are a view that is only valid during the call. */
  line(bytes: Buffer, number: number): void;
  /** `length` is that of the whole line without its end; `head` is its beginning, for the sink to keep. */
  tooLong(head: Buffer, length: number, number: number): void;
}

/** Of what may span lines: the line that it begins on, and the one that it ends on. */
export interface SpanSink {
  line(bytes: Buffer, number: number, last: number): void;
  tooLong(head: Buffer, length: number, number: number, last: number): void;
}

/** Finds the line ends that end something. */
export interface EndFinder {
  /** Another chunk begins. */
  begin(): void;
  /** The next one in the chunk from `from` on, where the call before left off; −1 when it is in none of the rest. */
  end(chunk: Buffer, from: number): number;
  /** How many line ends were passed over since the last call. */
  innerLines(): number;
  /** Whether a line end would be passed over where the input has come to. */
  isOpen(): boolean;
}

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Gives the last line, if it has no end of its own. */
  end(): void;
  /** Bytes up to the end of what was given last. */
  consumed(): number;
}

export const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NOTHING = Buffer.alloc(0);

export const EVERY_END: EndFinder = {
  begin: () => {},
  end: (chunk, from) => chunk.indexOf(NEWLINE, from),
  innerLines: () => 0,
  isOpen: () => false,
};

export function createLineSplitter(sink: LineSink, maxLineBytes = MAX_LINE_BYTES): LineSplitter {
  return createSplitter(sink, maxLineBytes, EVERY_END);
}

export function createSplitter(sink: SpanSink, maxLineBytes: number, ends: EndFinder): LineSplitter {
  /** Lines so far. */
  let lines = 0;
  // The beginning of a line that goes on in the next chunk. A `\r` may be one byte more than the cap.
  const heldMax = Math.max(maxLineBytes, RAW_BYTES_MAX) + 1;
  let held = NOTHING;
  let heldBytes = 0;
  /** Length so far of the line that goes on; more than `heldBytes` once its bytes are no longer kept. */
  let length = 0;
  let pushed = 0;
  let lastByte = 0;

  function hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    length += bytes.length;
    lastByte = bytes[bytes.length - 1] ?? 0;
    const kept = Math.min(bytes.length, heldMax + BYTE_ORDER_MARK.length - heldBytes);
    if (kept <= 0) return;
    if (heldBytes + kept > held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4096, 2 * held.length, heldBytes + kept));
      held.copy(larger, 0, 0, heldBytes);
      held = larger;
    }
    bytes.copy(held, heldBytes, 0, kept);
    heldBytes += kept;
  }

  /** `bytes` are the line, or its beginning when `total` is more. */
  function give(bytes: Buffer, total: number, last: number): void {
    const number = lines + 1;
    // A line end that is the last byte of what does not end begins no line.
    lines = number + ends.innerLines() - (ends.isOpen() && last === NEWLINE ? 1 : 0);
    const marked = number === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    const from = marked ? BYTE_ORDER_MARK.length : 0;
    const end = total > 0 && last === CARRIAGE_RETURN && !ends.isOpen() ? total - 1 : total;
    const lineBytes = end - from;
    if (lineBytes > maxLineBytes) {
      sink.tooLong(bytes.subarray(from, from + Math.min(RAW_BYTES_MAX, lineBytes)), lineBytes, number, lines);
    } else {
      sink.line(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end), number, lines);
    }
  }

  function giveHeld(): void {
    give(held.subarray(0, heldBytes), length, lastByte);
    length = 0;
    heldBytes = 0;
    // A long line's buffer is not kept for the short ones that usually follow.
    if (held.length > RAW_BYTES_MAX) held = NOTHING;
  }

  return {
    push(chunk) {
      pushed += chunk.length;
      let start = 0;
      ends.begin();
      let at = ends.end(chunk, 0);
      if (at !== -1 && length > 0) {
        hold(chunk.subarray(0, at));
        giveHeld();
        start = at + 1;
        at = ends.end(chunk, start);
      }
      while (at !== -1) {
        give(chunk.subarray(start, at), at - start, at === start ? 0 : (chunk[at - 1] ?? 0));
        start = at + 1;
        at = ends.end(chunk, start);
      }
      hold(chunk.subarray(start));
    },
    end() {
      if (length > 0) giveHeld();
    },
    consumed: () => pushed - length,
  };
}
