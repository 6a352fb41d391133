/** The port to the disk, as small as the journal can do with, so that a test can lose, tear and refuse writes. */
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { hasCode } from '../error-code.ts';

export interface File {
  /** Writes at a position; may write less than it was given. Resolves with the bytes written. */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface Fs {
  /** Creates the file; fails when it exists. */
  create(path: string): Promise<File>;
  openForAppend(path: string): Promise<File>;
  read(path: string): Promise<Buffer>;
  /** The last bytes of a file: `length` of them, or all. */
  readEnd(path: string, length: number): Promise<Buffer>;
  list(directory: string): Promise<string[]>;
  size(path: string): Promise<number>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Creates it and what is missing above it. */
  makeDirectory(path: string): Promise<void>;
  /** Makes creations, renames and unlinks in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** IOV_MAX on Linux. */
const MAX_BUFFERS = 1024;

export const nodeFs: Fs = {
  create: (path) => openFile(path, 'wx'),
  openForAppend: (path) => openFile(path, 'r+'),
  read: (path) => readFile(path),
  async readEnd(path, length) {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(length, size));
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await handle.read(bytes, read, bytes.length - read, size - bytes.length + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return bytes.subarray(0, read);
    } finally {
      await handle.close();
    }
  },
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  },
  size: async (path) => (await stat(path)).size,
  rename,
  unlink,
  async makeDirectory(path) {
    await mkdir(path, { recursive: true });
  },
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

async function openFile(path: string, flags: string): Promise<File> {
  const handle = await open(path, flags);
  return {
    async write(buffers, position) {
      const { bytesWritten } = await handle.writev(buffers.slice(0, MAX_BUFFERS), position);
      return bytesWritten;
    },
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** The disk, or the user's share of it, is full. */
export function isNoSpace(error: unknown): boolean {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT');
}

/** The process, or the machine, has no file descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  return hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE');
}
