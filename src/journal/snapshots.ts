/**
 * Snapshots of actor state, one file an offset: written aside, synced, renamed. The newest valid one wins; a damaged
 * one is passed over with a warning, since the log can always replace it.
 */
import { join } from 'node:path';
import { bodyOf, frameBuffers, isBodyIntact, readHeader } from './frame.ts';
import { type Fs, nodeFs } from './fs.ts';
import { SNAPSHOT_DIRECTORY, snapshotName, snapshotOffsets } from './snapshot-files.ts';

export interface Snapshot {
  readonly offset: number;
  readonly body: Uint8Array;
}

export interface SnapshotStore {
  /** State after all events below `offset`, which must be durable. Replaces a snapshot of the same offset. */
  save(log: string, offset: number, body: Uint8Array): Promise<void>;
  /** The newest valid snapshot, at most at `maxOffset`. */
  latest(log: string, maxOffset?: number): Promise<Snapshot | null>;
  /** Deletes all but the newest `keep`. */
  prune(log: string, keep: number): Promise<void>;
}

export interface SnapshotOptions {
  readonly fs?: Fs;
  readonly onDamaged?: (file: string) => void;
}

const SNAPSHOT_FRAME = 3;

export function snapshotStore(journalDir: string, options: SnapshotOptions = {}): SnapshotStore {
  const fs = options.fs ?? nodeFs;
  const directoryOf = (log: string): string => join(journalDir, log, SNAPSHOT_DIRECTORY);
  return {
    async save(log, offset, body) {
      const directory = directoryOf(log);
      await fs.makeDirectory(directory);
      const temporary = join(directory, `${offset}.tmp`);
      await fs.unlink(temporary).catch(() => {});
      const buffers = Buffer.concat(
        frameBuffers({ kind: SNAPSHOT_FRAME, count: 0, offset, durableBytes: 0, salt: 0, parts: [body] }),
      );
      const file = await fs.create(temporary);
      try {
        let written = 0;
        while (written < buffers.length) written += await file.write([buffers.subarray(written)], written);
        await file.datasync();
      } finally {
        await file.close();
      }
      await fs.rename(temporary, join(directory, snapshotName(offset)));
      await fs.syncDirectory(directory);
    },
    async latest(log, maxOffset = Number.MAX_SAFE_INTEGER) {
      const directory = directoryOf(log);
      const offsets = snapshotOffsets(await fs.list(directory)).filter((offset) => offset <= maxOffset);
      for (const offset of offsets.reverse()) {
        const path = join(directory, snapshotName(offset));
        const bytes = await fs.read(path);
        const header = readHeader(bytes, 0);
        const intact = header !== null && header.kind === SNAPSHOT_FRAME && header.offset === offset;
        if (intact && isBodyIntact(bytes, 0, header)) return { offset, body: bodyOf(bytes, 0, header) };
        options.onDamaged?.(path);
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
