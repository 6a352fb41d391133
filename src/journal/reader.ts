/**
 * Reading a log, from any thread and without a lock: frames in order, checked, in bounded memory.
 * The caller bounds the read by the durable offset, so an event that could still be taken back is never seen.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { JournalError } from './error.ts';
import { bodyOf, frameBytes, HEADER_BYTES, isBodyIntact, readHeader } from './frame.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';

export interface Frame {
  readonly kind: number;
  /** Offset of its first event. */
  readonly offset: number;
  readonly count: number;
  /** Stays valid: no later read reuses its memory. */
  readonly body: Uint8Array;
}

export interface OffsetRange {
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** Where this thread stopped reading a log: the tail is read often, and always from there. */
const places = new Map<string, { readonly offset: number; readonly base: number; readonly byte: number }>();

/**
 * Frames with an event in the range, in order; the first may begin before it.
 * Throws a JournalError of kind `corrupt` when a frame in the range is damaged or missing.
 */
export function* readFrames(journalDir: string, log: string, { fromOffset, toOffset }: OffsetRange): Generator<Frame> {
  if (fromOffset >= toOffset) return;
  const directory = join(journalDir, log);
  const bases = segmentBases(readdirSync(directory));
  const place = places.get(directory);
  const known = place !== undefined && place.offset === fromOffset && bases.includes(place.base) ? place : null;
  const start = known?.base ?? bases.filter((base) => base <= fromOffset).at(-1);
  if (start === undefined) throw damaged(log, directory, 0, fromOffset);
  let next = fromOffset;
  for (const base of bases.filter((candidate) => candidate >= start)) {
    if (base >= toOffset) return;
    const path = join(directory, segmentName(base));
    const cursor = { byte: base === known?.base ? known.byte : 0, offset: base === known?.base ? known.offset : base };
    for (const frame of readSegment(path, log, cursor, fromOffset, toOffset)) {
      yield frame;
      next = frame.offset + frame.count;
      places.set(directory, { offset: next, base, byte: cursor.byte });
    }
    next = Math.max(next, cursor.offset);
    if (next >= toOffset) return;
  }
  throw damaged(log, directory, 0, next);
}

/** Moves `cursor` past each frame before it is yielded. Returns at the end of the segment. */
function* readSegment(
  path: string,
  log: string,
  cursor: { byte: number; offset: number },
  fromOffset: number,
  toOffset: number,
): Generator<Frame> {
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    let chunk = Buffer.alloc(0);
    let chunkStart = cursor.byte;
    const load = (bytes: number): boolean => {
      if (cursor.byte - chunkStart + bytes <= chunk.length) return true;
      if (cursor.byte + bytes > size) return false;
      chunk = Buffer.allocUnsafeSlow(Math.min(size - cursor.byte, Math.max(bytes, CHUNK_BYTES)));
      chunkStart = cursor.byte;
      for (let read = 0; read < chunk.length; ) {
        const got = readSync(fd, chunk, read, chunk.length - read, chunkStart + read);
        if (got === 0) return false;
        read += got;
      }
      return true;
    };
    while (cursor.offset < toOffset && load(HEADER_BYTES)) {
      const at = cursor.byte - chunkStart;
      const header = readHeader(chunk, at);
      if (header === null || header.offset !== cursor.offset) throw damaged(log, path, cursor.byte, cursor.offset);
      const end = cursor.offset + header.count;
      const wanted = header.count > 0 && end > fromOffset;
      if (wanted) {
        if (!load(frameBytes(header))) throw damaged(log, path, cursor.byte, cursor.offset);
        const start = cursor.byte - chunkStart;
        if (!isBodyIntact(chunk, start, header)) throw damaged(log, path, cursor.byte, cursor.offset);
        const body = bodyOf(chunk, start, header);
        cursor.byte += frameBytes(header);
        cursor.offset = end;
        yield { kind: header.kind, offset: header.offset, count: header.count, body };
        continue;
      }
      cursor.byte += frameBytes(header);
      cursor.offset = end;
    }
  } finally {
    closeSync(fd);
  }
}

function damaged(log: string, file: string, byte: number, offset: number): JournalError {
  return new JournalError(
    { kind: 'corrupt', log, file, byte, offset },
    `The log ${log} can't be read at offset ${offset} (${file}, byte ${byte}): the frame there is damaged or missing. ` +
      'Nothing was changed. Restore the file from a backup.',
  );
}

/**
 * Offset after the last whole frame of a log, for a reader that holds the directory's lock while no writer runs.
 * 0 for a log without segments.
 */
export function endOfLog(journalDir: string, log: string): number {
  const directory = join(journalDir, log);
  const base = segmentBases(readdirSync(directory)).at(-1);
  if (base === undefined) return 0;
  const { nextOffset, tail, validBytes } = scanSegment(readFileSync(join(directory, segmentName(base))), base, 0);
  if (tail === 'corrupt') throw damaged(log, join(directory, segmentName(base)), validBytes, nextOffset);
  return nextOffset;
}
