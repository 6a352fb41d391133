/**
 * One partition's log: appends in order, durable by group commit, in segments.
 *
 * One group is in flight: everything that came while the last one was syncing is written together, then synced once,
 * then acknowledged. A failed sync is fatal: which pages reached the disk is unknown, so nothing is acknowledged after
 * it and recovery decides. A full disk is not: what the group left behind is cut off and the next append tries again.
 */
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { JournalError, messageOf } from './error.ts';
import { frameBuffers, isReservedKind, MAX_BODY_BYTES } from './frame.ts';
import { type Fs, isNoSpace } from './fs.ts';
import { writeHead } from './head.ts';
import { segmentName } from './segment.ts';
import { continueSegment, createSegment, type SegmentFile, type SegmentStart, sealSegment } from './segment-file.ts';
import { syncOrFail, writeAll } from './write.ts';

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
   * is durable. Calls take effect in order; when one fails on its way to the disk, so do all that wait behind it. One
   * that is `invalid` or finds the queue full takes no offset. No events and no bytes: resolves, and writes nothing.
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
  readonly segment: SegmentStart | null;
}

export interface LogOptions {
  readonly fs: Fs;
  readonly clock: Clock;
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

/** Bytes that one group writes at most; the rest waits for the next. */
const MAX_GROUP_BYTES = 8 * 1024 * 1024;
/** Bytes that may wait for the disk: two of the largest frames. Who appends faster is told so. */
export const MAX_QUEUED_BYTES = 2 * MAX_BODY_BYTES;
/** How far the witness HEAD may lag behind a log that grows. */
export const HEAD_EVERY_MS = 5_000;

export async function openLog(name: string, start: LogStart, options: LogOptions): Promise<Log> {
  const { fs, clock, durability, segmentBytes } = options;
  const { directory } = start;
  let queue: Pending[] = [];
  let queuedBytes = 0;
  let nextOffset = start.nextOffset;
  let durableOffset = start.nextOffset;
  let totalBytes = start.sizeBytes;
  let flushing: Promise<void> | null = null;
  let broken: JournalError | null = null;
  let segment = start.segment === null ? null : await continueSegment(fs, directory, start.segment);
  let cancelHead: (() => void) | null = null;
  let writingHead: Promise<void> = Promise.resolve();
  const listeners = new Set<(durableOffset: number) => void>();

  async function currentSegment(): Promise<SegmentFile> {
    if (segment !== null && segment.bytes < segmentBytes) return segment;
    if (segment !== null) {
      const old = segment;
      try {
        totalBytes += await sealSegment(name, old, durableOffset);
      } catch (error) {
        throw isNoSpace(error) ? await noSpace(old, error) : error;
      }
    }
    segment = null;
    segment = await createSegment(fs, name, directory, durableOffset, options.salt());
    totalBytes += segment.bytes;
    return segment;
  }

  /** Only `os` has no use for HEAD while it runs: after a power cut it would lead the log. */
  function scheduleHead(): void {
    if (durability !== 'fsync' || cancelHead !== null) return;
    cancelHead = clock.after(HEAD_EVERY_MS, () => {
      cancelHead = null;
      // A witness that can't be written is no witness; the log itself does not need it.
      if (broken === null) writingHead = writeHead(fs, directory, durableOffset).catch(() => {});
    });
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

  /** Cuts a failed write off again; the log stays usable only when that worked. */
  async function noSpace(target: SegmentFile, error: unknown): Promise<JournalError> {
    try {
      await target.file.truncate(target.bytes);
    } catch (failure) {
      return writeFailed(name, target.path, failure);
    }
    return diskFull(name, target.path, error);
  }

  async function writeGroup(group: readonly Pending[]): Promise<void> {
    const target = await currentSegment();
    const { salt, bytes: durableBytes } = target;
    const buffers = group.flatMap(({ kind, count, offset, parts }) =>
      frameBuffers({ kind, count, offset, durableBytes, salt, parts }),
    );
    let written: number;
    try {
      written = await writeAll(target.file, buffers, durableBytes);
    } catch (error) {
      throw isNoSpace(error) ? await noSpace(target, error) : error;
    }
    const synced = durability === 'fsync' ? syncOrFail(name, target.path, () => target.file.datasync()) : null;
    for (const buffer of buffers) target.hash.update(buffer);
    await synced;
    target.bytes += written;
    totalBytes += written;
    for (const { count, bytes } of group) {
      durableOffset += count;
      queuedBytes -= bytes;
    }
  }

  function failureOf(error: unknown): JournalError {
    if (error instanceof JournalError) return error;
    const file = segment?.path ?? join(directory, segmentName(durableOffset));
    return isNoSpace(error) ? diskFull(name, file, error) : writeFailed(name, file, error);
  }

  async function flush(): Promise<void> {
    // Everything that is appended in this turn of the event loop goes into the first group.
    await null;
    try {
      while (queue.length > 0 && broken === null) {
        const group = takeGroup();
        try {
          await writeGroup(group);
        } catch (error) {
          const failure = failureOf(error);
          if (failure.kind !== 'no-space') {
            broken = failure;
            options.onFatal(failure);
          }
          refuse(group, failure);
          continue;
        }
        for (const pending of group) pending.resolve(pending.offset);
        scheduleHead();
        for (const listener of listeners) listener(durableOffset);
      }
    } finally {
      flushing = null;
    }
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
      if (count === 0 && bytes === 0) return Promise.resolve(nextOffset);
      const refused = refusal(name, kind, count, bytes, queuedBytes, nextOffset);
      if (refused !== null) return Promise.reject(refused);
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
      cancelHead?.();
      await writingHead;
      if (segment === null) return;
      const { file, path } = segment;
      segment = null;
      try {
        if (closing) await syncOrFail(name, path, () => file.datasync());
      } finally {
        await file.close();
      }
      if (closing) await writeHead(fs, directory, durableOffset);
    },
  };
}

/** What is wrong with an append before it takes an offset. */
function refusal(
  log: string,
  kind: number,
  count: number,
  bytes: number,
  queuedBytes: number,
  nextOffset: number,
): JournalError | null {
  const invalid = (what: string): JournalError =>
    new JournalError({ kind: 'invalid', log }, `An append to ${log} was refused: ${what}. Nothing was written.`);
  if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) return invalid(`kind ${kind} is not from 0 to 255`);
  if (isReservedKind(kind)) return invalid(`kind ${kind} is the journal's own`);
  if (!Number.isInteger(count) || count < 1 || count > 0xffff_ffff)
    return invalid(`it has ${count} events, not 1 or more`);
  if (!Number.isSafeInteger(nextOffset + count)) return invalid('the log has no offsets left');
  if (bytes > MAX_BODY_BYTES) return invalid(`its ${bytes} bytes are more than the ${MAX_BODY_BYTES} of a frame`);
  if (queuedBytes + bytes <= MAX_QUEUED_BYTES) return null;
  return new JournalError(
    { kind: 'queue-full', log, queuedBytes },
    `${queuedBytes} bytes wait for the disk in ${log}, and at most ${MAX_QUEUED_BYTES} may. Append again when some are durable.`,
  );
}

function diskFull(log: string, file: string, error: unknown): JournalError {
  return new JournalError(
    { kind: 'no-space', log, file },
    `The disk is full: ${file} could not grow. Nothing that was acknowledged is lost. Free some space.`,
    error,
  );
}

function writeFailed(log: string, file: string, error: unknown): JournalError {
  return new JournalError(
    { kind: 'io', log, file },
    `Writing ${file} failed (${messageOf(error)}). Stopping: only what is on the disk counts now.`,
    error,
  );
}
