/**
 * A journal and its snapshots in arrays, for tests of what stands on a journal: the same promises, no files. What a
 * process leaves is an image; a test opens it again, lets its disk hold a sync back or fail it, or damages it.
 */
import { refusal } from '../../src/journal/admission.ts';
import type { CommitReader, OffsetRange } from '../../src/journal/commit-reader.ts';
import { JournalError } from '../../src/journal/error.ts';
import type { Frame } from '../../src/journal/frame-reader.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Log, LogState } from '../../src/journal/log.ts';
import type { Snapshot, SnapshotStore } from '../../src/journal/snapshots.ts';
import { COMMIT_FRAME, decodeCommit } from '../../src/messages/commit.ts';
import { isLogName } from '../../src/messages/log-name.ts';

export interface MemoryImage {
  readonly logs: Map<string, Frame[]>;
  /** Logs that do not hold any more what they held. */
  readonly rotten: Set<string>;
  /** Awaited before each append is durable; what it throws ends the log. */
  sync: () => Promise<void>;
}

export function memoryImage(): MemoryImage {
  return { logs: new Map(), rotten: new Set(), sync: async () => {} };
}

export function openMemoryJournal(image: MemoryImage): Journal {
  const opened = new Map<string, Log>();
  let closed = false;
  return {
    dir: 'memory',
    async openLog(name) {
      if (closed) throw new JournalError({ kind: 'closed', log: name }, 'The journal is closed');
      if (!isLogName(name)) {
        throw new JournalError({ kind: 'invalid', log: name }, `${name} can't name a log`);
      }
      const known = opened.get(name);
      if (known !== undefined) return known;
      if (image.rotten.has(name)) throw corrupt(name);
      const frames = image.logs.get(name) ?? [];
      image.logs.set(name, frames);
      const log = memoryLog(name, frames, () => image.sync());
      opened.set(name, log);
      return log;
    },
    logNames: () => [...image.logs.keys()].sort(),
    async close() {
      closed = true;
      await Promise.all([...opened.values()].map((log) => log.close()));
    },
  };
}

/** Frames with an event in the range. Throws when one is not there. */
export function* readMemory(image: MemoryImage, log: string, { fromOffset, toOffset }: OffsetRange): Generator<Frame> {
  if (fromOffset >= toOffset) return;
  const frames = image.logs.get(log) ?? [];
  const isKept = (frames[0]?.offset ?? 0) <= fromOffset && (frames.at(-1)?.endOffset ?? 0) >= toOffset;
  if (image.rotten.has(log) || !isKept) throw corrupt(log);
  for (const frame of frames) if (frame.endOffset > fromOffset && frame.offset < toOffset) yield frame;
}

export function memoryReader(image: MemoryImage): CommitReader {
  const framesOf = (log: string): readonly Frame[] => image.logs.get(log) ?? [];
  return {
    logNames: async () => [...image.logs.keys()].sort(),
    startOf: async (log) => framesOf(log)[0]?.offset ?? 0,
    endOf: async (log) => framesOf(log).at(-1)?.endOffset ?? 0,
    async offsetAt(log, committedAtMs) {
      const isBefore = ({ body }: Frame): boolean => decodeCommit(body).committedAt < committedAtMs;
      return (framesOf(log).findLast(isBefore) ?? framesOf(log)[0])?.offset ?? 0;
    },
    async *commits(log, range) {
      for (const { kind, offset, endOffset, body } of readMemory(image, log, range)) {
        if (kind === COMMIT_FRAME) yield { offset, endOffset, commit: decodeCommit(body) };
      }
    },
  };
}

function memoryLog(name: string, frames: Frame[], sync: () => Promise<void>): Log {
  const listeners = new Set<(durableOffset: number) => void>();
  const durable = (): number => frames.at(-1)?.endOffset ?? 0;
  let nextOffset = durable();
  let queuedBytes = 0;
  let state: LogState = { kind: 'open' };
  let last: Promise<unknown> = Promise.resolve();

  async function write(frame: Frame, bytes: number): Promise<number> {
    try {
      await sync();
    } catch (error) {
      if (state.kind === 'open') {
        const text = `Syncing ${name} failed (${String(error)})`;
        state = { kind: 'failed', error: new JournalError({ kind: 'io', log: name, file: name }, text, error) };
      }
    }
    queuedBytes -= bytes;
    if (state.kind === 'failed') {
      nextOffset = durable();
      throw state.error;
    }
    frames.push(frame);
    for (const listener of listeners) listener(frame.endOffset);
    return frame.offset;
  }

  return {
    name,
    state: () => state,
    nextOffset: () => nextOffset,
    durableOffset: durable,
    queuedBytes: () => queuedBytes,
    sizeBytes: () => frames.reduce((sum, { body }) => sum + body.byteLength, 0),
    append(kind, count, parts) {
      if (state.kind === 'failed' || state.kind === 'closed') return Promise.reject(state.error);
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      if (count === 0 && bytes === 0) return Promise.resolve(nextOffset);
      const refused = refusal(name, { kind, count, bytes }, queuedBytes, nextOffset);
      if (refused !== null) return Promise.reject(refused);
      const frame = { kind, count, offset: nextOffset, endOffset: nextOffset + count, body: Buffer.concat(parts) };
      nextOffset += count;
      queuedBytes += bytes;
      const written = last.then(() => write(frame, bytes));
      last = written.catch(() => {});
      return written;
    },
    onDurable(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    sync: () => (state.kind === 'open' ? Promise.resolve() : Promise.reject(new Error('The log is closed'))),
    async close() {
      await last;
      if (state.kind === 'open') {
        state = { kind: 'closed', error: new JournalError({ kind: 'closed', log: name }, `The log ${name} is closed`) };
      }
    },
  };
}

function corrupt(log: string): JournalError {
  const fault = { kind: 'corrupt' as const, log, file: log, byte: 0, offset: 0, toOffset: 0 };
  return new JournalError(fault, `The log ${log} is corrupt`);
}

export function memorySnapshots(): SnapshotStore {
  const logs = new Map<string, Snapshot[]>();
  const of = (log: string): Snapshot[] => logs.get(log) ?? [];
  return {
    async save(log, offset, body) {
      const others = of(log).filter((snapshot) => snapshot.offset !== offset);
      logs.set(
        log,
        [...others, { offset, body: Uint8Array.from(body) }].sort((a, b) => a.offset - b.offset),
      );
    },
    latest: async (log, maxOffset = Number.MAX_SAFE_INTEGER) =>
      of(log)
        .filter(({ offset }) => offset <= maxOffset)
        .at(-1) ?? null,
    oldest: async (log) => of(log)[0] ?? null,
    async prune(log, keep) {
      logs.set(log, of(log).slice(-keep));
    },
  };
}
