/** The files that a copy of a log consists of, up to an offset, while the log itself may go on growing. */
import { join } from 'node:path';
import { isAway, readAway } from './away.ts';
import { JournalError } from './error.ts';
import { frameBytes, isBodyIntact, readHeader } from './frame.ts';
import type { SealedBody } from './sealed-bytes.ts';
import { FOOTER_SEARCH_BYTES, footerBytes, readSeal, segmentBases, segmentName } from './segment.ts';
import type { SyncFs } from './sync-fs.ts';

export interface SegmentCut {
  /** Of the file, in the log's directory. */
  readonly name: string;
  readonly firstOffset: number;
  /** How many of its bytes belong to the copy. */
  readonly bytes: number;
  /**
   * What the footer says of the bytes before it, where the copy has all of the segment; null where the copy ends
   * earlier.
   */
  readonly sealed: SealedBody | null;
}

/**
 * Segments with the events below `toOffset`. These events must be durable, and a frame must end there. A log that keeps
 * nothing below it gives its last segment without events, so that a copy knows the next offset. Throws a JournalError
 * of kind `corrupt` when a frame of the last segment is damaged. Sealed segments are not checked here: whoever copies
 * them compares them with their seals.
 */
export function cutSegments(fs: SyncFs, directory: string, log: string, toOffset: number): SegmentCut[] {
  const names = fs.list(directory);
  const bases = segmentBases(names).filter((base) => base <= toOffset);
  const wanted = bases.filter((base) => base < toOffset);
  const cut = wanted.length > 0 ? wanted : bases.slice(-1);
  return cut.map((base): SegmentCut => {
    const name = segmentName(base);
    const path = join(directory, name);
    const away = isAway(names, base) ? readAway(fs, path) : null;
    if (away !== null && away.nextOffset <= toOffset)
      return { name, firstOffset: base, bytes: away.bytes, sealed: away.sealed };
    const { size, end } = endOf(fs, path);
    const seal = readSeal(end);
    if (seal !== null && seal.nextOffset <= toOffset) {
      const sealed = { sha256: seal.sha256, bodyBytes: size - footerBytes(end) };
      return { name, firstOffset: base, bytes: size, sealed };
    }
    return { name, firstOffset: base, bytes: bytesBelow(fs, path, log, toOffset), sealed: null };
  });
}

function endOf(fs: SyncFs, path: string): { readonly size: number; readonly end: Buffer } {
  const file = fs.open(path);
  try {
    const end = Buffer.alloc(Math.min(FOOTER_SEARCH_BYTES, file.size));
    const read = file.read(end, 0, end.length, file.size - end.length);
    return { size: file.size, end: end.subarray(0, read) };
  } finally {
    file.close();
  }
}

/** Bytes of the whole frames with events below the offset. */
function bytesBelow(fs: SyncFs, path: string, log: string, toOffset: number): number {
  const bytes = fs.read(path);
  let at = 0;
  let next = 0;
  for (;;) {
    const header = readHeader(bytes, at);
    if (header === null || (at > 0 && header.offset >= toOffset) || !isBodyIntact(bytes, at, header)) break;
    next = header.offset + header.count;
    at += frameBytes(header);
  }
  if (next === toOffset) return at;
  throw new JournalError(
    { kind: 'corrupt', log, file: path, byte: at, offset: next, toOffset },
    `${path} is damaged at byte ${at}: events ${next} to ${toOffset - 1} can't be read. See \`millrace journal verify\`.`,
  );
}
