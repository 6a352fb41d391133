/**
 * One partition's log: appends in order, durable by group commit, in segments.
 *
 * One group is in flight: everything that came while the previous group was syncing is written together, then synced once,
 * then acknowledged. A failed sync is fatal: nobody knows which pages reached the disk, so nothing is acknowledged after
 * it, and recovery decides. A full disk is not fatal: the partly written group is cut off and stays first in the queue,
 * and the log goes on by itself once a write succeeds.
 */
import { join } from 'node:path';
import { refusal } from './admission.ts';
import { closedError, isTransient, type JournalError, writeError } from './error.ts';
import { frameBuffers } from './frame.ts';
import { type Fs, isNoSpace } from './fs.ts';
import { keepHead, writeHead } from './head.ts';
import { segmentName } from './segment.ts';
import { continueSegment, createSegment, type SegmentFile, type SegmentStart, sealSegment } from './segment-file.ts';
import { noteFrame, writeIndex } from './segment-index.ts';
import type { Timer } from './timer.ts';
import { syncOrFail, writeAll } from './write.ts';

/** `fsync` acknowledges what is on the disk; `os` what the operating system has: a power cut can take it back. */
export type Durability = 'fsync' | 'os';

export type LogState =
  | { readonly kind: 'open' }
  /** The disk is full, or no file can be opened: appends wait, and nothing is acknowledged until a write succeeds. */
  | { readonly kind: 'stalled'; readonly error: JournalError }
  | { readonly kind: 'failed' | 'closed'; readonly error: JournalError };

