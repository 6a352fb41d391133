/**
 * Reading the frames of a log on this machine's disk, from any thread and without a lock: in order, checked, in bounded
 * memory. The caller bounds the read by the durable offset, so an event that could still be taken back is never seen.
 */
import { join } from 'node:path';
import { hasCode } from '../error-code.ts';
import { openSegment } from './away.ts';
import type { OffsetRange } from './commit-reader.ts';
import { JournalError } from './error.ts';
import { bodyOf, frameBytes, HEADER_BYTES, isBodyIntact, readHeader } from './frame.ts';
import { segmentBases, segmentName } from './segment.ts';
import { type IndexEntry, noteFrame, readIndex } from './segment-index.ts';
import { nodeSyncFs, type OpenFile, type SyncFs } from './sync-fs.ts';

export interface Frame {
  readonly kind: number;
  /** Offset of its first event. */
  readonly offset: number;
  readonly count: number;
  /** One past its last event. */
  readonly endOffset: number;
  /** Stays valid, unless the read was given memory to use again. */
  readonly body: Uint8Array;
}

const CHUNK_BYTES = 1024 * 1024;
/** The first chunk of a read is small, so that a caller who wants one frame does not wait for many. */
const FIRST_CHUNK_BYTES = 64 * 1024;
/** A chunk that grew beyond this for a large frame is given back. */
const KEPT_BYTES = 4 * CHUNK_BYTES;

/**
 * Memory for chunks, which a caller lends when it is done with a frame before it asks for the next. Only a collection
 * of the whole heap gives memory off the heap back, so a new chunk costs more than what is read into it.
 */
export interface ChunkMemory {
  /** Null while a read uses it. A second read then has memory of its own. */
  chunk: Buffer<ArrayBuffer> | null;
}

export function chunkMemory(): ChunkMemory {
  return { chunk: Buffer.alloc(0) };
}

interface Place {
  readonly offset: number;
  readonly base: number;
  readonly byte: number;
}

/**
 * Where readers in this thread stopped, by disk and log, the latest first. The end of a log is read often, and mostly
 * from where a reader stopped.
 */
const places = new WeakMap<SyncFs, Map<string, readonly Place[]>>();
/** How many places a log keeps: as many as readers usually follow it. */
const MAX_PLACES = 4;

function placesOn(fs: SyncFs): Map<string, readonly Place[]> {
  const known = places.get(fs) ?? new Map<string, readonly Place[]>();
  places.set(fs, known);
  return known;
}

/** Offset of the first event that is kept: more than 0 once old segments were pruned. */
export function startOfLog(journalDir: string, log: string, fs: SyncFs = nodeSyncFs): number {
  return basesOf(fs, join(journalDir, log))[0] ?? 0;
}

