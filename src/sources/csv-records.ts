/**
 * Records of a CSV file as RFC 4180 has them: a record ends at a line end that is not within quotes, so it may span
 * lines. It is numbered by the line that it begins on, and `last` is the line that it ends on.
 *
 * A quote opens a cell only where the cell begins; after a closing quote and anything but a delimiter, the rest of the
 * cell is plain, as Python's csv module reads it. A record is never held beyond the cap, however long it is. A record
 * that is too long, or does not end, is one rejection, and no part within its quotes is ever taken for a record of its
 * own.
 */
import type { CsvDialect } from '../messages/csv-options.ts';
import {
  BYTE_ORDER_MARK,
  createSplitter,
  type EndFinder,
  EVERY_END,
  type LineSplitter,
  MAX_LINE_BYTES,
} from './lines.ts';

export interface RecordSink {
  /** The bytes are a view that is only valid during the call. */
  record(bytes: Buffer, line: number, last: number): void;
  /** `length` is that of the whole record without its end; `head` is its beginning, for the sink to keep. */
  tooLong(head: Buffer, length: number, line: number, last: number): void;
}

/** Without a quote each line is a record. */
export function createRecordSplitter(
  sink: RecordSink,
  dialect: CsvDialect,
  maxRecordBytes = MAX_LINE_BYTES,
): LineSplitter {
  const ends = dialect.quote < 0 ? EVERY_END : createRecordEnds(dialect);
  return createSplitter({ line: sink.record, tooLong: sink.tooLong }, maxRecordBytes, ends);
}

const NEWLINE = 10;

/** Where a cell may begin, within plain text, within quotes, and behind a quote that closes them or is half of a pair. */
type Place = 'start' | 'plain' | 'quoted' | 'closed';

/** Whether a line is passed over. */
export function isNoRecord({ comment, skipLines }: CsvDialect, bytes: Buffer, line: number): boolean {
  return line <= skipLines || (comment >= 0 && bytes[0] === comment);
}

function createRecordEnds({ delimiter, quote: quoteByte, comment, skipLines }: CsvDialect): EndFinder {
  let place: Place = 'start';
  let inner = 0;
  /** Lines that are no record have no quotes: they end where the line does. */
  let isBegin = true;
  let isNone = false;
  let lines = 0;
  /** Of the byte order mark, how many bytes the input has begun with: a quote behind it opens a cell. */
  let mark = 0;
  const quotes = createFinder(quoteByte);
  const newlines = createFinder(NEWLINE);

  /** To the byte behind the quote that ends the quoted text. */
  function throughQuotes(chunk: Buffer, at: number): number {
    const quote = quotes.next(chunk, at);
    for (let line = newlines.next(chunk, at); line < quote; line = newlines.next(chunk, line + 1)) inner += 1;
    if (quote < chunk.length) place = 'closed';
    return Math.min(quote + 1, chunk.length);
  }

  function ended(end: number): number {
    place = 'start';
    isBegin = true;
    if (lines < skipLines) lines += 1;
    return end;
  }

  return {
    begin() {
      quotes.begin();
      newlines.begin();
    },
    end(chunk, from) {
      // Most records have no quote, and most files.
      if (place === 'start' && mark === BYTE_ORDER_MARK.length) {
        const end = chunk.indexOf(NEWLINE, from);
        if (end !== -1 && quotes.next(chunk, from) > end) {
          if (lines < skipLines) lines += 1;
          isBegin = true;
          return end;
        }
      }
      let at = from;
      while (at < chunk.length) {
        if (mark < BYTE_ORDER_MARK.length) {
          if (chunk[at] === BYTE_ORDER_MARK[mark]) {
            mark += 1;
            at += 1;
            continue;
          }
          if (mark > 0) place = 'plain';
          mark = BYTE_ORDER_MARK.length;
        }
        if (isBegin) {
          isBegin = false;
          isNone = lines < skipLines || chunk[at] === comment;
        }
        if (isNone) {
          const end = newlines.next(chunk, at);
          return end < chunk.length ? ended(end) : -1;
        }
        if (place === 'quoted') at = throughQuotes(chunk, at);
        else if (place !== 'plain' && chunk[at] === quoteByte) {
          // The first of a cell, or the second of a pair.
          place = 'quoted';
          at += 1;
        } else {
          const end = newlines.next(chunk, at);
          const quote = quotes.next(chunk, at);
          if (quote < end) {
            place = quote > at && chunk[quote - 1] === delimiter ? 'quoted' : 'plain';
            at = quote + 1;
          } else if (end < chunk.length) {
            return ended(end);
          } else {
            place = chunk[end - 1] === delimiter ? 'start' : 'plain';
            return -1;
          }
        }
      }
      return -1;
    },
    innerLines() {
      const lines = inner;
      inner = 0;
      return lines;
    },
    isOpen: () => place === 'quoted',
  };
}

/** Finds a byte from a place on that only grows; the length of the chunk when there is none. Each is looked for once. */
function createFinder(byte: number): { begin(): void; next(chunk: Buffer, at: number): number } {
  let found = -1;
  return {
    begin() {
      found = -1;
    },
    next(chunk, at) {
      if (found < at) {
        const index = chunk.indexOf(byte, at);
        found = index === -1 ? chunk.length : index;
      }
      return found;
    },
  };
}
