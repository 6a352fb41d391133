/**
 * One partition's log: appends in order, durable by group commit, in segments.
 *
 * One group is in flight: everything that came while the last one was syncing is written together, then synced once,
 * then acknowledged. A failed sync is fatal: which pages reached the disk is unknown, so nothing is acknowledged after
 * it and recovery decides. A full disk is not: what the group left behind is cut off and the next append tries again.
 */
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { JournalError } from './error.ts';
import { frameBuffers, SEGMENT_FOOTER, SEGMENT_HEADER } from './frame.ts';
import { type File, type Fs, isErrno } from './fs.ts';
import { type SegmentSeal, segmentName } from './segment.ts';

/** `fsync` acknowledges what is on the disk; `os` what the operating system has, which a power cut can take back. */
export type Durability = 'fsync' | 'os';

export interface Log {
  readonly name: string;
  /** Offset of the next appended event, those in flight counted. */
  nextOffset(): number;
  /** Events below this offset are durable. */
  durableOffset(): number;
  /** Bytes that wait for the disk. */
  queuedBytes(): number;
  sizeBytes(): number;
  /**
   * Writes the parts, one after another, as one frame of `count` events. Resolves with the first one's offset once it
   * is durable. Calls take effect in order; when one is rejected, so are all that wait behind it.
   */
  append(kind: number, count: number, parts: readonly Uint8Array[]): Promise<number>;
  onDurable(listener: (durableOffset: number) => void): () => void;
  /** Waits for what is in flight, and notes where the log ends. */
  close(): Promise<void>;
}

/** Where a log stands after recovery. */
export interface LogStart {
  readonly directory: string;
  readonly nextOffset: number;
  readonly sizeBytes: number;
  /** The segment to go on with, or null to start a new one. */
  readonly segment: { readonly base: number; readonly salt: number; readonly bytes: Buffer } | null;
}

export interface LogOptions {
  readonly fs: Fs;
  readonly durability: Durability;
  readonly segmentBytes: number;
  /** A fresh number from 0 to 2^32 − 1 for each segment. */
  readonly salt: () => number;
  readonly onFatal: (error: JournalError) => void;
}

interface Pending {
  readonly kind: number;
  readonly count: number;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly offset: number;
  resolve(offset: number): void;
  reject(error: JournalError): void;
}

interface Segment {
  readonly path: string;
  readonly base: number;
  readonly salt: number;
  readonly file: File;
  readonly hash: Hash;
  bytes: number;
}

/** Bytes that one group writes at most; the rest waits for the next. */
const MAX_GROUP_BYTES = 8 * 1024 * 1024;
/** File that names the offset at which a log was closed: a witness against a truncated tail. */
export const HEAD_FILE = 'HEAD';