/** Where the segments of a log begin; none of a log that does not exist. */
export function basesOf(fs: SyncFs, directory: string): number[] {
  try {
    return segmentBases(fs.list(directory));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * Frames with an event in the range, in order; the first may begin before it.
 * Throws a JournalError of kind `corrupt` when a frame in the range is damaged or missing; of kind `away` when the segment of the
 * next one has to be fetched.
 */
export function* readFrames(
  journalDir: string,
  log: string,
  range: OffsetRange,
  fs: SyncFs = nodeSyncFs,
  memory: ChunkMemory = { chunk: null },
): Generator<Frame> {
  if (range.fromOffset >= range.toOffset) return;
  const kept = memory.chunk;
  if (kept === null) return yield* framesOf(journalDir, log, range, fs, Buffer.allocUnsafeSlow);
  memory.chunk = null;
  let chunk = kept;
  const newChunk = (bytes: number): Buffer<ArrayBuffer> => {
    if (chunk.length < bytes) chunk = Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
    return chunk.subarray(0, bytes);
  };
  try {
    yield* framesOf(journalDir, log, range, fs, newChunk);
  } finally {
    memory.chunk = chunk.length <= KEPT_BYTES ? chunk : kept;
  }
}

function* framesOf(
  journalDir: string,
  log: string,
  { fromOffset, toOffset }: OffsetRange,
  fs: SyncFs,
  newChunk: (bytes: number) => Buffer<ArrayBuffer>,
): Generator<Frame> {
  const directory = join(journalDir, log);
  const bases = basesOf(fs, directory);
  const stopped = placesOn(fs);
  const others = stopped.get(directory) ?? [];
  const known = others.find(({ offset, base }) => offset === fromOffset && bases.includes(base)) ?? null;
  const rest = others.filter((place) => place !== known).slice(0, MAX_PLACES - 1);
  const start = known?.base ?? bases.filter((base) => base <= fromOffset).at(-1);
  if (start === undefined) throw damaged(log, directory, 0, fromOffset, toOffset);
  let next = fromOffset;
  let reached = start;
  for (const base of bases.filter((candidate) => candidate >= start)) {
    const path = join(directory, segmentName(base));
    // Each segment begins where the one before ended. A gap is a segment, or the end of one, that is gone.
    if (base !== start && base !== reached) throw damaged(log, path, 0, reached, base);
    const cursor = { byte: base === known?.base ? known.byte : 0, offset: base === known?.base ? known.offset : base };
    for (const frame of readSegment({ fs, path, log, newChunk }, cursor, fromOffset, toOffset)) {
      yield frame;
      next = frame.endOffset;
      stopped.set(directory, [{ offset: next, base, byte: cursor.byte }, ...rest]);
    }
    reached = cursor.offset;
    next = Math.max(next, cursor.offset);
    if (next >= toOffset) return;
  }
  throw damaged(log, directory, 0, next, toOffset);
}

interface OpenSegment {
  readonly fs: SyncFs;
  readonly path: string;
  readonly log: string;
  newChunk(bytes: number): Buffer<ArrayBuffer>;
}

/** Moves `cursor` past each frame before it is yielded. Returns at the end of the segment. */
function* readSegment(
  { fs, path, log, newChunk }: OpenSegment,
  cursor: { byte: number; offset: number },
  fromOffset: number,
  toOffset: number,
): Generator<Frame> {
  const file = openSegment(fs, path);
  try {
    const { size } = file;
    let chunk = Buffer.alloc(0);
    let chunkStart = cursor.byte;
    let ahead = FIRST_CHUNK_BYTES;
    const load = (bytes: number): boolean => {
      if (cursor.byte - chunkStart + bytes <= chunk.length) return true;
      if (cursor.byte + bytes > size) return false;
      chunk = newChunk(Math.min(size - cursor.byte, Math.max(bytes, ahead)));
      ahead = Math.min(CHUNK_BYTES, ahead * 4);
      chunkStart = cursor.byte;
      for (let read = 0; read < chunk.length; ) {
        const got = file.read(chunk, read, chunk.length - read, chunkStart + read);
        if (got === 0) return false;
        read += got;
      }
      return true;
    };
    if (fromOffset - cursor.offset > 0) jump(fs, file, path, cursor, fromOffset);
    chunkStart = cursor.byte;
    while (cursor.offset < toOffset && load(HEADER_BYTES)) {
      const at = cursor.byte - chunkStart;
      const header = readHeader(chunk, at);
      if (header === null || header.offset !== cursor.offset)
        throw damaged(log, path, cursor.byte, cursor.offset, toOffset);
      const end = cursor.offset + header.count;
      if (header.count > 0 && end <= fromOffset) {
        notePassed(fs, path, cursor);
        cursor.byte += frameBytes(header);
        cursor.offset = end;
        continue;
      }
      const whole = load(frameBytes(header));
      const start = cursor.byte - chunkStart;
      if (!whole || !isBodyIntact(chunk, start, header)) throw damaged(log, path, cursor.byte, cursor.offset, end);
      cursor.byte += frameBytes(header);
      cursor.offset = end;
      if (header.count === 0) continue;
      const { kind, offset, count } = header;
      yield { kind, offset, count, endOffset: end, body: bodyOf(chunk, start, header) };
    }
  } finally {
    file.close();
  }
}

/**
 * Frames that readers in this thread have passed in a segment without an index, about one every 64 KiB. A later reader
 * that looks for an offset of the open segment begins there. An entry only says where to look, as an index does.
 */
const passedOn = new WeakMap<SyncFs, Map<string, IndexEntry[]>>();
/** How many segments have their passed frames kept. */
const MAX_PASSED = 64;
/** Within so many events of the offset an index knows no nearer frame. */
const NEAR_EVENTS = 65_536;

function notePassed(
  fs: SyncFs,
  path: string,
  { byte, offset }: { readonly byte: number; readonly offset: number },
): void {
  const segments = passedOn.get(fs) ?? new Map<string, IndexEntry[]>();
  passedOn.set(fs, segments);
  let entries = segments.get(path);
  if (entries === undefined) {
    const [oldest] = segments.keys();
    if (segments.size >= MAX_PASSED && oldest !== undefined) segments.delete(oldest);
    entries = [];
    segments.set(path, entries);
  }
  if (byte > (entries.at(-1)?.byte ?? 0)) noteFrame(entries, offset, byte);
}

/** Moves `cursor` by the segment's index to a frame before the offset. A wrong index moves it nowhere. */
function jump(
  fs: SyncFs,
  file: OpenFile,
  path: string,
  cursor: { byte: number; offset: number },
  fromOffset: number,
): void {
  const isBefore = ({ offset }: IndexEntry): boolean => offset <= fromOffset;
  const passed = passedOn.get(fs)?.get(path)?.findLast(isBefore);
  const entry =
    passed !== undefined && fromOffset - passed.offset < NEAR_EVENTS
      ? passed
      : (readIndex(fs, path).findLast(isBefore) ?? passed);
  if (entry === undefined || entry.offset <= cursor.offset) return;
  const bytes = Buffer.alloc(HEADER_BYTES);
  if (file.read(bytes, 0, HEADER_BYTES, entry.byte) < HEADER_BYTES) return;
  if (readHeader(bytes, 0)?.offset !== entry.offset) return;
  cursor.byte = entry.byte;
  cursor.offset = entry.offset;
}

function damaged(log: string, file: string, byte: number, offset: number, toOffset: number): JournalError {
  return new JournalError(
    { kind: 'corrupt', log, file, byte, offset, toOffset: Math.max(offset, toOffset) },
    `The log ${log} can't be read at offset ${offset} (${file}, byte ${byte}): the frame there is damaged or missing. ` +
      'Nothing was changed. Restore the file from a backup.',
  );
}
