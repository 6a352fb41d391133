/**
 * Snapshots of actor state, one file an offset: written aside, synced, renamed. The newest valid one wins; a damaged
 * one is passed over with a warning, since the log can always replace it.
 */
import { join } from 'node:path';
import { JournalError } from './error.ts';
import { bodyOf, frameBuffers, isBodyIntact, readHeader, SNAPSHOT_FRAME } from './frame.ts';
import { type Fs, isNoSpace, nodeFs } from './fs.ts';
import { replaceFile } from './replace-file.ts';
import { SNAPSHOT_DIRECTORY, snapshotName, snapshotOffsets } from './snapshot-files.ts';

export interface Snapshot {
  readonly offset: number;
  readonly body: Uint8Array;
}

export interface SnapshotStore {
  /**
   * State after all events below `offset`, which must be on the disk (Log.sync): a snapshot is a witness of its log.
   * Replaces a snapshot of the same offset.
   */
  save(log: string, offset: number, body: Uint8Array): Promise<void>;
  /** The newest valid snapshot, at most at `maxOffset`. */
  latest(log: string, maxOffset?: number): Promise<Snapshot | null>;
  /** The oldest valid snapshot. */
  oldest(log: string): Promise<Snapshot | null>;
  /** Deletes all but the newest `keep`. */
  prune(log: string, keep: number): Promise<void>;
}

export interface SnapshotOptions {
  readonly fs?: Fs;
  readonly onDamaged?: (file: string) => void;
}

export function snapshotStore(journalDir: string, options: SnapshotOptions = {}): SnapshotStore {
  const fs = options.fs ?? nodeFs;
  const directoryOf = (log: string): string => join(journalDir, log, SNAPSHOT_DIRECTORY);
  return {
    async save(log, offset, body) {
      const directory = directoryOf(log);
      try {
        await fs.makeDirectory(directory);
        await fs.syncDirectory(join(journalDir, log));
        await writeSnapshot(fs, directory, offset, body);
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        const file = join(directory, snapshotName(offset));
        throw new JournalError(
          { kind: 'no-space', log, file },
          `The disk is full: ${file} could not be written. The log has all that it would hold. Free some space.`,
          error,
        );
      }
    },
    async latest(log, maxOffset = Number.MAX_SAFE_INTEGER) {
      const directory = directoryOf(log);
      const offsets = snapshotOffsets(await fs.list(directory)).filter((offset) => offset <= maxOffset);
      for (const offset of offsets.reverse()) {
        const path = join(directory, snapshotName(offset));
        const body = await readSnapshot(fs, path, offset);
        if (body !== null) return { offset, body };
        options.onDamaged?.(path);
      }
      return null;
    },
    async oldest(log) {
      const directory = directoryOf(log);
      for (const offset of snapshotOffsets(await fs.list(directory))) {
        const body = await readSnapshot(fs, join(directory, snapshotName(offset)), offset);
        if (body !== null) return { offset, body };
      }
      return null;
    },
    async prune(log, keep) {
      const directory = directoryOf(log);
      const offsets = snapshotOffsets(await fs.list(directory));
      for (const offset of offsets.slice(0, Math.max(0, offsets.length - keep))) {
        await fs.unlink(join(directory, snapshotName(offset)));
      }
    },
  };
}

async function writeSnapshot(fs: Fs, directory: string, offset: number, body: Uint8Array): Promise<void> {
  const frame = frameBuffers({ kind: SNAPSHOT_FRAME, count: 0, offset, durableBytes: 0, salt: 0, parts: [body] });
  await replaceFile(fs, directory, snapshotName(offset), frame);
}

/** Null when it is damaged, or the disk can't give it back. */
async function readSnapshot(fs: Fs, path: string, offset: number): Promise<Uint8Array | null> {
  let bytes: Buffer;
  try {
    bytes = await fs.read(path);
  } catch {
    return null;
  }
  const header = readHeader(bytes, 0);
  if (header === null || header.kind !== SNAPSHOT_FRAME || header.offset !== offset) return null;
  return isBodyIntact(bytes, 0, header) ? bodyOf(bytes, 0, header) : null;
}