export async function openLog(name: string, start: LogStart, options: LogOptions): Promise<Log> {
  const { fs, durability, segmentBytes } = options;
  const { directory } = start;
  let queue: Pending[] = [];
  let queuedBytes = 0;
  let nextOffset = start.nextOffset;
  let durableOffset = start.nextOffset;
  let totalBytes = start.sizeBytes;
  let flushing: Promise<void> | null = null;
  let broken: JournalError | null = null;
  let segment = start.segment === null ? null : await continueSegment(fs, directory, start.segment);
  const listeners = new Set<(durableOffset: number) => void>();

  async function currentSegment(): Promise<Segment> {
    if (segment !== null && segment.bytes < segmentBytes) return segment;
    if (segment !== null) await seal(segment);
    segment = null;
    segment = await createSegment(fs, directory, durableOffset, options.salt());
    totalBytes += segment.bytes;
    return segment;
  }

  async function seal(old: Segment): Promise<void> {
    const seal: SegmentSeal = {
      firstOffset: old.base,
      nextOffset: durableOffset,
      sha256: old.hash.copy().digest('hex'),
    };
    const footer = frameBuffers({
      kind: SEGMENT_FOOTER,
      count: 0,
      offset: durableOffset,
      durableBytes: old.bytes,
      salt: old.salt,
      parts: [Buffer.from(JSON.stringify(seal))],
    });
    const written = await writeAll(old.file, footer, old.bytes);
    await old.file.datasync();
    await old.file.close();
    totalBytes += written;
  }

  function takeGroup(): Pending[] {
    let bytes = 0;
    let size = 0;
    while (size < queue.length && (size === 0 || bytes < MAX_GROUP_BYTES)) bytes += queue[size++]?.bytes ?? 0;
    const group = queue.slice(0, size);
    queue = queue.slice(size);
    return group;
  }

  /** Everything that waits depends on the offsets before it, so it is refused along with what failed. */
  function refuse(group: readonly Pending[], error: JournalError): void {
    const refused = [...group, ...queue];
    queue = [];
    queuedBytes = 0;
    nextOffset = durableOffset;
    for (const pending of refused) pending.reject(error);
  }

  async function writeGroup(group: readonly Pending[]): Promise<void> {
    let target: Segment | null = null;
    let syncing = false;
    let before = 0;
    try {
      target = await currentSegment();
      before = target.bytes;
      const { salt } = target;
      const buffers = group.flatMap(({ kind, count, offset, parts }) =>
        frameBuffers({ kind, count, offset, durableBytes: before, salt, parts }),
      );
      const written = await writeAll(target.file, buffers, before);
      if (durability === 'fsync') {
        syncing = true;
        await target.file.datasync();
      }
      for (const buffer of buffers) target.hash.update(buffer);
      target.bytes += written;
      totalBytes += written;
    } catch (error) {
      const file = target?.path ?? join(directory, segmentName(durableOffset));
      if (isErrno(error, 'ENOSPC') && !syncing && (target === null || (await cutBack(target, before)))) {
        throw new JournalError(
          { kind: 'no-space', log: name, file },
          `The disk is full: ${file} could not grow. Nothing that was acknowledged is lost. Free some space.`,
          error,
        );
      }
      throw new JournalError(
        { kind: 'io', log: name, file },
        `${syncing ? 'Syncing' : 'Writing'} ${file} failed (${messageOf(error)}). Stopping: only what is on the disk counts now.`,
        error,
      );
    }
    for (const { count, bytes } of group) {
      durableOffset += count;
      queuedBytes -= bytes;
    }
  }

  async function flush(): Promise<void> {
    // Everything that is appended in this turn of the event loop goes into the first group.
    await null;
    while (queue.length > 0 && broken === null) {
      const group = takeGroup();
      try {
        await writeGroup(group);
      } catch (error) {
        const failure = error instanceof JournalError ? error : unexpected(name, directory, error);
        if (failure.fault.kind !== 'no-space') {
          broken = failure;
          options.onFatal(failure);
        }
        refuse(group, failure);
        continue;
      }
      for (const pending of group) pending.resolve(pending.offset);
      for (const listener of listeners) listener(durableOffset);
    }
    flushing = null;
  }

  return {
    name,
    nextOffset: () => nextOffset,
    durableOffset: () => durableOffset,
    queuedBytes: () => queuedBytes,
    sizeBytes: () => totalBytes,
    append(kind, count, parts) {
      if (broken !== null) return Promise.reject(broken);
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      const offset = nextOffset;
      nextOffset += count;
      queuedBytes += bytes;
      const appended = new Promise<number>((resolve, reject) => {
        queue.push({ kind, count, parts, bytes, offset, resolve, reject });
      });
      flushing ??= flush();
      return appended;
    },
    onDurable(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      while (flushing !== null) await flushing;
      const closing = broken === null;
      broken ??= new JournalError({ kind: 'closed', log: name }, `The log ${name} is closed`);
      if (segment === null) return;
      const open = segment;
      segment = null;
      if (closing) await open.file.datasync();
      await open.file.close();
      if (closing) await writeHead(fs, directory, durableOffset);
    },
  };
}

async function continueSegment(fs: Fs, directory: string, start: NonNullable<LogStart['segment']>): Promise<Segment> {
  const path = join(directory, segmentName(start.base));
  const hash = createHash('sha256').update(start.bytes);
  return {
    path,
    base: start.base,
    salt: start.salt,
    file: await fs.openForAppend(path),
    hash,
    bytes: start.bytes.length,
  };
}

async function createSegment(fs: Fs, directory: string, base: number, salt: number): Promise<Segment> {
  const path = join(directory, segmentName(base));
  const file = await fs.create(path);
  try {
    const buffers = frameBuffers({ kind: SEGMENT_HEADER, count: 0, offset: base, durableBytes: 0, salt, parts: [] });
    const bytes = await writeAll(file, buffers, 0);
    await file.datasync();
    await fs.syncDirectory(directory);
    const hash = createHash('sha256');
    for (const buffer of buffers) hash.update(buffer);
    return { path, base, salt, file, hash, bytes };
  } catch (error) {
    await file.close().catch(() => {});
    await fs.unlink(path).catch(() => {});
    throw error;
  }
}

/** Writes until all is written: a write on a filling disk may take a part and report no error. */
async function writeAll(file: File, buffers: readonly Uint8Array[], position: number): Promise<number> {
  let rest = buffers;
  let total = 0;
  while (rest.length > 0) {
    let written = await file.write(rest, position + total);
    total += written;
    let whole = 0;
    while (whole < rest.length && written >= (rest[whole]?.byteLength ?? 0)) written -= rest[whole++]?.byteLength ?? 0;
    rest = rest.slice(whole);
    const [torn] = rest;
    if (torn !== undefined && written > 0) rest = [torn.subarray(written), ...rest.slice(1)];
  }
  return total;
}

/** Whether what a failed group left behind could be cut off again. */
async function cutBack(segment: Segment, bytes: number): Promise<boolean> {
  try {
    await segment.file.truncate(bytes);
    return true;
  } catch {
    return false;
  }
}

async function writeHead(fs: Fs, directory: string, nextOffset: number): Promise<void> {
  const temporary = join(directory, `${HEAD_FILE}.${nextOffset}.tmp`);
  await fs.unlink(temporary).catch(() => {});
  const file = await fs.create(temporary);
  await writeAll(file, [Buffer.from(String(nextOffset))], 0);
  await file.datasync();
  await file.close();
  await fs.rename(temporary, join(directory, HEAD_FILE));
  await fs.syncDirectory(directory);
}

function unexpected(log: string, directory: string, error: unknown): JournalError {
  return new JournalError({ kind: 'io', log, file: directory }, `The log ${log} failed: ${messageOf(error)}`, error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
