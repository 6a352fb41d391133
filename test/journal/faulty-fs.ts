/** The real disk behind the Fs port, with faults on the way: the bytes that are written are really in files. */
import { type File, type Fs, nodeFs } from '../../src/journal/fs.ts';

export interface Faults {
  /** Bytes that one write takes at most. */
  writeAtMost?: number;
  /** Bytes that the disk still takes; then ENOSPC, after a write that comes back short. */
  spaceLeft?: number;
  /** Called before each sync of a file; what it throws is the sync's error. */
  onSync?: (path: string) => void | Promise<void>;
  onTruncate?: (path: string) => void;
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

export function faultyFs(faults: Faults): Fs {
  const wrap = (path: string, file: File): File => ({
    ...file,
    write(buffers, position) {
      const space = faults.spaceLeft ?? Number.POSITIVE_INFINITY;
      if (space <= 0) return Promise.reject(errno('ENOSPC'));
      const taken = prefix(buffers, Math.min(faults.writeAtMost ?? Number.POSITIVE_INFINITY, space));
      if (faults.spaceLeft !== undefined) {
        faults.spaceLeft -= taken.reduce((sum, { byteLength }) => sum + byteLength, 0);
      }
      return file.write(taken, position);
    },
    async datasync() {
      await faults.onSync?.(path);
      await file.datasync();
    },
    async truncate(length) {
      faults.onTruncate?.(path);
      await file.truncate(length);
    },
  });
  return {
    ...nodeFs,
    create: async (path) => wrap(path, await nodeFs.create(path)),
    openForAppend: async (path) => wrap(path, await nodeFs.openForAppend(path)),
  };
}

function prefix(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  let left = bytes;
  for (const buffer of buffers) {
    if (left <= 0) break;
    taken.push(buffer.subarray(0, Math.min(left, buffer.byteLength)));
    left -= buffer.byteLength;
  }
  return taken;
}