export interface Log {
  readonly name: string;
  state(): LogState;
  /** Offset of the next appended event, counting those in flight. */
  nextOffset(): number;
  /** Events below this offset are durable. */
  durableOffset(): number;
  /** Bytes that wait for the disk. */
  queuedBytes(): number;
  sizeBytes(): number;
  /**
   * Writes the parts, one after another, as one frame of `count` events. Resolves with the first event's offset once the
   * frame is durable. Calls take effect in order, and wait while the log is stalled. When a call fails for good, so do all
   * that wait behind it. A call that is `invalid` or finds the queue full takes no offset. A call without events and bytes
   * resolves and writes nothing.
   */
  append(kind: number, count: number, parts: readonly Uint8Array[]): Promise<number>;
  onDurable(listener: (durableOffset: number) => void): () => void;
  /** Resolves once everything below durableOffset() is on the disk: at once, but for `os`. */
  sync(): Promise<void>;
  /** Waits for the group in flight, and notes where the log ends. A stalled log refuses what waits. */
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
  readonly timer: Timer;
  readonly durability: Durability;
  readonly segmentBytes: number;
  /** A fresh number from 0 to 2^32 − 1 for each segment. */
  readonly salt: () => number;
  readonly onState: (state: LogState) => void;
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
/** How often a stalled log tries again. */
const RETRY_EVERY_MS = 1_000;

export async function openLog(name: string, start: LogStart, options: LogOptions): Promise<Log> {
  const { fs, timer, durability, segmentBytes } = options;
  const { directory } = start;
  let queue: Pending[] = [];
  let queuedBytes = 0;
  let nextOffset = start.nextOffset;
  let durableOffset = start.nextOffset;
  let totalBytes = start.sizeBytes;
  let flushing: Promise<void> | null = null;
  let state: LogState = { kind: 'open' };
  let closing = false;
  let wake = (): void => {};
  let syncs: { resolve(): void; reject(error: JournalError): void }[] = [];
  let segment = start.segment === null ? null : await continueSegment(fs, directory, start.segment);
  const head = keepHead(fs, timer, directory, () => (state.kind === 'open' ? durableOffset : null));
  const listeners = new Set<(durableOffset: number) => void>();

  function become(next: LogState): void {
    if (next.kind === state.kind) return;
    state = next;
    options.onState(next);
  }

  async function currentSegment(): Promise<SegmentFile> {
    if (segment !== null && segment.bytes < segmentBytes) return segment;
    if (segment !== null) {
      const old = segment;
      try {
        totalBytes += await sealSegment(name, old, durableOffset);
      } catch (error) {
        throw await cutBack(old, error);
      }
      await writeIndex(fs, old.path, old.index);
    }
    segment = null;
    segment = await createSegment(fs, name, directory, durableOffset, options.salt());
    totalBytes += segment.bytes;
    return segment;
  }

  function takeGroup(): Pending[] {
    let bytes = 0;
    let size = 0;
    while (size < queue.length && (size === 0 || bytes < MAX_GROUP_BYTES)) bytes += queue[size++]?.bytes ?? 0;
    const group = queue.slice(0, size);
    queue = queue.slice(size);
    return group;
  }

  /** Refuses a group and everything that waits behind it, since later offsets depend on it. */
  function refuse(group: readonly Pending[], error: JournalError): void {
    const refused = [...group, ...queue];
    queue = [];
    queuedBytes = 0;
    nextOffset = durableOffset;
    for (const pending of refused) pending.reject(error);
  }

  /** Cuts off a partly written group. Only when that works can the group be tried again. */
  async function cutBack(target: SegmentFile, error: unknown): Promise<unknown> {
    if (!isNoSpace(error)) return error;
    try {
      await target.file.truncate(target.bytes);
      return error;
    } catch (failure) {
      return failure;
    }
  }

  async function writeGroup(group: readonly Pending[]): Promise<void> {
    const target = await currentSegment();
    const { salt, bytes: start, durableBytes } = target;
    const buffers = group.flatMap(({ kind, count, offset, parts }) =>
      frameBuffers({ kind, count, offset, durableBytes, salt, parts }),
    );
    let written: number;
    try {
      written = await writeAll(target.file, buffers, start);
    } catch (error) {
      throw await cutBack(target, error);
    }
    const synced = durability === 'fsync' ? syncOrFail(name, target.path, () => target.file.datasync()) : null;
    for (const buffer of buffers) target.hash.update(buffer);
    await synced;
    if (group[0] !== undefined) noteFrame(target.index, group[0].offset, start);
    target.bytes += written;
    if (synced !== null) target.durableBytes = target.bytes;
    totalBytes += written;
    for (const { count, bytes } of group) {
      durableOffset += count;
      queuedBytes -= bytes;
    }
  }

  async function syncSegment(): Promise<void> {
    const waiting = syncs;
    syncs = [];
    const target = segment;
    try {
      if (target !== null) {
        await syncOrFail(name, target.path, () => target.file.datasync());
        target.durableBytes = target.bytes;
      }
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      const failure = writeError(name, target?.path ?? directory, error);
      for (const { reject } of waiting) reject(failure);
      throw failure;
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = timer.after(RETRY_EVERY_MS, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** After a passing error puts the group back in front and waits; after any other refuses everything. */
  async function afterFailure(group: readonly Pending[], error: unknown): Promise<void> {
    const failure = writeError(name, segment?.path ?? join(directory, segmentName(durableOffset)), error);
    if (!isTransient(failure)) become({ kind: 'failed', error: failure });
    else if (!closing) {
      queue = [...group, ...queue];
      become({ kind: 'stalled', error: failure });
      return pause();
    }
    refuse(group, failure);
  }

  async function flush(): Promise<void> {
    // The first group has everything that is appended in this turn of the event loop.
    await null;
    try {
      while ((queue.length > 0 || syncs.length > 0) && state.kind !== 'failed') {
        const group = takeGroup();
        try {
          if (syncs.length > 0) await syncSegment();
          if (group.length > 0) await writeGroup(group);
        } catch (error) {
          await afterFailure(group, error);
          continue;
        }
        if (group.length === 0) continue;
        become({ kind: 'open' });
        for (const pending of group) pending.resolve(pending.offset);
        // Under `os` a power cut could take back what HEAD vouches for.
        if (durability === 'fsync') head.grown();
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
    state: () => state,
    append(kind, count, parts) {
      if (state.kind === 'failed' || state.kind === 'closed') return Promise.reject(state.error);
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      if (count === 0 && bytes === 0) return Promise.resolve(nextOffset);
      const refused = refusal(name, { kind, count, bytes }, queuedBytes, nextOffset);
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
    sync() {
      if (state.kind === 'failed' || state.kind === 'closed') return Promise.reject(state.error);
      if (durability === 'fsync') return Promise.resolve();
      const synced = new Promise<void>((resolve, reject) => syncs.push({ resolve, reject }));
      flushing ??= flush();
      return synced;
    },
    async close() {
      closing = true;
      wake();
      while (flushing !== null) await flushing;
      const failed = state.kind === 'failed';
      if (!failed) become({ kind: 'closed', error: closedError(name) });
      await head.stop();
      if (segment === null) return;
      const { file, path } = segment;
      segment = null;
      try {
        if (!failed) await syncOrFail(name, path, () => file.datasync());
      } finally {
        await file.close();
      }
      if (!failed) await writeHead(fs, directory, durableOffset);
    },
  };
}
